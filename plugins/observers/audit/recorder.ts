/** Collects entries and writes them in time. */

import { messageOf } from '../../../core/index.ts';
import { type Entry, LogWriter } from './log.ts';

/** How long an entry that nothing waits for may be in memory only. */
const delayMs = 1000;
/** How long other processes that write are waited for, before an effect and at the end. */
const waitMs = 50;
const lastWaitMs = 2000;
/** More are not kept while the log cannot be written; how many were lost is. */
const maxWaiting = 10_000;

/** Disposing writes what is left. */
export class Recorder implements Disposable {
  readonly #folder: string;
  readonly #log: LogWriter;
  readonly #complain: (message: string) => void;
  readonly #waiting: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  #isBroken = false;

  /** `complain` is told once when the log cannot be written, and again only after it could. */
  constructor(folder: string, complain: (message: string) => void) {
    this.#folder = folder;
    this.#log = new LogWriter(folder);
    this.#complain = complain;
  }

  /** With `isUrgent` it is written when this returns, and whatever came before it. */
  add(entry: Entry, { isUrgent }: { readonly isUrgent: boolean }): void {
    this.#waiting.push(entry);
    if (this.#waiting.length > maxWaiting) {
      this.#waiting.shift();
      this.#lost++;
    }
    if (isUrgent) this.#flush(waitMs);
    else this.#flushLater();
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => this.#flush(0), delayMs).unref();
  }

  #flush(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lost = { type: 'lost', at: Date.now(), count: this.#lost };
    const entries = [...(this.#lost > 0 ? [lost] : []), ...this.#waiting];
    if (entries.length > 0 && !this.#write(entries, wait)) return this.#flushLater();
    this.#waiting.length = 0;
    this.#lost = 0;
  }

  #write(entries: readonly Entry[], wait: number): boolean {
    try {
      const isDone = this.#log.append(entries, wait);
      this.#isBroken &&= !isDone;
      return isDone;
    } catch (error) {
      const advice = 'it is tried again; make room there, or the folder writable';
      const message = `the audit log in ${this.#folder} cannot be written (${messageOf(error)}): ${advice}`;
      if (!this.#isBroken) this.#complain(message);
      this.#isBroken = true;
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#flush(lastWaitMs);
    clearTimeout(this.#timer);
  }
}
