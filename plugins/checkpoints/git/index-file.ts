/**
 * Git's index, read without git: which files are tracked, as what, and how they looked when git last did. Nothing of the
 * repository runs. Format: git's gitformat-index(5), versions 2 to 4.
 */

import type { Stats } from 'node:fs';

/** A tracked file. `oid` names its content; times are ms with fractions: of its content, and of its inode. */
export interface IndexEntry {
  readonly oid: string;
  readonly mode: number;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly changedMs: number;
  readonly inode: number;
}

/** What a repository tracks, by path below its work tree. `folders` hold tracked files. */
export interface Index {
  readonly entries: ReadonlyMap<string, IndexEntry>;
  readonly folders: ReadonlySet<string>;
}

/** A submodule's place. */
export const gitlinkMode = 0o160_000;

const flags = { assumeValid: 0x80_00, extended: 0x40_00, stage: 0x30_00, nameLength: 0x0f_ff };
/** Of the second word of flags: not in the work tree, and not yet added. */
const absent = 0x40_00 | 0x20_00;
const headerBytes = 12;
const fixedBytes = 62;
/** A folder in place of its files, in a sparse index. */
const folderMode = 0o40_000;

/** The tracked files; nothing when it is of a kind that is not understood. */
export function parseIndex(bytes: Buffer): Index | undefined {
  const version = bytes.length < headerBytes ? 0 : bytes.readUInt32BE(4);
  if (bytes.toString('latin1', 0, 4) !== 'DIRC' || version < 2 || version > 4) return undefined;
  const count = bytes.readUInt32BE(8);
  const entries = new Map<string, IndexEntry>();
  const cursor = { at: headerBytes, path: '' };
  for (let read = 0; read < count; read++) {
    if (cursor.at + fixedBytes > bytes.length) return undefined;
    const { at } = cursor;
    const word = bytes.readUInt16BE(at + 60);
    nextPath(bytes, cursor, { version, isExtended: (word & flags.extended) !== 0 });
    const isHere = (word & flags.extended) === 0 || (bytes.readUInt16BE(at + 62) & absent) === 0;
    if (isHere && (word & (flags.assumeValid | flags.stage)) === 0)
      entries.set(cursor.path, entryAt(bytes, at));
  }
  // Of a split index, which begins its extensions with `link`, this is only a part.
  const isSplit = bytes.toString('latin1', cursor.at, cursor.at + 4) === 'link';
  const isSparse = entries.values().some(({ mode }) => mode === folderMode);
  return isSplit || isSparse ? undefined : { entries, folders: foldersOf(entries.keys()) };
}

function entryAt(bytes: Buffer, at: number): IndexEntry {
  return {
    changedMs: timeAt(bytes, at),
    modifiedMs: timeAt(bytes, at + 8),
    inode: bytes.readUInt32BE(at + 20),
    mode: bytes.readUInt32BE(at + 24),
    bytes: bytes.readUInt32BE(at + 36),
    oid: bytes.toString('hex', at + 40, at + 60),
  };
}

/** Reads the path of the entry at the cursor, and moves it to the next entry. */
function nextPath(
  bytes: Buffer,
  cursor: { at: number; path: string },
  { version, isExtended }: { readonly version: number; readonly isExtended: boolean },
): void {
  let start = cursor.at + fixedBytes + (isExtended ? 2 : 0);
  let kept = '';
  if (version === 4) {
    const { value, next } = offsetAt(bytes, start);
    kept = Buffer.from(cursor.path)
      .subarray(0, -value || undefined)
      .toString();
    start = next;
  }
  const end = bytes.indexOf(0, start);
  cursor.path = kept + bytes.toString('utf8', start, end);
  const length = end - cursor.at;
  cursor.at = version === 4 ? end + 1 : cursor.at + ((length + 8) & ~7);
}

/** A number as packs write offsets: seven bits a byte, and one more for each byte that follows. */
export function offsetAt(bytes: Uint8Array, start: number): { value: number; next: number } {
  let next = start;
  let byte = bytes[next++] ?? 0;
  let value = byte & 0x7f;
  while (byte & 0x80) {
    byte = bytes[next++] ?? 0;
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, next };
}

function foldersOf(paths: Iterable<string>): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    let end = path.lastIndexOf('/');
    while (end > 0 && !folders.has(path.slice(0, end))) {
      folders.add(path.slice(0, end));
      end = path.lastIndexOf('/', end - 1);
    }
  }
  return folders;
}

/** Seconds and nanoseconds. */
function timeAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 1000 + bytes.readUInt32BE(at + 4) / 1e6;
}

/** Milliseconds with fractions are as exact as this. */
const exactMs = 0.01;

/** Whether a file looks as git last saw it, some time before the index was written. */
export function looksClean(entry: IndexEntry, stats: Stats, indexMs: number): boolean {
  const isSameTime =
    Math.abs(stats.mtimeMs - entry.modifiedMs) < exactMs &&
    Math.abs(stats.ctimeMs - entry.changedMs) < exactMs;
  const isSameFile = stats.size % 2 ** 32 === entry.bytes && stats.ino % 2 ** 32 === entry.inode;
  const isExecutable = (entry.mode & 0o111) !== 0;
  const isOld = entry.modifiedMs < indexMs - 1;
  return isOld && isSameTime && isSameFile && isExecutable === ((stats.mode & 0o100) !== 0);
}
