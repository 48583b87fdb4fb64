/** One model call: its answer streamed, then appended together. */

import type { EncodedPart, ModelEvent, ModelRequest, StreamModel } from './contracts.ts';
import { asKernelError, ModelError } from './errors.ts';
import type { Body, CallItem, Output } from './item.ts';
import { untilAborted } from './race.ts';
import type { Thread } from './thread.ts';
import type { Turn } from './turn.ts';

type Choice = ModelRequest['toolChoice'];
type Done = Extract<ModelEvent, { type: 'done' }>;

/** The model through its wrappers, on the window as it is and what is `added` to it. */
export function callModel(
  turn: Turn,
  toolChoice: Choice,
  ...added: EncodedPart[]
): AsyncIterable<ModelEvent> {
  const { thread, model, signal, slots, pending } = turn;
  const { id, settings, window } = thread;
  const step = (index: number): StreamModel => {
    const wrapper = slots.aroundModel[index];
    return (request, on) => wrapper?.(request, on, step(index + 1)) ?? model.stream(request, on);
  };
  const effects = turn.effects({ kind: 'plugin', name: model.name });
  const notice = (level: 'info' | 'warning', text: string) =>
    thread.notice(level, model.name, text);
  const parts = [...window.weigh(model), ...added];
  const outputSchema = toolChoice === 'auto' ? pending.outputSchema : undefined;
  const request = { thread: id, settings, parts, toolChoice, outputSchema };
  return untilAborted(step(0)(request, { signal, effects, notice }), signal);
}

/** Asks the model once and appends its answer. Throws what the model throws; what had been shown is then discarded. */
export async function runStep(
  turn: Turn,
): Promise<{ readonly calls: readonly CallItem[]; readonly text: string }> {
  const { thread, model, spent } = turn;
  const started = performance.now();
  const estimate = thread.window.weigh(model).reduce((sum, part) => sum + part.tokens, 0);
  const outputs: Output[] = [];
  let done: Done | undefined;
  try {
    for await (const event of callModel(turn, 'auto')) {
      if (event.type === 'delta') thread.delta(event.id, event.kind, event.text, event.name);
      else if (event.type === 'output') outputs.push(event.output);
      else if (event.type === 'done') done = event;
      else await restart(thread, outputs, event.reason);
    }
    if (done === undefined)
      throw new ModelError('model_busy', `the answer of ${model.name} was cut off`);
  } catch (thrown) {
    const error = asKernelError(thrown, model.name);
    if (error.code !== 'store')
      await giveUp(thread, outputs, turn.signal.aborted ? undefined : error.message);
    throw error;
  }
  const answer = usable(outputs, done, thread);
  await discard(thread, 'the answer does not hold it', answer);
  const { stop, usage, model: name = model.traits(thread.settings).model } = done;
  const durationMs = Math.round(performance.now() - started);
  const step: Body = {
    type: 'step',
    provider: model.name,
    model: name,
    usage,
    estimate,
    stop,
    durationMs,
  };
  await thread.append([...answer, step]);
  spent.steps++;
  spent.tokens += (usage?.input ?? 0) + (usage?.output ?? 0);
  const texts = answer.filter((output) => output.type === 'assistant').map((output) => output.text);
  return { calls: answer.filter((output) => output.type === 'call'), text: texts.join('\n') };
}

async function restart(thread: Thread, outputs: Output[], reason: string): Promise<void> {
  outputs.length = 0;
  await discard(thread, reason);
}

/** Closes what the model has shown, but for what is `kept`, and for the output of running calls. */
async function discard(
  thread: Thread,
  reason: string,
  kept: readonly Output[] = [],
): Promise<void> {
  const ids = new Set(kept.map((output) => output.id));
  const shown = [...thread.open.values()].map((open) => open.is);
  const lost = shown.filter(({ kind, id }) => kind !== 'output' && !ids.has(id));
  if (lost.length > 0)
    await thread.append(lost.map(({ id }): Body => ({ type: 'discarded', id, reason })));
}

/** Without a fault it was the user's interrupt: the text that was shown is kept, marked. Otherwise all is discarded. */
async function giveUp(thread: Thread, outputs: readonly Output[], fault?: string): Promise<void> {
  const whole = new Set(outputs.map((output) => output.id));
  const cut = [...thread.open.values()].filter(({ is }) => is.kind === 'text' && !whole.has(is.id));
  const texts = outputs.filter((output) => output.type === 'assistant');
  const parts = cut.map((open): Body => ({
    type: 'assistant',
    id: open.is.id,
    text: open.text(),
    cut: true,
  }));
  if (fault === undefined) await thread.append([...texts, ...parts]);
  await discard(thread, fault ?? 'interrupted');
}

/** What counts of a whole answer: no empty texts, no calls of one that was cut, no call id used twice. */
function usable(outputs: readonly Output[], { stop }: Done, thread: Thread): readonly Output[] {
  const isCut = stop !== 'end' && outputs.some((output) => output.type === 'call');
  const message = `the answer ended early (${stop}) with calls in it, which are not run: ask for smaller steps`;
  if (isCut) throw new ModelError('model_answer', message);
  const used = new Set(thread.calls);
  return outputs.flatMap((output): readonly Output[] => {
    if (output.type === 'assistant' && output.text === '') return [];
    if (output.type !== 'call') return [output];
    let { call } = output;
    for (let count = 2; used.has(call) || call === ''; count++)
      call = `${output.call || 'call'}_${count}`;
    used.add(call);
    return [{ ...output, call }];
  });
}
