/** One model call: its answer streamed, then appended together. */

import type { AroundModel, Model, ModelContext, ModelEvent, ModelRequest } from './contracts.ts';
import { asKernelError, KernelError, ModelError } from './errors.ts';
import type { Body, CallItem, JsonSchema, Output, StepItem } from './item.ts';
import { untilAborted } from './race.ts';
import type { Thread } from './thread.ts';

/** What a step needs of its turn. */
export interface StepOptions {
  readonly thread: Thread;
  readonly model: Model;
  readonly wrappers: readonly AroundModel[];
  readonly context: ModelContext;
  readonly toolChoice: ModelRequest['toolChoice'];
  readonly outputSchema?: JsonSchema | undefined;
}

export interface StepResult {
  readonly calls: readonly CallItem[];
  readonly text: string;
  readonly tokens: number;
}

type Done = Extract<ModelEvent, { type: 'done' }>;

const spoken: ReadonlySet<'text' | 'reasoning' | 'args' | 'output'> = new Set([
  'text',
  'reasoning',
  'args',
]);

/** Asks the model once and appends its answer. Throws what the model throws; what had been shown is then discarded. */
export async function runStep(options: StepOptions): Promise<StepResult> {
  const { thread, model } = options;
  const started = performance.now();
  const outputs: Output[] = [];
  let done: Done | undefined;
  try {
    for await (const event of untilAborted(callModel(options), options.context.signal)) {
      if (event.type === 'delta') thread.delta(event.id, event.kind, event.text, event.name);
      else if (event.type === 'output') outputs.push(event.output);
      else if (event.type === 'restart') await restart(thread, outputs, event.reason);
      else done = event;
    }
    if (done === undefined)
      throw new ModelError('model_busy', `the answer of ${model.name} was cut off before its end`, {
        plugin: model.name,
      });
  } catch (error) {
    await giveUp(thread, outputs, asKernelError(error, model.name), options.context.signal.aborted);
    throw error;
  }
  const answer = usable(outputs, done, thread);
  const { settings } = thread;
  const step: StepItem = {
    type: 'step',
    provider: model.name,
    model: done.model ?? model.traits(settings).model,
    ...(done.usage === undefined ? {} : { usage: done.usage }),
    estimate: thread.window.rawTokens(model),
    stop: done.stop,
    durationMs: Math.round(performance.now() - started),
  };
  const unheld = thread
    .discardOpen('the answer does not hold it', spoken)
    .filter((lost) => !answer.some((one) => 'id' in lost && one.id === lost.id));
  await thread.append([...answer, ...unheld, step]);
  const texts = answer.flatMap((output) => (output.type === 'assistant' ? [output.text] : []));
  return {
    calls: answer.filter((output) => output.type === 'call'),
    text: texts.join('\n'),
    tokens: (done.usage?.input ?? 0) + (done.usage?.output ?? 0),
  };
}

/** The model through its wrappers, on the window as it is. */
export function callModel(
  options: StepOptions,
  extra: readonly ModelRequest['parts'][number][] = [],
): AsyncIterable<ModelEvent> {
  const { thread, model, wrappers, context, toolChoice, outputSchema } = options;
  const request: ModelRequest = {
    thread: thread.id,
    settings: thread.settings,
    parts: [...thread.window.encode(model), ...extra],
    toolChoice,
    ...(outputSchema === undefined ? {} : { outputSchema }),
  };
  const step = (
    index: number,
    current: ModelRequest,
    at: ModelContext,
  ): AsyncIterable<ModelEvent> => {
    const wrapper = wrappers[index];
    return wrapper === undefined
      ? model.stream(current, at)
      : wrapper(current, at, (next, on) => step(index + 1, next, on));
  };
  return step(0, request, context);
}

async function restart(thread: Thread, outputs: Output[], reason: string): Promise<void> {
  outputs.length = 0;
  await thread.append(thread.discardOpen(reason, spoken));
}

/** The user's interrupt keeps the text that was shown, marked; any other end discards it. */
async function giveUp(
  thread: Thread,
  outputs: readonly Output[],
  error: KernelError,
  isInterrupted: boolean,
): Promise<void> {
  if (error.code === 'store') return;
  const kept: Body[] = [];
  if (isInterrupted) {
    kept.push(...outputs.filter((output) => output.type === 'assistant' && output.text !== ''));
    const whole = new Set(outputs.map((output) => output.id));
    for (const open of thread.open.values()) {
      if (open.kind === 'text' && !whole.has(open.id))
        kept.push({ type: 'assistant', id: open.id, text: open.text(0), cut: true });
    }
  }
  const ids = new Set(kept.flatMap((body) => ('id' in body ? [body.id] : [])));
  const lost = thread.discardOpen(isInterrupted ? 'interrupted' : error.message, spoken);
  await thread.append([...kept, ...lost.filter((body) => !('id' in body) || !ids.has(body.id))]);
}

/** What counts of a whole answer: no empty texts, no calls of an answer that was cut, no call id used twice. */
function usable(outputs: readonly Output[], done: Done, thread: Thread): readonly Output[] {
  const isCut = done.stop !== 'end';
  const hasCalls = outputs.some((output) => output.type === 'call');
  if (isCut && hasCalls) {
    throw new ModelError(
      'model_answer',
      `the model's answer ended early (${done.stop}) with calls in it, which are not run: ask for smaller steps, or raise its output limit`,
    );
  }
  const used = new Set(thread.calls);
  return outputs.flatMap((output): readonly Output[] => {
    if (output.type === 'assistant' && output.text === '') return [];
    if (output.type !== 'call') return [output];
    const call = freeId(output.call, used);
    used.add(call);
    return [{ ...output, call }];
  });
}

function freeId(wanted: string, used: ReadonlySet<string>): string {
  const base = wanted === '' ? 'call' : wanted;
  let id = base;
  for (let count = 2; used.has(id); count++) id = `${base}_${count}`;
  return id;
}
