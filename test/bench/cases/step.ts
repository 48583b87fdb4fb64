import type { Case } from '../case.ts';
import type { Program } from '../place.ts';
import { median, takeTurns } from '../rounds.ts';
import { runThread, stepTimes } from '../thread.ts';

/** A step with one command: answer read, command run, result durable, next request sent. */
export const step: Case = {
  name: 'step',
  run: async (bench) => {
    const { steps, rounds } = bench.scale;
    const perStep = (program: Program) => async () =>
      median(stepTimes(await runThread(bench, program, { steps })));
    const runs = await takeTurns(Math.ceil(rounds / 3), {
      floor: perStep('floor'),
      spindle: perStep('spindle'),
    });
    const [floor, spindle] = [median(runs.floor), median(runs.spindle)];
    const from = `${spindle.toFixed(2)} − ${floor.toFixed(2)}`;
    const value = spindle - floor;
    return [
      { what: 'a step with one command, over the bare floor', value, unit: 'ms', target: 4, from },
    ];
  },
};
