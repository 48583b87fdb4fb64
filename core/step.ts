/** One step: a model call, its answer streamed, then appended together; and the calls in it, each with one result. */

import type * as plug from './contracts.ts';
import { asKernelError, fail, invalid, messageOf, ModelError } from './errors.ts';
import * as it from './item.ts';
import { Processes } from './processes.ts';
import { since, untilAborted, within } from './race.ts';
import { entryOf, nest } from './slot.ts';
import { aroundModel, aroundTool } from './slots.ts';
import type { Thread } from './thread.ts';
import type { Turn } from './turn.ts';
import { tokensOf } from './window.ts';

type Done = Extract<plug.ModelEvent, { type: 'done' }>;

/** The model through its wrappers, on the window as it is and what `more` is added to it. */
export async function* callModel(turn: Turn, choice: 'auto' | 'none', ...more: plug.EncodedPart[]) {
  const { thread, settings, model, signal, spent, running } = turn;
  const inner: plug.StreamModel = (request, on) => model.stream(request, on);
  const stream = nest(turn.get(aroundModel), inner, (one, next) => (ask, on) => one(ask, on, next));
  const parts = [...thread.window.weigh(model), ...more];
  const outputSchema = choice === 'auto' ? running.pending.outputSchema : undefined;
  const request = { thread: thread.id, settings, parts, toolChoice: choice, outputSchema };
  const context = turn.lend({ kind: 'plugin', name: model.name });
  for await (const event of untilAborted(stream(request, context), signal)) {
    if (event.type === 'done')
      spent.tokens += (event.usage?.input ?? 0) + (event.usage?.output ?? 0);
    yield event;
  }
}

/** Asks the model once and appends its answer: the calls to run, and the text. Throws what the model throws; what had been shown is then discarded. */
export async function runStep(turn: Turn) {
  const { thread, model, settings, signal, spent } = turn;
  const started = performance.now();
  const estimate = tokensOf(thread.window.weigh(model));
  const whole: it.Output[] = [];
  try {
    const { stop, usage, model: name = model.traits(settings).model } = await collect(turn, whole);
    const answer = usable(whole, stop, thread);
    const lost = shown(thread, answer).map((open) => open.discarded('the answer does not hold it'));
    const by = { provider: model.name, model: name };
    const cost = { usage, estimate, durationMs: since(started) };
    await thread.append([...lost, ...answer, { type: 'step', ...by, stop, ...cost }]);
    spent.steps++;
    const texts = answer.filter((output) => output.type === 'assistant').map(({ text }) => text);
    return { calls: answer.filter((output) => output.type === 'call'), text: texts.join('\n') };
  } catch (thrown) {
    const error = asKernelError(thrown, model.name);
    await giveUp(thread, whole, signal.aborted ? undefined : error.message);
    throw error;
  }
}

