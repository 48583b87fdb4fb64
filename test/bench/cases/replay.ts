import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { Item } from '../../../core/index.ts';
import type { Bench, Case } from '../case.ts';
import { runThread } from '../thread.ts';

const megabyte = 1024 * 1024;

/** What many steps leave in memory and on the disk. One run of each, since they take long and differ little. */
export const replay: Case = {
  name: 'replay',
  run: async (bench) => {
    const { replaySteps: many, steps: few } = bench.scale;
    const home = bench.place.fresh('home');
    const low = await peakOf(bench, { steps: few });
    const high = await peakOf(bench, { steps: many, home });
    const { stored, needed } = storedBytes(join(home, 'threads'));
    return [
      {
        what: `memory that ${many} steps take over ${few}`,
        value: high - low,
        unit: 'MB',
        target: 50,
        from: `${high.toFixed(0)} − ${low.toFixed(0)}`,
      },
      {
        what: `bytes on disk for those that the items of ${many} steps need`,
        value: stored / needed,
        unit: '×',
        target: 2,
        from: `${(stored / 1e6).toFixed(2)} / ${(needed / 1e6).toFixed(2)} MB`,
      },
    ];
  },
};

async function peakOf(bench: Bench, how: { readonly steps: number; readonly home?: string }) {
  const { metered } = await runThread(bench, 'spindle', { ...how, isMetered: true });
  return metered.peakBytes / megabyte;
}

/** Everything in the store, and the items as JSON with the whole of what was cut. */
function storedBytes(folder: string) {
  let [stored, needed] = [0, 0];
  for (const one of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(one.parentPath, one.name);
    if (one.isFile()) stored += statSync(path).blocks * 512;
    if (!one.name.endsWith('.jsonl')) continue;
    for (const line of readFileSync(path, 'utf8').trimEnd().split('\n'))
      needed += neededBytes(JSON.parse(line) as Item); // the store's
  }
  return { stored, needed };
}

function neededBytes(item: Item): number {
  const whole = item.type === 'result' ? (item.full?.bytes ?? 0) : 0;
  return Buffer.byteLength(JSON.stringify(item)) + whole;
}
