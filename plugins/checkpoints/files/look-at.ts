/** What is at a path now. It reads the workspace and changes nothing there. */

import { lstatSync, readFileSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

import { folder, nothing, type Image } from '../image.ts';
import type { Contents } from './content.ts';
import { sha256 } from './spool.ts';

/** Where contents go, and how large a file may be to be kept. */
export interface Keeping {
  readonly contents: Pick<Contents, 'put' | 'get'>;
  readonly maxFileBytes: number;
}

/** What tells that a file has not been touched: size, times, inode and mode. */
export function stampOf({ size, mtimeMs, ctimeMs, ino, mode }: Stats): string {
  return `${size} ${mtimeMs} ${ctimeMs} ${ino} ${mode}`;
}

/** Times of files are no finer than this. */
const grainMs = 50;

/** Whether something changed so shortly before a moment that it may change again and look the same. */
export function isRecent({ mtimeMs, ctimeMs }: Stats, atMs: number): boolean {
  return Math.max(mtimeMs, ctimeMs) > atMs - grainMs;
}

/** What is at a path, its content kept. What cannot be kept is `unknown`, with the reason. */
export function imageAt(path: string, keeping: Keeping): Image {
  const stats = statsAt(path);
  if (stats === undefined) return nothing;
  return imageOf(path, stats, keeping);
}

/** The same, but its content is not kept: nothing is written, so a full disk does not matter. */
export function imageNow(path: string, { maxFileBytes }: Keeping): Image {
  return imageAt(path, { maxFileBytes, contents: { put: sha256, get: () => undefined } });
}

/** The same of what was looked at already. Throws when the content cannot be kept. */
function imageOf(path: string, stats: Stats, { contents, maxFileBytes }: Keeping): Image {
  const bytes = stats.isFile() && bytesAt(path, stats, maxFileBytes);
  if (!(bytes instanceof Uint8Array)) return imageWithout(path, stats, maxFileBytes);
  const hash = contents.put(bytes);
  return { kind: 'file', hash, bytes: bytes.length, mode: stats.mode & 0o777 };
}

/** A file's bytes, unless there are more than `maxBytes` or they cannot be read. */
export function bytesAt(path: string, { size }: Stats, maxBytes: number): Uint8Array | undefined {
  try {
    return size > maxBytes ? undefined : readFileSync(path);
  } catch {
    return undefined;
  }
}

/** The image of what has no bytes to keep. */
export function imageWithout(path: string, stats: Stats, maxBytes: number): Image {
  if (stats.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
  if (stats.isDirectory()) return folder;
  const isLarge = stats.isFile() && stats.size > maxBytes;
  const large = `it is larger than ${megabytes(maxBytes)}`;
  const why = isLarge
    ? large
    : stats.isFile()
      ? 'it cannot be read'
      : 'it is no file and no folder';
  return { kind: 'unknown', why, stamp: stampOf(stats) };
}

/** What the system knows of a path itself, not of what it links to. */
export function statsAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // a folder above it is none any more
  }
}

/** The folders that are missing on the way to a path, the outermost first. */
export function missingFolders(path: string): readonly string[] {
  const missing: string[] = [];
  for (let at = dirname(path); statsAt(at) === undefined && at !== dirname(at); at = dirname(at))
    missing.unshift(at);
  return missing;
}

/** Whether the folder of a path is what it was called: no link has taken its place, or that of one above it. */
export function isInPlace(path: string): boolean {
  let at = dirname(path);
  while (statsAt(at) === undefined && at !== dirname(at)) at = dirname(at);
  try {
    return realpathSync.native(at) === at;
  } catch {
    return false;
  }
}

/** `4 MB`. */
export function megabytes(bytes: number): string {
  return bytes >= 1_000_000 ? `${Math.round(bytes / 1_000_000)} MB` : `${bytes} bytes`;
}
