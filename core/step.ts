/** One model call: its answer streamed, then appended together. */

import type * as plug from './contracts.ts';
import { asKernelError, fail, ModelError } from './errors.ts';
import type { CallItem, Output } from './item.ts';
import { untilAborted } from './race.ts';
import { nest } from './slot.ts';
import * as slots from './slots.ts';
import type { Thread } from './thread.ts';
import type { Turn } from './turn.ts';
import { tokensOf } from './window.ts';

type Choice = plug.ModelRequest['toolChoice'];
type Done = Extract<plug.ModelEvent, { type: 'done' }>;

/** The model through its wrappers, on the window as it is and what is `added` to it. */
export async function* callModel(turn: Turn, toolChoice: Choice, ...added: plug.EncodedPart[]) {
  const { thread, settings, model, signal, spent, running } = turn;
  const wrappers = turn.get(slots.aroundModel);
  const inner: plug.StreamModel = (request, on) => model.stream(request, on);
  const stream = nest(wrappers, inner, (around, next) => (what, on) => around(what, on, next));
  const parts = [...thread.window.weigh(model), ...added];
  const outputSchema = toolChoice === 'auto' ? running.pending.outputSchema : undefined;
  const request = { thread: thread.id, settings, parts, toolChoice, outputSchema };
  const context = turn.lend({ kind: 'plugin', name: model.name });
  for await (const event of untilAborted(stream(request, context), signal)) {
    if (event.type === 'done')
      spent.tokens += (event.usage?.input ?? 0) + (event.usage?.output ?? 0);
    yield event;
  }
}

/** What a step gave: the calls to run, and the text. */
type Answer = Readonly<{ calls: readonly CallItem[]; text: string }>;

/** Asks the model once and appends its answer. Throws what the model throws; what had been shown is then discarded. */
export async function runStep(turn: Turn): Promise<Answer> {
  const { thread, model, settings, signal, spent } = turn;
  const started = performance.now();
  const estimate = tokensOf(thread.window.weigh(model));
  const outputs: Output[] = [];
  try {
    const done = await collect(turn, outputs);
    const { stop, usage, model: name = model.traits(settings).model } = done;
    const answer = usable(outputs, stop, thread);
    const lost = shown(thread, answer).map((open) => open.discarded('the answer does not hold it'));
    const by = { provider: model.name, model: name };
    const durationMs = Math.round(performance.now() - started);
    const step = { type: 'step', ...by, stop, usage, estimate, durationMs } as const;
    await thread.append([...lost, ...answer, step]);
    spent.steps++;
    const texts = answer.filter((output) => output.type === 'assistant').map(({ text }) => text);
    return { calls: answer.filter((output) => output.type === 'call'), text: texts.join('\n') };
  } catch (thrown) {
    const error = asKernelError(thrown, model.name);
    await giveUp(thread, outputs, signal.aborted ? undefined : error.message);
    throw error;
  }
}

/** Shows the answer as it comes, and fills `outputs` with what is whole. */
async function collect(turn: Turn, outputs: Output[]): Promise<Done> {
  const { thread, model } = turn;
  let done: Done | undefined;
  for await (const event of callModel(turn, 'auto')) {
    if (event.type === 'delta') thread.delta(event);
    if (event.type === 'output') outputs.push(event.output);
    if (event.type === 'done') done = event;
    if (event.type !== 'restart') continue;
    outputs.length = 0;
    await thread.append(shown(thread).map((open) => open.discarded(event.reason)));
  }
  return done ?? fail(new ModelError('model_busy', `the answer of ${model.name} was cut off`));
}

/** What the model has shown that is not in these. Output of calls is not the model's. */
function shown(thread: Thread, but: readonly Output[] = []) {
  const ids = new Set(but.map(({ id }) => id));
  return [...thread.open.values()].filter(({ is }) => is.kind !== 'output' && !ids.has(is.id));
}

/** Without a fault it was the user's interrupt: the text that was shown is kept, marked. Otherwise all is discarded. */
async function giveUp(thread: Thread, outputs: readonly Output[], fault?: string): Promise<void> {
  const isCut = fault === undefined;
  const whole = isCut ? outputs.filter((output) => output.type === 'assistant') : [];
  const rest = shown(thread, whole).map((open) => {
    return isCut && open.is.kind === 'text' ? open.cut() : open.discarded(fault ?? 'interrupted');
  });
  await thread.append([...whole, ...rest]);
}

/** What counts of a whole answer: no empty texts, no calls of one that was cut, no call id used twice. */
function usable(outputs: readonly Output[], stop: Done['stop'], thread: Thread) {
  const isCut = stop !== 'end' && outputs.some((output) => output.type === 'call');
  const message = `the answer ended early (${stop}) with calls in it, which are not run: ask for smaller steps`;
  if (isCut) throw new ModelError('model_answer', message);
  const used = new Set(thread.items.map((item) => (item.type === 'call' ? item.call : '')));
  return outputs.flatMap((output): readonly Output[] => {
    if (output.type === 'assistant' && output.text === '') return [];
    if (output.type !== 'call') return [output];
    let { call } = output;
    for (let count = 2; used.has(call); count++) call = `${output.call || 'call'}_${count}`;
    used.add(call);
    return [{ ...output, call }];
  });
}
