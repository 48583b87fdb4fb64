import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { Item } from '../../../core/index.ts';
import type { Case } from '../case.ts';
import { startStandIn } from '../stand-in.ts';

const megabyte = 1024 * 1024;
const replayer = join(import.meta.dirname, '../long/replay.ts');

/** What many steps leave in memory and on the disk. One run, since it takes long and differs little. */
export const replay: Case = {
  name: 'replay',
  run: async ({ place, scale }) => {
    const { replaySteps: many, steps: few } = scale;
    const folder = place.fresh('threads');
    mkdirSync(folder);
    const call = { parts: [{ call: 'shell', args: { command: 'look' } }], times: many };
    await using server = await startStandIn(
      [call, { text: 'All done.' }],
      place.fresh('script.json'),
    );
    const argv = ['--expose-gc', replayer, server.url, folder, String(many), String(few)];
    const { stdout } = await place.runNode(argv);
    const { low, high } = JSON.parse(stdout) as { readonly low: number; readonly high: number }; // replay.ts wrote it
    const { stored, needed } = storedBytes(folder);
    return [
      {
        what: `memory that ${many} steps hold over ${few}, garbage not counted`,
        value: (high - low) / megabyte,
        unit: 'MB',
        target: 50,
        from: `${(high / megabyte).toFixed(0)} − ${(low / megabyte).toFixed(0)}`,
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
