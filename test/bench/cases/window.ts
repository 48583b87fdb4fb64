import type { Model, Part } from '../../../core/index.ts';
import { Window } from '../../../core/window.ts';
import type { Case } from '../case.ts';
import { longThread } from '../long/items.ts';
import { median } from '../rounds.ts';

const counts = [1000, 2500, 5000, 10_000] as const;
const bytesOfItem = 2000;
/** Short, so there may be many. */
const repeats = 20;

/**
 * What the window of a thread in memory costs a request, and that it grows with the thread, not with its square: ten times
 * the items would then cost each ten times as much. Caches of the processor make up for the rest.
 */
export const window: Case = {
  name: 'window',
  run: async ({ place, scale }) => {
    const cwd = place.fresh('nowhere');
    const curve = counts.map((count) => ({
      count,
      ms: requestMs(count, { cwd, rounds: scale.rounds * repeats }),
    }));
    const [first, last] = [curve[0], curve.at(-1)];
    if (first === undefined || last === undefined) throw new Error('expected counts, but got none');
    const perItem = ({ count, ms }: typeof first) => (ms / count) * 1000;
    return [
      ...curve.map(({ count, ms }) => ({
        what: `processor time of the window for a request, thread of ${count} items`,
        value: ms,
        unit: 'ms' as const,
        target: count === last.count ? 5 : undefined,
      })),
      {
        what: `… for each item, at ${last.count} over ${first.count}`,
        value: perItem(last) / perItem(first),
        unit: '×',
        target: 5,
        from: `${perItem(last).toFixed(2)} / ${perItem(first).toFixed(2)} µs`,
      },
    ];
  },
};

/** One item more, and the parts with their encodings and weights: encodings are made once, before. */
function requestMs(count: number, { cwd, rounds }: { cwd: string; rounds: number }): number {
  const { items } = longThread(count, { bytes: count * bytesOfItem, cwd });
  const folded = new Window();
  for (const item of items) folded.add(item);
  folded.weigh(model);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    folded.add({
      type: 'assistant',
      id: `${round}`,
      text: 'On it goes.',
      n: count + round,
      at: 0,
      turn: 't',
    });
    const parts = folded.weigh(model);
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
    if (parts.length < count / 2)
      throw new Error(`expected most items in the window, but got ${parts.length}`);
  }
  return median(times);
}

const model: Model = {
  name: 'long',
  traits: () => ({
    model: 'long',
    window: 1e9,
    output: 1000,
    images: false,
    tools: true,
    efforts: [],
  }),
  encode: (part: Part) => JSON.stringify(part),
  stream: async function* () {},
};
