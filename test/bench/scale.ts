/** How much of everything is run. */

import type { Scale } from './case.ts';

/** What counts. */
export const full: Scale = {
  rounds: 21,
  steps: 60,
  longSteps: 300,
  replaySteps: 1000,
  deltas: 20_000,
  threads: 1000,
  turns: 100,
  seconds: Number(process.env['BENCH_SECONDS'] ?? 10),
};

/** Sees that everything works; its figures say nothing. */
export const quick: Scale = {
  rounds: 1,
  steps: 3,
  longSteps: 20,
  replaySteps: 20,
  deltas: 200,
  threads: 10,
  turns: 4,
  seconds: 1,
};
