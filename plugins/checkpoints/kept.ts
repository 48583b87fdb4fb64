/** All of it that is of use only once something is to be kept, or asked for. */

import { type AroundEffect, type Host, messageOf, type RequestContext } from '../../core/index.ts';
import { aroundEffects } from './around.ts';
import { collect, isDue } from './files/collect.ts';
import { Contents } from './files/content.ts';
import { Records } from './files/records.ts';
import type { Followed } from './followed.ts';
import { Recorder } from './recorder.ts';
import { answers } from './requests.ts';

/** Where checkpoints are kept, and their bounds. */
export interface Bounds {
  readonly directory: string;
  readonly maxFileBytes: number;
  readonly maxCopyBytes: number;
  readonly maxFiles: number;
  readonly maxBytes: number;
  readonly maxAgeDays: number;
}

/** Disposing it frees copies, and looks after the bounds of what is kept. */
export class Kept implements Disposable {
  readonly around: AroundEffect;
  readonly recorder: Recorder;
  readonly records: Records;
  readonly #contents: Contents;
  readonly #bounds: Bounds;
  readonly #host: Host;

  constructor(host: Host, bounds: Bounds, followed: Followed) {
    const { directory: own } = bounds;
    this.#host = host;
    this.#bounds = bounds;
    this.#contents = new Contents(own);
    this.records = new Records(own);
    const contents = this.#contents;
    this.recorder = new Recorder(host, {
      ...bounds,
      own,
      contents,
      records: this.records,
      followed,
    });
    this.around = aroundEffects(this.recorder);
  }

  /** Answers a request of ours. */
  answer(name: keyof typeof answers, params: unknown, { context, hold }: Asked): Promise<unknown> {
    const { maxFileBytes } = this.#bounds;
    const means = { contents: this.#contents, records: this.records, maxFileBytes, hold };
    return answers[name](params, context, means);
  }

  /** Once a day, or when much was written. */
  [Symbol.dispose](): void {
    this.recorder[Symbol.dispose]();
    this.records[Symbol.dispose]();
    const { directory, maxBytes, maxAgeDays } = this.#bounds;
    const { written } = this.#contents;
    if (written === 0) return;
    try {
      const isMuch = written > maxBytes / 10;
      const limits = { maxBytes, maxAgeMs: maxAgeDays * 24 * 3_600_000 };
      if (isDue(directory) || isMuch) collect(directory, this.records, limits);
    } catch (error) {
      this.#host.log('old checkpoints could not be removed', messageOf(error));
    }
  }
}

/** Who asks, and how turns of a thread are kept waiting. */
interface Asked {
  readonly context: RequestContext;
  readonly hold: (thread: string) => Disposable;
}
