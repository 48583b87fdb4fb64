/** Events as JSON Lines on stdout, with the names that clients of Codex read (`@openai/codex-sdk`, docs/exec.md). */

import type { Item, ResultItem, ThreadEvent } from '../../../core/index.ts';
import type { Output } from '../terminal/output.ts';
import { viewOf } from '../view/call-view.ts';
import { EventStream, saidBy } from './event-stream.ts';
import { failureOf, type Reporter } from './reporter.ts';
import type { Outcome } from './outcome.ts';

/** Where events go. */
export interface EventOptions {
  readonly output: Output;
  /** Events of texts as they come and of diffs are among them. */
  readonly deltas: boolean;
  /** A turn that was interrupted fails. Otherwise it just ends, for a host that has aborted it and knows. */
  readonly tellsInterrupt: boolean;
}

/** Whatever was started is completed, at the latest before the turn's last event. */
export function eventReporter({ output, deltas, tellsInterrupt }: EventOptions): Reporter {
  const stream = new EventStream();
  const heard = new Set<string>();
  const emit = (events: readonly object[]) =>
    output.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return {
    started: ({ id }) => emit([{ type: 'thread.started', thread_id: id }]),
    notice: (message) => emit([stream.error(message)]),
    item: (item) =>
      emit([
        ...(deltas ? unheard(item, { heard, stream }) : []),
        ...stream.eventsOf(item),
        ...(deltas && item.type === 'result' ? diffsOf(stream, item) : []),
      ]),
    delta: (event) => {
      heard.add(event.id);
      return deltas ? emit([deltaOf(event, stream)]) : Promise.resolve();
    },
    ended: (outcome) => {
      const isTold = tellsInterrupt || outcome.end?.status !== 'interrupted';
      return emit([...stream.closing(), ...(isTold ? [endOf(outcome)] : [])]);
    },
    failed: (message) => emit([{ type: 'error', message }]),
  };
}

type Delta = Pick<Extract<ThreadEvent, { type: 'item/delta' }>, 'id' | 'kind' | 'text' | 'name'>;

/** What the model said that was whole before any of it was told: its deltas hold all of it nevertheless. */
function unheard(
  item: Item,
  { heard, stream }: { readonly heard: Set<string>; readonly stream: EventStream },
): readonly object[] {
  if (item.type !== 'assistant' && item.type !== 'reasoning') return [];
  const { id } = item;
  const text = saidBy(item);
  if (heard.delete(id) || text === '') return [];
  return [deltaOf({ id, kind: item.type === 'assistant' ? 'text' : 'reasoning', text }, stream)];
}

function deltaOf({ id, kind, text, name }: Delta, stream: EventStream): object {
  return {
    type: 'item.delta',
    item_id: kind === 'output' ? (stream.call(id)?.id ?? id) : id,
    kind,
    delta: text,
    ...(name === undefined ? {} : { name }),
  };
}

function endOf(outcome: Outcome): object {
  const message = failureOf(outcome);
  const code = outcome.end?.error?.code ?? outcome.broken?.code ?? outcome.end?.status;
  if (message !== undefined) return { type: 'turn.failed', error: { message, code } };
  const { input, cached, output, reasoning } = outcome.usage;
  return {
    type: 'turn.completed',
    usage: {
      input_tokens: input,
      cached_input_tokens: cached,
      cache_write_input_tokens: 0,
      output_tokens: output,
      reasoning_output_tokens: reasoning,
    },
  };
}

function diffsOf(stream: EventStream, result: ResultItem): readonly object[] {
  const call = stream.call(result.call);
  const view = call && viewOf(call, result);
  if (call === undefined || view?.kind !== 'patch') return [];
  return view.changes.flatMap(({ path, diff }) =>
    diff === undefined ? [] : [{ type: 'item.diff', item_id: call.id, path, diff }],
  );
}
