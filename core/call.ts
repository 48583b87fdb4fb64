/** Calls: found, run, capped. Whatever happens, a call has exactly one result. */

import type * as plug from './contracts.ts';
import { Processes } from './effects.ts';
import { invalid, messageOf } from './errors.ts';
import { type CallItem, type Content, type JsonSchema, type ResultItem, textOf } from './item.ts';
import { within } from './race.ts';
import { entryOf, nest } from './slot.ts';
import * as slots from './slots.ts';
import type { Turn } from './turn.ts';

/** How long a tool may take to answer after an interrupt before its call is closed without it. */
const graceMs = 400;

/** Runs calls and appends each result in call order; neighbouring reads run in parallel. */
export async function runCalls(turn: Turn, calls: readonly CallItem[]): Promise<void> {
  const tools = turn.tools();
  const isRead = (call?: CallItem) => call && tools.get(call.name)?.annotations?.readOnlyHint;
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
async function runCall(turn: Turn, item: CallItem): Promise<ResultItem> {
  const started = performance.now();
  const own = new Processes();
  const { call, name } = item;
  const { isError = false, detail, content } = await answer(turn, item, own).catch(failed);
  await own[Symbol.asyncDispose]();
  const capped = await cap(turn, call, content).catch(failed);
  const durationMs = Math.round(performance.now() - started);
  return { type: 'result', call, name, isError, detail, ...capped, durationMs };
}

async function answer(turn: Turn, item: CallItem, own: Processes): Promise<plug.ToolResult> {
  const { thread, settings, signal, running } = turn;
  const { call: id, name } = item;
  if (signal.aborted) throw invalid`not run: the turn was interrupted`;
  const tool = entryOf(turn.tools(), name, `tool "${name}"`);
  const args = await parseArgs(item.args);
  const call = { id, name, args, thread: thread.id, turn: running.pending.turn, settings };
  const progress = (text: string) => {
    if (!own.isClosed) thread.delta({ id, kind: 'output', text, name });
  };
  const { client, effects } = turn.lend({ kind: 'tool', name }, id, own);
  const context = { call, signal, progress, client, effects };
  const inner: plug.RunCall = async (now) => tool.run(now.args, { ...context, call: now });
  const wrappers = turn.get(slots.aroundTool);
  const run = nest(wrappers, inner, (wrapper, next) => (now) => wrapper(now, context, next));
  const result = await within(Promise.try(run, call), { signal, graceMs, what: name });
  if (!Array.isArray(result?.content)) throw invalid`${name} gave no content`;
  return result;
}

async function parseArgs(text: string): Promise<JsonSchema> {
  const args: unknown = await Promise.try(JSON.parse, text.trim() || '{}').catch(
    (error: unknown) => {
      throw invalid`not run: its arguments are no valid JSON (${messageOf(error)}): write them again`;
    },
  );
  if (typeof args === 'object' && args !== null && !Array.isArray(args)) return { ...args };
  throw invalid`not run: its arguments are JSON, but no object: write them again as one`;
}

const isText = (one: Content) => 'text' in one || ('resource' in one && 'text' in one.resource);

/** Text beyond the cap is cut in the middle, and kept whole as a blob. */
async function cap({ thread, base: { resultBytes } }: Turn, call: string, all: readonly Content[]) {
  const bytes = Buffer.from(textOf(all.filter(isText)));
  if (bytes.length <= resultBytes) return { content: all };
  const full = { blob: await thread.blobs.put(bytes), bytes: bytes.length };
  const half = Math.floor(resultBytes / 2);
  const [head, tail] = [characterAt(bytes, half), characterAt(bytes, bytes.length - half)];
  const note = `[… ${tail - head} of ${bytes.length} bytes left out; the whole is the file result:${call} …]`;
  const text = `${bytes.toString('utf8', 0, head)}\n${note}\n${bytes.toString('utf8', tail)}`;
  return { content: [{ type: 'text', text } as const, ...all.filter((one) => !isText(one))], full };
}

/** The nearest index at or before this one where a UTF-8 character starts. */
function characterAt(bytes: Uint8Array, index: number): number {
  let at = index;
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
