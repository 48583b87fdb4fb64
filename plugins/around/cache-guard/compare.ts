/** Whether one request begins with the last one, as a provider's prompt cache needs it. */

import type { EncodedPart } from '../../../core/index.ts';

/** Where a request stops being a continuation of the last one. */
export interface Breach {
  /** The part that was sent, and what stands in its place now; one is missing where there is nothing. */
  readonly was?: EncodedPart;
  readonly now?: EncodedPart;
  /** Estimated tokens of the last request that the cache no longer serves. */
  readonly tokens: number;
}

/**
 * The first difference, or `undefined`. Parts of an unchanged window are the same objects, so this costs one comparison
 * a part. Tools and system text stand before everything else, so a later one of these is a difference too.
 */
export function breachOf(
  last: readonly EncodedPart[],
  parts: readonly EncodedPart[],
): Breach | undefined {
  for (const [at, was] of last.entries()) {
    const now = parts[at];
    if (now !== undefined && isSame(was, now)) continue;
    const isHead = leads(was) || (now !== undefined && leads(now));
    return { was, now, tokens: tokensOf(isHead ? last : last.slice(at)) };
  }
  const late = parts.slice(last.length).find(leads);
  return late && { now: late, tokens: tokensOf(last) };
}

function isSame(a: EncodedPart, b: EncodedPart): boolean {
  return a === b || (a.text === b.text && a.part.type === b.part.type && leads(a) === leads(b));
}

function leads({ part }: EncodedPart): boolean {
  return part.type === 'tools' || (part.type === 'fragment' && part.role === 'system');
}

function tokensOf(parts: readonly EncodedPart[]): number {
  return Math.ceil(parts.reduce((sum, { text }) => sum + text.length, 0) / 4);
}
