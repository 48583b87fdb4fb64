/** Redaction: applied to text where it enters a thread, a delta or the log. */

import type { Redactor } from './contracts.ts';

export type Redact = (text: string) => string;

const withheld = '[withheld: a redactor failed]';
/** The most text that a stream holds back while it waits for a word to end. */
const maxHeld = 4096;

/** All redactors as one; `undefined` when there are none. One that throws withholds the text. */
export function joinRedactors(
  redactors: readonly Redactor[],
  failed: (error: unknown) => void,
): Redact | undefined {
  if (redactors.length === 0) return undefined;
  return (text) => {
    try {
      return redactors.reduce((clean, redactor) => redactor(clean), text);
    } catch (error) {
      failed(error);
      return withheld;
    }
  };
}

/** The same plain data with every string redacted, keys left alone. */
export function redactStrings<T>(value: T, redact: Redact): T {
  return redactAny(value, redact) as T; // strings stay strings, shapes stay shapes
}

function redactAny(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((one) => redactAny(one, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, redactAny(inner, redact)]),
  );
}

/** Redacts text that comes in pieces: it lets whole words go, so that a secret split over pieces is seen whole. */
export class StreamRedactor {
  readonly #redact: Redact;
  #held = '';

  constructor(redact: Redact) {
    this.#redact = redact;
  }

  add(text: string): string {
    this.#held += text;
    const end = this.#held.length > maxHeld ? this.#held.length : this.#held.search(/\S*$/);
    const ready = this.#held.slice(0, end);
    this.#held = this.#held.slice(end);
    return ready === '' ? '' : this.#redact(ready);
  }

  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest === '' ? '' : this.#redact(rest);
  }
}
