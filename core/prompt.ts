/** What the model is told: prompt sources, asked when they are due, and tools; what they give is appended. */

import type { PromptSource } from './contracts.ts';
import { messageOf } from './errors.ts';
import type { Body, Stability } from './item.ts';
import { within } from './race.ts';
import * as slots from './slots.ts';
import type { Turn } from './turn.ts';

/** A source that hangs must not hang the turn. */
const limitMs = 10_000;

/** All prompt sources; then the tools, which are fixed for the thread: only a window that has moved takes new ones. */
export async function readAll(turn: Turn): Promise<void> {
  await readPrompts(turn, 'fixed', 'thread', 'turn');
  const { thread, settings, model } = turn;
  if (!model.traits(settings).tools) return;
  const tools = [...turn.tools().values()].map(({ name, description, inputSchema }) => {
    return { name, description, inputSchema };
  });
  const before = thread.window.tools() ?? [];
  const latest = thread.items.findLast(({ type }) => type === 'window' || type === 'tools');
  const isDue = before.length === 0 || latest?.type === 'window';
  const isNew = JSON.stringify(before) !== JSON.stringify(tools);
  if (isDue && isNew) await thread.append([{ type: 'tools', tools }]);
}

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
  const { name, stability } = source;
  const tools = window.tools() ?? [...turn.tools().values()];
  const seen = { since: window.since(name), own: window.fragments(name), tools };
  const context = { ...turn.lend({ kind: 'plugin', name }), ...seen };
  const reading = Promise.try(() => source.read(context));
  try {
    const added = await within(reading, { signal, limitMs, what: `prompt source ${name}` });
    return added.map((one): Body => {
      if ('refs' in one) return { type: 'refs', plugin: name, ranges: [one.refs] };
      const { text, source: of, pinned = false } = one;
      const role = one.role === 'system' && !window.isFresh() ? 'developer' : one.role;
      return { type: 'fragment', plugin: name, stability, text, role, source: of, pinned };
    });
  } catch (error) {
    if (signal.aborted) throw error;
    thread.notice('warning', name, `this prompt source added nothing: ${messageOf(error)}`);
    return [];
  }
}