/** Shows the answer as it comes, and fills `outputs` with what is whole. */
async function collect(turn: Turn, outputs: it.Output[]): Promise<Done> {
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

/** What the model has shown that is not in these. it.Output of calls is not the model's. */
function shown(thread: Thread, but: readonly it.Output[] = []) {
  const ids = new Set(but.map(({ id }) => id));
  return [...thread.open.values()].filter(({ is }) => is.kind !== 'output' && !ids.has(is.id));
}

/** Without a fault it was the user's interrupt: the text that was shown is kept, marked. Otherwise all is discarded. */
async function giveUp(thread: Thread, outputs: readonly it.Output[], fault?: string) {
  const isCut = fault === undefined;
  const whole = isCut ? outputs.filter((output) => output.type === 'assistant') : [];
  const rest = shown(thread, whole).map((open) => {
    return isCut && open.is.kind === 'text' ? open.cut() : open.discarded(fault ?? 'interrupted');
  });
  await thread.append([...whole, ...rest]);
}

/** What counts of a whole answer: no empty texts, no calls of one that was cut, no call id used twice. */
function usable(outputs: readonly it.Output[], stop: Done['stop'], thread: Thread) {
  const isCut = stop !== 'end' && outputs.some((output) => output.type === 'call');
  const message = `the answer ended early (${stop}) with calls in it, which are not run: ask for smaller steps`;
  if (isCut) throw new ModelError('model_answer', message);
  const used = new Set(thread.items.map((item) => (item.type === 'call' ? item.call : '')));
  return outputs.flatMap((output): readonly it.Output[] => {
    if (output.type === 'assistant' && output.text === '') return [];
    if (output.type !== 'call') return [output];
    let { call } = output;
    for (let count = 2; used.has(call); count++) call = `${output.call || 'call'}_${count}`;
    used.add(call);
    return [{ ...output, call }];
  });
}

/** How long a tool may take to answer after an interrupt before its call is closed without it. */
const graceMs = 400;
/** How long the call's processes may take to end then; what hangs in them still is killed. */
export const endMs = 350;

/** Runs calls and appends each result in call order; neighbouring reads run in parallel. */
export async function runCalls(turn: Turn, calls: readonly it.CallItem[]): Promise<void> {
  const tools = turn.tools();
  const isRead = (call?: it.CallItem) => call && tools.get(call.name)?.annotations?.readOnlyHint;
  for (let at = 0; at < calls.length;) {
    const from = at++;
    while (isRead(calls[from]) && isRead(calls[at])) at++;
    const running = calls.slice(from, at).map((call) => runCall(turn, call));
    for (const result of running) await turn.thread.append([await result]);
  }
}

const failed = (error: unknown): plug.ToolResult => {
  return { content: [{ type: 'text', text: messageOf(error) }], isError: true };
};

/** One call to its result. Never throws. */
async function runCall(turn: Turn, item: it.CallItem): Promise<it.ResultItem> {
  const started = performance.now();
  const own = new Processes();
  const { call, name } = item;
  const { isError = false, detail, content } = await answerOf(turn, item, own).catch(failed);
  turn.spent.tokens += Math.max(0, Number(detail?.['tokens']) || 0);
  await within(own[Symbol.asyncDispose](), { limitMs: endMs, what: name }).catch(() => {});
  const capped = await cap(turn, call, content).catch(failed);
  return { type: 'result', call, name, isError, detail, ...capped, durationMs: since(started) };
}

async function answerOf(turn: Turn, item: it.CallItem, own: Processes): Promise<plug.ToolResult> {
  const { thread, settings, signal, running } = turn;
  const { call: id, name } = item;
  if (signal.aborted) throw invalid`not run: the turn was interrupted`;
  const tool = entryOf(turn.tools(), name, `tool "${name}"`);
  const args = await parseArgs(item.args);
  const call = { id, name, args, thread: thread.id, turn: running.pending.turn, settings };
  const progress = (text: string) => {
    if (!own.isClosed) thread.delta({ id, kind: 'output', text, name });
  };
  const parent = thread.items.find((one) => one.type === 'thread')?.parent;
  const agent = { kind: 'agent', name: parent?.agent ?? 'agent', tool: name } as const;
  const { client, effects } = turn.lend(parent ? agent : { kind: 'tool', name }, id, own);
  const context = { call, signal, progress, client, effects };
  const inner: plug.RunCall = async (now) => tool.run(now.args, { ...context, call: now });
  const run = nest(turn.get(aroundTool), inner, (one, next) => (now) => one(now, context, next));
  const result = await within(Promise.try(run, call), { signal, graceMs, what: name });
  if (!Array.isArray(result?.content)) throw invalid`${name} gave no content`;
  return result;
}

async function parseArgs(text: string): Promise<it.JsonSchema> {
  const args: unknown = await Promise.try(JSON.parse, text.trim() || '{}').catch((error) => {
    throw invalid`not run: its arguments are no valid JSON (${messageOf(error)}): write them again`;
  });
  if (typeof args === 'object' && args !== null && !Array.isArray(args)) return { ...args };
  throw invalid`not run: its arguments are JSON, but no object: write them again as one`;
}

const isText = (one: it.Content) => 'text' in one || ('resource' in one && 'text' in one.resource);

/** Text beyond the cap is cut in the middle, and kept whole as a blob. */
async function cap({ thread, base }: Turn, call: string, all: readonly it.Content[]) {
  const { resultBytes } = base;
  const bytes = Buffer.from(it.textOf(all.filter(isText)));
  if (bytes.length <= resultBytes) return { content: all };
  const full = { blob: await thread.blobs.put(bytes), bytes: bytes.length };
  const head = String(bytes.subarray(0, resultBytes / 2)).replace(/\uFFFD+$/, '');
  const tail = String(bytes.subarray(-resultBytes / 2)).replace(/^\uFFFD+/, '');
  const left = bytes.length - Buffer.byteLength(head + tail);
  const note = `[… ${left} of ${bytes.length} bytes left out; the whole is the file result:${call} …]`;
  const text = [head, note, tail].join('\n');
  return { content: [{ type: 'text', text } as const, ...all.filter((one) => !isText(one))], full };
}
