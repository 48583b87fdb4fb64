/** Keeps earlier turns in the window: one reference to all items that the model can be shown. */

import { isPart, prompts, type Item, type Plugin, type PromptSource } from '../../core/index.ts';

export default function history(): Plugin {
  return {
    name: 'history',
    api: 1,
    setup: (host) => {
      host.add(prompts, source);
    },
  };
}

const source: PromptSource = {
  name: 'history',
  stability: 'thread',
  read: ({ since }) => rangeOf(since).map((refs) => ({ refs })),
};

/**
 * From the first to the last; fragments and tools stay by themselves. What a compaction has dropped in between is not in
 * the window and does not come back. One range is one item: wherever the thread's file is cut off, calls keep their results.
 */
function rangeOf(since: readonly Item[]): readonly (readonly [from: number, to: number])[] {
  const kept = since.filter(
    (item) => isPart(item) && item.type !== 'fragment' && item.type !== 'tools',
  );
  const [first, last] = [kept.at(0), kept.at(-1)];
  return first === undefined || last === undefined ? [] : [[first.n, last.n]];
}
