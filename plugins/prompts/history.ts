/** Keeps earlier turns in the window: a reference to each stretch of items that the model can be shown. */

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
  read: ({ since }) => stretches(since).map((refs) => ({ refs })),
};

/** Fragments and tools stay by themselves. Where ordinals leap, a compaction has dropped what was between. */
function stretches(since: readonly Item[]): readonly (readonly [from: number, to: number])[] {
  const ranges: [from: number, to: number][] = [];
  let open: [from: number, to: number] | undefined;
  let previous = -1;
  for (const item of since) {
    if (item.n !== previous + 1) open = undefined;
    previous = item.n;
    if (!isPart(item) || item.type === 'fragment' || item.type === 'tools') continue;
    if (open === undefined) ranges.push((open = [item.n, item.n]));
    else open[1] = item.n;
  }
  return ranges;
}
