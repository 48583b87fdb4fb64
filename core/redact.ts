/** Redaction: applied to text where it enters a thread, a delta or the log. */

import type { Redactor } from './contracts.ts';

/** The most text that a stream holds back while it waits for a word to end. */
const maxHeld = 4096;

/** All redactors as one; `undefined` without any. One that throws withholds the text. */
export function joinRedactors(redactors: readonly Redactor[]): Redactor | undefined {
  if (redactors.length === 0) return undefined;
  return (text) => {
    try {
      return redactors.reduce((clean, redactor) => redactor(clean), text);
    } catch {
      return '[withheld: a redactor failed]';
    }
  };
}

/** The same plain data with every string redacted. */
export function redactStrings<T>(value: T, redact: Redactor): T {
  const clean = (inner: unknown): unknown => {
    if (typeof inner === 'string') return redact(inner);
    if (Array.isArray(inner)) return inner.map(clean);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, one]) => [key, clean(one)]));
  };
  return clean(value) as T; // strings stay strings, shapes stay shapes
}

/** Redacts text that comes in pieces: only whole words go, so that a secret split over pieces is seen whole. */
export class StreamRedactor {
  readonly #redact: Redactor;
  #held = '';

  constructor(redact: Redactor) {
    this.#redact = redact;
  }

  add(text: string, isLast = false): string {
    const held = this.#held + text;
    const end = isLast || held.length > maxHeld ? held.length : held.search(/\S*$/);
    this.#held = held.slice(end);
    return this.#redact(held.slice(0, end));
  }
}
