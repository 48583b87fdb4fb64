/** What compactions need: something to leave out, and compactors. */

import { compactors, prompts } from '../../../core/index.ts';
import type { Compactor, Part, Plugin, WindowEntry } from '../../../core/index.ts';
import { plugin } from './thread.ts';

/** A plugin that adds words of no weight to every turn. */
export const chatter: Plugin = plugin('chatter', (host) => {
  host.add(prompts, {
    name: 'chatter',
    stability: 'thread',
    read: () => [{ text: 'chatter '.repeat(99), role: 'user', source: 'test' }],
  });
});

/** The smallest window that can be taken. */
export const pinsOnly: Compactor['compact'] = async ({ parts }) =>
  keeping(parts.filter(({ pinned }) => pinned).map(({ part }) => part));

/** A window of these parts, as they are. */
export function keeping(parts: readonly Part[]): readonly WindowEntry[] {
  return parts.map(({ n }) => ({ keep: [n, n] }));
}

/** A plugin with these compactors, named by their keys, in order. */
export function compacting(all: Readonly<Record<string, Compactor['compact']>>): Plugin {
  return plugin('compacting', (host) => {
    for (const [name, compact] of Object.entries(all)) host.add(compactors, { name, compact });
  });
}
