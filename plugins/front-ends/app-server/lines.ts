/** Messages that stand on a line each. */

import { StringDecoder } from 'node:string_decoder';
import { tooLong } from './transport.ts';

/**
 * The lines of a stream of bytes, without their ends and without empty ones. One of more than `maxBytes` comes as
 * `tooLong` and is not kept; what follows it is read on. A stream that breaks has ended.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string | typeof tooLong> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let bytes = 0;
  const take = (text: string) => {
    const line = [...parts, text].join('');
    const isTooLong = bytes > maxBytes;
    parts = [];
    bytes = 0;
    return isTooLong ? tooLong : line.trim();
  };
  for await (const chunk of untilBroken(chunks)) {
    const pieces = decoder.write(chunk).split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      bytes += piece.length;
      const line = take(piece);
      if (line !== '') yield line;
    }
    bytes += rest.length;
    if (bytes > maxBytes) parts = [];
    else if (rest !== '') parts.push(rest);
  }
  const last = take(decoder.end());
  if (last !== '') yield last;
}

async function* untilBroken(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch {
    // The client has left.
  }
}
