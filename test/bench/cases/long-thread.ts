import type { Case } from '../case.ts';
import type { Program } from '../place.ts';
import { median, takeTurns } from '../rounds.ts';
import { runThread, stepTimes, type ThreadRun } from '../thread.ts';

const share = 0.1;
const megabyte = 1024 * 1024;

/** Whether steps get slower, and what memory many of them take. */
export const longThread: Case = {
  name: 'long-thread',
  run: async (bench) => {
    const { longSteps: steps, rounds } = bench.scale;
    const thread = (program: Program) => () =>
      runThread(bench, program, { steps, isMetered: true });
    const runs = await takeTurns(Math.ceil(rounds / 7), {
      floor: thread('floor'),
      spindle: thread('spindle'),
    });
    const [peak, floorPeak] = [peakOf(runs.spindle), peakOf(runs.floor)];
    const count = Math.round(steps * share);
    const what = `the last ${count} of ${steps} steps against the first ${count}`;
    return [
      { what, ...growthOf(runs.spindle, count), unit: '×', target: 1.1 },
      { what: '… of the bare floor', ...growthOf(runs.floor, count), unit: '×' },
      { what: `peak memory over ${steps} steps`, value: peak, unit: 'MB', target: 100 },
      { what: '… of the bare floor', value: floorPeak, unit: 'MB' },
    ];
  },
};

function growthOf(runs: readonly ThreadRun[], count: number) {
  const times = runs.map(stepTimes);
  const first = median(times.map((one) => median(one.slice(0, count))));
  const last = median(times.map((one) => median(one.slice(-count))));
  return { value: last / first, from: `${last.toFixed(2)} / ${first.toFixed(2)} ms` };
}

function peakOf(runs: readonly ThreadRun[]): number {
  return median(runs.map(({ metered }) => metered.peakBytes)) / megabyte;
}
