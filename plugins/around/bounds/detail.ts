/** The `detail` of a result, made to fit: what front ends show is cut before it is left out. */

import type { JsonSchema } from '../../../core/index.ts';

/** What a text and a list keep, one attempt after the other. */
const attempts = [
  { characters: 32_768, entries: 1000 },
  { characters: 2048, entries: 200 },
  { characters: 200, entries: 50 },
] as const;

/** The same object when it fits; else with its texts and lists cut, their ends marked; else only what it weighed. */
export function fitDetail(detail: JsonSchema, maxBytes: number): JsonSchema {
  const bytes = sizeOf(detail);
  if (bytes <= maxBytes) return detail;
  for (const most of attempts) {
    const smaller = cut(detail, most);
    if (sizeOf(smaller) <= maxBytes) return smaller as JsonSchema; // an object stays one
  }
  return { leftOut: `${bytes} bytes` };
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}

function cut(value: unknown, most: (typeof attempts)[number]): unknown {
  const { characters, entries } = most;
  if (typeof value === 'string') {
    const half = characters / 2;
    const left = value.length - characters;
    if (left <= 0) return value;
    return `${value.slice(0, half)}\n[… ${left} characters left out …]\n${value.slice(-half)}`;
  }
  if (Array.isArray(value)) return value.slice(0, entries).map((one) => cut(one, most));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cut(one, most)]));
}
