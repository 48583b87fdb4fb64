import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Bench, Case } from '../case.ts';
import { longThread } from '../long/items.ts';
import { median, takeTurns } from '../rounds.ts';

const count = 10_000;
const bytes = 20_000_000;
const megabyte = 1024 * 1024;
const opener = join(import.meta.dirname, '../long/open.ts');

/** Opening a long thread from the disk, in a process of its own. */
export const openThread: Case = {
  name: 'open-thread',
  run: async (bench) => {
    const { place, scale } = bench;
    const folder = place.fresh('threads');
    mkdirSync(folder);
    const { id, items } = longThread(count, { bytes, cwd: folder });
    const file = join(folder, `${id}.jsonl`);
    writeFileSync(file, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    const runs = await takeTurns(Math.ceil(scale.rounds / 3), {
      open: () => opened(bench, [folder, id]),
    });
    const peak = median(runs.open.map(({ peakBytes }) => peakBytes)) / megabyte;
    const size = `${(statSync(file).size / 1e6).toFixed(1)} MB on disk`;
    return [
      {
        what: `opening a thread of ${count} items`,
        value: median(runs.open.map(({ ms }) => ms)),
        unit: 'ms',
        target: 250,
        from: size,
      },
      { what: '… peak memory of the process', value: peak, unit: 'MB', target: 200 },
    ];
  },
};

async function opened({ place }: Bench, argv: readonly string[]) {
  const { metered, stdout } = await place.runNode([opener, ...argv]);
  const ms = Number(stdout);
  if (!(ms > 0)) throw new Error(`expected a time of ${opener}, but got ${stdout}`);
  return { ms, peakBytes: metered.peakBytes };
}
