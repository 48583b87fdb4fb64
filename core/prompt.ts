/** Prompt sources: asked when they are due; what they answer is appended. */

import type { Appended, PromptSource } from './contracts.ts';
import { messageOf } from './errors.ts';
import type { Body, Stability } from './item.ts';
import { within } from './race.ts';
import * as slots from './slots.ts';
import type { Turn } from './turn.ts';

/** A source that hangs must not hang the turn. */
const limitMs = 10_000;

/** Asks the sources that are due, in parallel, and appends what they answer in the slot's order. */
export async function readPrompts(turn: Turn, ...due: readonly Stability[]): Promise<void> {
  const { window, items } = turn.thread;
  const isDue = ({ name, stability: how }: PromptSource) =>
    due.includes(how) && (how !== 'fixed' || window.isNew(name));
  const sources = turn.get(slots.prompts).filter(isDue);
  const at = items.length - 1;
  const bodies = await Promise.all(sources.map((source) => readSource(turn, source)));
  await turn.thread.append(bodies.flat());
  for (const source of sources) window.read(source.name, at);
}

async function readSource(turn: Turn, source: PromptSource): Promise<readonly Body[]> {
  const { thread, signal } = turn;
  const { window } = thread;
  const { name } = source;
  const since = window.since(name);
  const own = window.fragments(name);
  const tools = window.tools() ?? [...turn.tools().values()];
  const context = { ...turn.lend({ kind: 'plugin', name }), since, own, tools };
  const reading = Promise.try(() => source.read(context));
  try {
    const added = await within(reading, { signal, limitMs, what: `prompt source ${name}` });
    return added.map((one) => bodyOf(source, one, window.isFresh()));
  } catch (error) {
    if (signal.aborted) throw error;
    thread.notice('warning', name, `this prompt source added nothing: ${messageOf(error)}`);
    return [];
  }
}

function bodyOf({ name, stability }: PromptSource, added: Appended, isFresh: boolean): Body {
  if ('refs' in added) return { type: 'refs', plugin: name, ranges: [added.refs] };
  const { text, source, pinned = false } = added;
  const role = added.role === 'system' && !isFresh ? 'developer' : added.role;
  return { type: 'fragment', plugin: name, stability, text, role, source, pinned };
}
