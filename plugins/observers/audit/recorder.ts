/** Collects what happens and writes it in time. */

import { type Event, messageOf } from '../../../core/index.ts';
import { EntryMaker } from './entries.ts';
import { type Entry, LogWriter } from './log.ts';

/** How long an event that nothing waits for may be in memory only. */
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
  readonly #maker = new EntryMaker();
  /** Made into entries when they are written: a start has no time for it. */
  readonly #waiting: Event[] = [];
  readonly #entries: Entry[] = [];
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
  add(event: Event, { isUrgent }: { readonly isUrgent: boolean }): void {
    this.#waiting.push(event);
    if (isUrgent) this.#flush(waitMs);
    else this.#flushLater();
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => this.#flush(0), delayMs).unref();
  }

  #flush(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const made = this.#waiting.splice(0).flatMap((event) => this.#maker.entryOf(event) ?? []);
    this.#entries.push(...made);
    this.#lost += this.#entries.splice(0, Math.max(0, this.#entries.length - maxWaiting)).length;
    const lost = { type: 'lost', at: Date.now(), count: this.#lost };
    const entries = [...(this.#lost > 0 ? [lost] : []), ...this.#entries];
    if (entries.length > 0 && !this.#write(entries, wait)) return this.#flushLater();
    this.#entries.length = 0;
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
