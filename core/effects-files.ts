/** Files: paths are resolved before they are judged, and what is opened is what was judged. */

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve, sep } from 'node:path';

import type { FileInfo } from './contracts.ts';
import { KernelError, messageOf } from './errors.ts';

/** The most that is read at once; larger files are read in ranges. */
const maxReadBytes = 256 * 1024 * 1024;

/** A path without links: of an existing file its real path, of a missing one the real path of its nearest folder and the rest. */
export function resolvePath(path: string, cwd: string): string {
  if (path.includes('\0'))
    throw new KernelError('invalid', `expected a path, but ${JSON.stringify(path)} holds a NUL`);
  return realOf(isAbsolute(path) ? resolve(path) : resolve(cwd, path));
}

function realOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw fileError(error, path);
  }
  if (isLink(path)) {
    throw new KernelError('not_found', `${path} is a link to nothing: name the file itself`);
  }
  const folder = dirname(path);
  return folder === path ? path : join(realOf(folder), basename(path));
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** Whether a resolved path is one of the folders or lies in one. The folders are resolved too. */
export function isInside(path: string, folders: readonly string[]): boolean {
  return folders.some(
    (folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep),
  );
}

/** What is at a resolved path. */
export function statFile(path: string): FileInfo {
  try {
    return infoOf(statSync(path));
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The entries of a resolved folder by name; one that vanishes meanwhile is left out. */
export function listFolder(path: string): readonly (FileInfo & { readonly name: string })[] {
  try {
    return readdirSync(path)
      .toSorted()
      .flatMap((name) => {
        const stats = lstatSync(join(path, name), { throwIfNoEntry: false });
        return stats === undefined ? [] : [{ name, ...infoOf(stats) }];
      });
  } catch (error) {
    throw fileError(error, path);
  }
}

/** The bytes of a resolved file from `start` up to `end`. */
export function readFile(
  path: string,
  range?: { readonly start: number; readonly end: number },
): Uint8Array {
  return withFile(path, constants.O_RDONLY | constants.O_NONBLOCK, (file) => {
    const stats = fstatSync(file);
    if (!stats.isFile())
      throw new KernelError('invalid', `expected a file at ${path}, but it is a ${kindOf(stats)}`);
    const start = range?.start ?? 0;
    const wanted = Math.max(0, (range?.end ?? Math.max(stats.size, 1)) - start);
    if (wanted > maxReadBytes) {
      throw new KernelError(
        'invalid',
        `${path} has ${stats.size} bytes, too many to read at once: read a range of it`,
      );
    }
    return readUpTo(file, start, Math.min(wanted, Math.max(0, stats.size - start)));
  });
}

function readUpTo(file: number, start: number, wanted: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(wanted);
  let filled = 0;
  while (filled < wanted) {
    const count = readSync(file, buffer, filled, wanted - filled, start + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

/** Writes a resolved file in place, so that its mode (unless one is given), owner and links stay; makes missing folders. */
export function writeFile(path: string, data: string | Uint8Array, mode: number | undefined): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  mkdirSync(dirname(path), { recursive: true });
  withFile(path, constants.O_WRONLY | constants.O_CREAT, (file) => {
    for (let done = 0; done < bytes.length;)
      done += writeSync(file, bytes, done, bytes.length - done, done);
    ftruncateSync(file, bytes.length);
    if (mode !== undefined) fchmodSync(file, mode);
  });
}

/** Removes a resolved file or an empty folder. */
export function removeFile(path: string): void {
  try {
    if (lstatSync(path).isDirectory()) rmdirSync(path);
    else unlinkSync(path);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Opens without following a link in the last place, and checks that no link crept in before it (race with the judge). */
function withFile<T>(path: string, flags: number, use: (file: number) => T): T {
  let file: number | undefined;
  try {
    file = openSync(path, flags | constants.O_NOFOLLOW, 0o666);
    if (process.platform === 'linux' && readlinkSync(`/proc/self/fd/${file}`) !== path) {
      throw new KernelError(
        'denied',
        `${path} was replaced by a link while it was opened: try again`,
      );
    }
    return use(file);
  } catch (error) {
    throw fileError(error, path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function infoOf(stats: Stats): FileInfo {
  return {
    kind: kindOf(stats),
    bytes: stats.size,
    modifiedMs: stats.mtimeMs,
    mode: stats.mode & 0o777,
  };
}

function kindOf(stats: Stats): FileInfo['kind'] {
  return stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
}

function fileError(error: unknown, path: string): KernelError {
  if (error instanceof KernelError) return error;
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new KernelError('not_found', `there is no ${path}`, { cause: error });
  }
  return new KernelError(
    code === 'EACCES' || code === 'EPERM' ? 'denied' : 'invalid',
    `${path}: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
