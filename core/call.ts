/** Calls: found, run, capped. Whatever happens, a call has exactly one result. */

import type { ToolCall, ToolResult } from './contracts.ts';
import { Processes } from './effects.ts';
import { invalid, messageOf, notFound } from './errors.ts';
import { type CallItem, type JsonSchema, type ResultItem, textOf } from './item.ts';
import { within } from './race.ts';
import type { Turn } from './turn.ts';

/** How long a tool may take to answer after an interrupt before its call is closed without it. */
const graceMs = 400;

/** Runs calls and appends each result in call order; neighbouring reads run in parallel. */
export async function runCalls(turn: Turn, calls: readonly CallItem[]): Promise<void> {
  const tools = turn.tools();
  const isRead = (at: number) =>
    tools.get(calls[at]?.name ?? '')?.annotations?.readOnlyHint === true;
  for (let at = 0; at < calls.length;) {
    const from = at++;
    while (isRead(from) && isRead(at)) at++;
    const running = calls.slice(from, at).map((call) => runCall(turn, call));
    for (const result of running) await turn.thread.append([await result]);
  }
}

/** One call to its result. Never throws. */
async function runCall(turn: Turn, item: CallItem): Promise<ResultItem> {
  const started = performance.now();
  const own = new Processes();
  const { call, name } = item;
  const failed = (error: unknown): ToolResult => {
    return { content: [{ type: 'text', text: messageOf(error) }], isError: true };
  };
  const { isError = false, detail, content } = await answer(turn, item, own).catch(failed);
  await own.close();
  const capped = await cap(turn, call, content).catch((error: unknown) => failed(error));
  const durationMs = Math.round(performance.now() - started);
  return { type: 'result', call, name, isError, detail, ...capped, durationMs };
}

async function answer(turn: Turn, item: CallItem, own: Processes): Promise<ToolResult> {
  const { thread, settings, signal, slots } = turn;
  const { call: id, name } = item;
  if (signal.aborted) throw invalid`not run: the turn was interrupted`;
  const tools = turn.tools();
  const tool = tools.get(name);
  if (tool === undefined)
    throw notFound`there is no tool "${name}"; there are: ${[...tools.keys()].join(', ')}`;
  const args = parseArgs(item.args);
  const call = { id, name, args, thread: thread.id, turn: turn.id, settings };
  const progress = (text: string) => thread.delta(id, 'output', text, name);
  const effects = turn.effects({ kind: 'tool', name }, id, own);
  const context = { call, signal, progress, client: turn.client(name), effects };
  const step = async (index: number, now: ToolCall): Promise<ToolResult> => {
    const wrapper = slots.aroundTool[index];
    if (wrapper !== undefined) return wrapper(now, context, (next) => step(index + 1, next));
    return tool.run(now.args, { ...context, call: now });
  };
  return within(step(0, call), { signal, graceMs, what: name });
}

function parseArgs(text: string): JsonSchema {
  const again = 'write them again as a JSON object';
  let args: unknown;
  try {
    args = JSON.parse(text.trim() || '{}');
  } catch (error) {
    throw invalid`not run: its arguments are no valid JSON (${messageOf(error)}): ${again}`;
  }
  if (typeof args === 'object' && args !== null && !Array.isArray(args)) return { ...args };
  throw invalid`not run: its arguments are JSON, but no object: ${again}`;
}

/** Text beyond the cap is cut in the middle, and kept whole as a blob. */
async function cap(
  turn: Turn,
  call: string,
  content: ToolResult['content'],
): Promise<Pick<ResultItem, 'content' | 'full'>> {
  const bytes = Buffer.from(textOf(content.filter((one) => one.type === 'text')));
  const { resultBytes, thread } = turn;
  if (bytes.length <= resultBytes) return { content };
  const full = { blob: await thread.blobs.put(bytes), bytes: bytes.length };
  const half = Math.floor(resultBytes / 2);
  const [head, tail] = [characterAt(bytes, half), characterAt(bytes, bytes.length - half)];
  const note = `[… ${tail - head} of ${bytes.length} bytes left out; the whole is the file result:${call} …]`;
  const text = `${bytes.toString('utf8', 0, head)}\n${note}\n${bytes.toString('utf8', tail)}`;
  return {
    content: [{ type: 'text', text }, ...content.filter((one) => one.type !== 'text')],
    full,
  };
}

/** The nearest index at or before this one where a UTF-8 character starts. */
function characterAt(bytes: Uint8Array, index: number): number {
  let at = index;
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
