/** Lines of an audit log as they follow one another, and where they do not. */

import type { Head, Line } from './format.ts';

/** Something that no writer leaves behind. */
export interface Fault {
  readonly file: string;
  /** From 1; absent when a whole file is meant. */
  readonly line?: number;
  readonly message: string;
}

/** A line that was read: its file, its place there from 1, the SHA-256 of its text. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly hash: string;
}

interface Seen extends Place {
  readonly n: number;
  /** Something is known to be wrong with it, so that what follows need not fit. */
  readonly isBlamed: boolean;
}

const changed = 'it was changed after it was written';

/**
 * Takes the lines in order. Every line tells the hash of the one before it: when that does not fit, one of the two was
 * changed, and the line after both tells which.
 */
export class Chain {
  readonly faults: Fault[] = [];
  readonly #isFromStart: boolean;
  #last: Seen | undefined;
  /** One of these two was changed. */
  #doubt: readonly [Seen, Seen] | undefined;

  /** `isFromStart`: nothing comes before the first line. */
  constructor({ isFromStart }: { readonly isFromStart: boolean }) {
    this.#isFromStart = isFromStart;
  }

  /** The last line that was read. */
  get end(): Head | undefined {
    return this.#last && { file: this.#last.file, n: this.#last.n, hash: this.#last.hash };
  }

  add(line: Line, place: Place): void {
    const { n, type } = line;
    const fits = this.#last === undefined || line.prev === this.#last.hash;
    this.#resolve(fits);
    const last = this.#last;
    const gap = last === undefined ? this.#checkFirst(line) : checkNumber(n, last);
    const seen = { ...place, n, isBlamed: gap !== undefined };
    if (gap !== undefined) this.#blame(place, gap);
    else if (!fits && last?.isBlamed === false) this.#doubt = [last, seen];
    if (type === 'fault')
      this.#blame(place, `when this line was written, ${String(line['found'])}`);
    this.#last = seen;
  }

  /** A line that is none: cut off in the middle, or damaged. */
  addBroken(place: Place, message: string): void {
    this.#resolve(false);
    this.#blame(place, message);
    this.#last = { ...place, n: this.#last?.n ?? -1, isBlamed: true };
  }

  /** No line comes any more. `head` is where the log said that it ends, when the lines began to be read. */
  close(head?: Head): void {
    const last = this.#last;
    const isWrong = head !== undefined && last?.n === head.n && last.hash !== head.hash;
    if (isWrong && this.#doubt === undefined && !last.isBlamed) this.#blame(last, changed);
    this.#resolve(!isWrong);
    if (head !== undefined && last === undefined)
      this.faults.push({ file: head.file, message: 'it is missing' });
    else if (head !== undefined && last !== undefined && last.n < head.n)
      this.#blame(last, `the lines after it, up to number ${head.n}, are missing`);
  }

  /** Whether the line after the two in doubt fits decides which of them it was. */
  #resolve(fits: boolean): void {
    if (this.#doubt === undefined) return;
    const [before, after] = this.#doubt;
    this.#doubt = undefined;
    this.#blame(fits ? before : after, changed);
    if (!fits && this.#last !== undefined) this.#last = { ...this.#last, isBlamed: true };
  }

  #blame({ file, line }: Pick<Place, 'file' | 'line'>, message: string): void {
    this.faults.push({ file, line, message });
  }

  #checkFirst({ n, type, ...line }: Line): string | undefined {
    if (n === 0 && type === 'log') return undefined;
    const before = line['continues'];
    if (type !== 'log') return `the lines before it are missing: its number is ${n}`;
    if (!this.#isFromStart) return undefined;
    return `it continues ${String(before)}, which is missing`;
  }
}

function checkNumber(n: number, last: Seen): string | undefined {
  // A line that was cut off may never have had its number.
  if (n === last.n + 1 || (last.isBlamed && n === last.n + 2)) return undefined;
  if (n <= last.n) return `it is out of its place: number ${n} comes after ${last.n}`;
  return `lines are missing before it: number ${n} comes after ${last.n}`;
}
