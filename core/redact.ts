/** Redaction: applied to text where it enters a thread, a delta or the log. */

import type { Redactor } from './contracts.ts';

/** Fields that hold no text of anybody: they make an item an item, and join it to others. */
const structure = [
  'type id call turn question thread name plugin provider model cwd roots policy by code decision',
  'kind role stability status verdict level stop how phase limit sandbox approval mimeType blob',
].flatMap((names) => names.split(' '));
/** Fields that hold anything: in there all is text. */
const free = ['detail', 'args', 'value', 'data'];

/** The text through all redactors. One that throws withholds it. */
export function redactText(text: string, redactors: readonly Redactor[]): string {
  try {
    return redactors.reduce((clean, redactor) => redactor(clean), text);
  } catch {
    return '[withheld: a redactor failed]';
  }
}

/** The same plain data with every text in it redacted. */
export function redactData<T>(value: T, redactors: readonly Redactor[]): T {
  const clean = (inner: unknown, isFree: boolean): unknown => {
    if (typeof inner === 'string') return redactText(inner, redactors);
    if (Array.isArray(inner)) return inner.map((one) => clean(one, isFree));
    if (typeof inner !== 'object' || inner === null) return inner;
    const entries = Object.entries(inner).map(([key, one]) => {
      const isInner = typeof one === 'object' && !Array.isArray(one);
      const isText = isFree || isInner || !structure.includes(key);
      return [key, isText ? clean(one, isFree || free.includes(key)) : one];
    });
    return Object.fromEntries(entries);
  };
  return redactors.length === 0 ? value : (clean(value, false) as T); // shapes stay shapes
}
