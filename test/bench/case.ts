/** What a case of the benchmark is. */

import type { Place } from './place.ts';

/** How much is run. */
export interface Scale {
  /** Runs of each program whose median counts; cases with long runs do a part of them. */
  readonly rounds: number;
  /** Steps of a short thread and of a long one. */
  readonly steps: number;
  readonly longSteps: number;
  /** Steps of the longest thread. */
  readonly replaySteps: number;
  /** Deltas of a long answer. */
  readonly deltas: number;
  /** Threads that are open at once, turns that run at once, and for how long. */
  readonly threads: number;
  readonly turns: number;
  readonly seconds: number;
}

/** What a case runs with. */
export interface Bench {
  readonly scale: Scale;
  readonly place: Place;
}

/** One line of the table. */
export interface Figure {
  /** What was measured, as a phrase. */
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'MB' | 'bytes' | '×';
  /** The most it may be; without one the figure is there to compare with. */
  readonly target?: number;
  /** What it was made from, in words. */
  readonly from?: string;
}

/** One file of `cases/`. Throws when a program does not do what it should: then there is nothing to measure. */
export interface Case {
  readonly name: string;
  readonly run: (bench: Bench) => Promise<readonly Figure[]>;
}
