import { size } from './type.ts';

/** What a call shows at most: a result of the kernel's default cap is not cut. */
const maxBytes = 30_000;
/** Read at once; a file up to this size is known whole, with its number of lines. */
const firstReadBytes = 1024 * 1024;
const maxReadBytes = 8 * firstReadBytes;
/** How far lines are searched for in a large file. */
const maxScanBytes = 64 * firstReadBytes;

const newline = 0x0a;

/** Reads the bytes from `start` up to `end`, fewer at the file's end. */
export type ReadRange = (range: {
  readonly start: number;
  readonly end: number;
}) => Promise<Uint8Array>;

/** The beginning of a file, and whether it is the whole file. */
export interface Head {
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
}

/** Some lines of a file. Lines are counted from 1. */
export interface Lines {
  /** Whole lines with their endings, or, when `isCut`, the beginning of one. */
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly last: number;
  /** The first line alone was too long. */
  readonly isCut: boolean;
  /** The last line of the file is among them. */
  readonly atEnd: boolean;
  /** Lines in the file, when they were counted. */
  readonly total: number | undefined;
}

/** Reads the beginning of a file. */
export async function readHead(read: ReadRange): Promise<Head> {
  const bytes = await read({ start: 0, end: firstReadBytes });
  return { bytes, isWhole: bytes.length < firstReadBytes };
}

/**
 * At most `limit` lines from line `offset` on, as many as go into 30,000 bytes; reads no more of the file than that and
 * what stands before it. Gives the problem, as the end of a sentence, when there is no such line within 64 MB.
 */
export async function readLines(
  head: Head,
  read: ReadRange,
  {
    offset,
    limit,
    signal,
  }: { readonly offset: number; readonly limit: number; readonly signal: AbortSignal },
): Promise<Lines | { readonly problem: string }> {
  const found = await findLine(head, read, { offset, signal });
  if ('problem' in found) return found;
  const total = head.isWhole ? countLines(head.bytes) : undefined;
  const end = found.start + maxBytes + 1;
  const isHere = head.isWhole || end <= head.bytes.length;
  const window = isHere
    ? head.bytes.subarray(found.start, end)
    : await read({ start: found.start, end });
  const atFileEnd = window.length <= maxBytes;
  const taken = takeLines(window, limit, atFileEnd);
  return {
    bytes: window.subarray(0, taken.bytes),
    first: offset,
    last: offset + Math.max(taken.lines, 1) - 1,
    isCut: taken.lines === 0 && window.length > 0,
    atEnd: atFileEnd && taken.bytes === window.length,
    total,
  };
}

/** Where line `offset` begins, as a position in the file. */
async function findLine(
  head: Head,
  read: ReadRange,
  { offset, signal }: { readonly offset: number; readonly signal: AbortSignal },
): Promise<{ readonly start: number } | { readonly problem: string }> {
  let line = 1;
  let chunk = head.bytes;
  let chunkStart = 0;
  let length = firstReadBytes;
  let isOpen = false;
  for (;;) {
    let at = 0;
    while (line < offset) {
      const feed = chunk.indexOf(newline, at);
      if (feed === -1) break;
      at = feed + 1;
      line++;
    }
    const start = chunkStart + at;
    if (line === offset && (at < chunk.length || offset === 1)) return { start };
    if (chunk.length > 0) isOpen = chunk.at(-1) !== newline;
    if (chunk.length < length) return { problem: `has ${lineCount(line, isOpen)}` };
    chunkStart += chunk.length;
    if (chunkStart >= maxScanBytes)
      return { problem: `has fewer lines in its first ${size(maxScanBytes)}` };
    signal.throwIfAborted();
    length = Math.min(length * 2, maxReadBytes);
    chunk = await read({ start: chunkStart, end: chunkStart + length });
  }
}

function lineCount(line: number, isOpen: boolean): string {
  const count = isOpen ? line : line - 1;
  return count === 1 ? '1 line' : `${count} lines`;
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count++;
  return bytes.length > 0 && bytes.at(-1) !== newline ? count + 1 : count;
}

function takeLines(
  window: Uint8Array,
  limit: number,
  atFileEnd: boolean,
): { readonly bytes: number; readonly lines: number } {
  let bytes = 0;
  let lines = 0;
  while (lines < limit && bytes < window.length) {
    const feed = window.indexOf(newline, bytes);
    if (feed >= maxBytes || (feed === -1 && !atFileEnd)) break;
    bytes = feed === -1 ? window.length : feed + 1;
    lines++;
  }
  return lines === 0
    ? { bytes: characterStart(window, Math.min(maxBytes, window.length)), lines }
    : { bytes, lines };
}

/** The nearest position at or before `at` where a UTF-8 character starts. */
function characterStart(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > 0 && start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}
