/**
 * What lists show of a thread file, without parsing it: the first line, the first input, the last name. Files only grow,
 * so a summary made once goes on from where it had come to.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import type { Item, Stamped, ThreadItem, ThreadSummary } from '../../../core/index.ts';
import { previewOf } from '../page.ts';

const newline = 10;
const chunkBytes = 1024 * 1024;
const headBytes = 8 * 1024;

/** What is known of a file up to `scanned`. */
export interface Scan {
  readonly head: Stamped<ThreadItem>;
  readonly scanned: number;
  readonly preview?: string;
  readonly name?: string;
  readonly archived: boolean;
}

/** The first line; `undefined` when it is not (yet) whole or no thread's. */
export function readHead(path: string): Scan | undefined {
  return withFile(path, (file, bytes) => {
    for (let size = headBytes; ; size *= 8) {
      const buffer = readAt(file, 0, Math.min(size, bytes));
      const end = buffer.indexOf(newline);
      if (end === -1 && buffer.length < bytes) continue;
      const head = end === -1 ? undefined : parse(buffer.subarray(0, end));
      return head?.type === 'thread' ? { head, scanned: end + 1, archived: false } : undefined;
    }
  });
}

/** Goes on from `scan` to the end of the last whole line. */
export function scanOn(path: string, scan: Scan): Scan {
  return withFile(path, (file, bytes) => {
    let known = scan;
    for (let size = chunkBytes; known.scanned < bytes;) {
      const buffer = readAt(file, known.scanned, Math.min(size, bytes - known.scanned));
      const end = buffer.lastIndexOf(newline) + 1;
      if (end > 0) known = scanLines(known, buffer.subarray(0, end));
      else if (known.scanned + buffer.length < bytes) size *= 2;
      else break;
    }
    return known;
  });
}

/** The summary of a file of that size and time of change. */
export function summaryOf(
  scan: Scan,
  file: { readonly updatedMs: number; readonly bytes: number },
): ThreadSummary {
  const { head, name, preview, archived } = scan;
  return {
    id: head.id,
    ...(name === undefined ? {} : { name }),
    cwd: head.settings.cwd,
    createdMs: head.at,
    updatedMs: file.updatedMs,
    archived,
    preview: preview ?? '',
    ...(head.parent === undefined ? {} : { parent: head.parent.thread }),
    bytes: file.bytes,
  };
}

/** Only lines that hold the marker are parsed; within strings its quotes are escaped. */
function scanLines(scan: Scan, lines: Buffer): Scan {
  let { preview, name, archived } = scan;
  if (preview === undefined) {
    const user = firstOf(itemsWith(lines, '"type":"user"'), (item) => item.type === 'user');
    if (user?.type === 'user') preview = previewOf(user);
  }
  for (const item of itemsWith(lines, '"type":"meta"')) {
    if (item.type !== 'meta') continue;
    name = item.name ?? name;
    archived = item.archived ?? archived;
  }
  const told = {
    ...(preview === undefined ? {} : { preview }),
    ...(name === undefined ? {} : { name }),
  };
  return { head: scan.head, scanned: scan.scanned + lines.length, archived, ...told };
}

function* itemsWith(lines: Buffer, marker: string): Generator<Item> {
  for (let from = 0; ;) {
    const found = lines.indexOf(marker, from, 'latin1');
    if (found === -1) return;
    const start = lines.lastIndexOf(newline, found) + 1;
    const end = lines.indexOf(newline, found);
    const item = parse(lines.subarray(start, end));
    if (item !== undefined) yield item;
    from = end + 1;
  }
}

function firstOf<T>(values: Iterable<T>, isWanted: (value: T) => boolean): T | undefined {
  for (const value of values) if (isWanted(value)) return value;
  return undefined;
}

function parse(line: Buffer): Item | undefined {
  try {
    return JSON.parse(line.toString()) as Item; // written by a store; a broken one is told of when it is opened
  } catch {
    return undefined;
  }
}

function withFile<T>(path: string, use: (file: number, bytes: number) => T): T {
  const file = openSync(path, 'r');
  try {
    return use(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, position));
}
