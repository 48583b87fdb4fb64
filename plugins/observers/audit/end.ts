/** Where an audit log ends, and what is wrong with its end. */

import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';

import { type Head, headName, logNames, parseHead, parseLine, sha256 } from './format.ts';
import { codeOf } from './lock.ts';

/** The end of a log. `n` is -1 and `hash` empty before the first line. */
export interface End {
  /** The last file; absent when there is none. */
  readonly file?: string;
  readonly bytes: number;
  /** The file's own, which another one of the same name does not have. */
  readonly id: number;
  /** The number of the last line, and its SHA-256. */
  readonly n: number;
  readonly hash: string;
  /** The last line has no line end. */
  readonly isTorn: boolean;
  /** What was found that no writer leaves behind. */
  readonly faults: readonly string[];
}

/** The head of a log; `undefined` when there is none, or what is there is none. */
export function readHead(folder: string): Head | undefined {
  try {
    return parseHead(readFileSync(join(folder, headName), 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads the folder. */
export function findEnd(folder: string): End {
  const head = readHead(folder);
  const names = logNames(readdirSync(folder));
  // A file that is empty was made in a moment that its maker did not survive.
  const file = names.findLast((name) => statSync(join(folder, name)).size > 0);
  const { last, ...rest } =
    file === undefined
      ? { last: Buffer.alloc(0), bytes: 0, id: 0, isTorn: false }
      : readTail(join(folder, file));
  const line = parseLine(last.toString());
  const hash = file === undefined ? (head?.hash ?? '') : sha256(last);
  const n = Math.max(line?.n ?? -1, head?.n ?? -1);
  const found = { n: line?.n ?? -1, hash, isLine: line !== undefined || file === undefined };
  return { file, n, hash, ...rest, faults: faultsOf(head, found, rest.isTorn) };
}

function faultsOf(
  head: Head | undefined,
  last: { readonly n: number; readonly hash: string; readonly isLine: boolean },
  isTorn: boolean,
): readonly string[] {
  const faults: string[] = [];
  if (head === undefined && last.n >= 0) faults.push(`${headName} is missing or damaged`);
  if (isTorn) faults.push('the line before was cut off in the middle');
  else if (!last.isLine) faults.push('the line before is damaged');
  if (head === undefined) return faults;
  const isShort = last.n < head.n && last.isLine;
  if (isShort) faults.push(`the lines up to ${head.n} of ${head.file} are missing`);
  if (last.n === head.n && last.hash !== head.hash) faults.push('the line before was changed');
  return faults;
}

interface Tail {
  /** The last line, without its end. */
  readonly last: Uint8Array;
  readonly bytes: number;
  readonly id: number;
  readonly isTorn: boolean;
}

function readTail(path: string): Tail {
  const descriptor = openSync(path, 'r');
  try {
    const { size: bytes, ino: id } = fstatSync(descriptor);
    for (let length = 16_384; ; length *= 8) {
      const from = Math.max(0, bytes - length);
      const data = Buffer.alloc(bytes - from);
      readSync(descriptor, data, 0, data.length, from);
      const isTorn = data.length > 0 && data.at(-1) !== newline;
      const end = isTorn ? data.length : data.length - 1;
      const start = data.lastIndexOf(newline, end - 1);
      if (start >= 0 || from === 0)
        return { last: data.subarray(start + 1, end), bytes, id, isTorn };
    }
  } finally {
    closeSync(descriptor);
  }
}

const newline = 10;
