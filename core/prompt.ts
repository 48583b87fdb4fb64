/** Prompt sources: asked when they are due; what they answer is appended. */

import type { Appended, PromptSource } from './contracts.ts';
import { messageOf } from './errors.ts';
import type { Body, Stability } from './item.ts';
import { within } from './race.ts';
import type { Turn } from './turn.ts';

/** A source that hangs must not hang the turn. */
const limitMs = 10_000;

/** Asks the sources that are due, in parallel, and appends what they answer in the slot's order. */
export async function readPrompts(turn: Turn, ...due: readonly Stability[]): Promise<void> {
  const { thread, slots } = turn;
  const { window, sourceRead } = thread;
  const isNew = ({ name }: PromptSource) =>
    !sourceRead.has(name) && window.fragments(name).length === 0;
  const isDue = (one: PromptSource) =>
    due.includes(one.stability) && (one.stability !== 'fixed' || isNew(one));
  const sources = slots.prompts.filter(isDue);
  const at = thread.items.length - 1;
  const answers = await Promise.all(sources.map((source) => readSource(turn, source)));
  const { isFresh } = window;
  const bodies = sources.map(
    (source, index) => answers[index]?.map((one) => bodyOf(source, one, isFresh)) ?? [],
  );
  if (bodies.flat().length > 0) await thread.append(bodies.flat());
  for (const source of sources) sourceRead.set(source.name, at);
}

async function readSource(turn: Turn, source: PromptSource): Promise<readonly Appended[]> {
  const { thread, settings, signal } = turn;
  const { window, sourceRead } = thread;
  const { name } = source;
  const since = window.since(name, sourceRead.get(name));
  const own = window.fragments(name);
  const tools = window.tools?.tools ?? [...turn.tools().values()];
  const effects = turn.effects({ kind: 'plugin', name });
  const notice = (level: 'info' | 'warning', message: string) =>
    thread.notice(level, name, message);
  const context = { thread: thread.id, settings, since, own, tools, signal, effects, notice };
  const reading = (async () => source.read(context))();
  try {
    return await within(reading, { signal, limitMs, what: `prompt source ${name}` });
  } catch (error) {
    if (signal.aborted) throw error;
    thread.notice('warning', name, `this prompt source added nothing: ${messageOf(error)}`);
    return [];
  }
}

function bodyOf(
  { name: plugin, stability }: PromptSource,
  added: Appended,
  isFresh: boolean,
): Body {
  if ('refs' in added) return { type: 'refs', plugin, ranges: [added.refs] };
  const { text, source, pinned = false } = added;
  const role = added.role === 'system' && !isFresh ? 'developer' : added.role;
  return { type: 'fragment', plugin, stability, text, role, source, pinned };
}
