/** Reads files of the audit log. */

import { createReadStream } from 'node:fs';

/** A line as it stands in the file, without its end; the last one may have none. */
export interface RawLine {
  readonly bytes: Uint8Array;
  /** From 1. */
  readonly place: number;
  /** Where the next line begins. */
  readonly next: number;
  readonly isWhole: boolean;
}

/** The lines from byte `start`, which is that of line `place`, on. */
export async function* linesOf(
  path: string,
  { start = 0, place = 1 }: { readonly start?: number; readonly place?: number } = {},
): AsyncGenerator<RawLine> {
  let rest: Buffer = Buffer.alloc(0);
  let next = start;
  for await (const chunk of createReadStream(path, { start }) as AsyncIterable<Buffer>) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, from)) {
      next += end + 1 - from;
      yield { bytes: data.subarray(from, end), place: place++, next, isWhole: true };
      from = end + 1;
    }
    rest = data.subarray(from);
  }
  if (rest.length > 0) yield { bytes: rest, place, next: next + rest.length, isWhole: false };
}

const newline = 10;
