/** Files: paths are resolved before they are judged, and what is opened is what was judged. */

import * as fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { type FileInfo, invalid, KernelError, messageOf, notFound } from '../../../core/index.ts';

/** The most that is read at once; larger files are read in ranges. */
const maxReadBytes = 256 * 1024 * 1024;
const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;

/** A path without links: of what is missing, the real path of its nearest folder and the rest. */
export function resolvePath(path: string, cwd: string): string {
  if (path.includes('\0')) throw invalid`expected a path, but ${JSON.stringify(path)} holds a NUL`;
  return realOf(resolve(cwd, path));
}

function realOf(path: string): string {
  try {
    return fs.realpathSync.native(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw fileError(error, path);
  }
  const isLink = fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (isLink) throw notFound`${path} is a link to nothing: name the file itself`;
  const folder = dirname(path);
  return folder === path ? path : join(realOf(folder), basename(path));
}

/** What is at a resolved path. */
export function statFile(path: string): FileInfo {
  return named(path, () => infoOf(path, fs.statSync(path)));
}

/** The entries of a resolved folder by name; one that vanishes meanwhile is left out. */
export function listFolder(path: string): readonly (FileInfo & { readonly name: string })[] {
  const entry = (name: string) => {
    const stats = fs.lstatSync(join(path, name), { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ name, ...infoOf(join(path, name), stats) }];
  };
  return named(path, () => fs.readdirSync(path).toSorted().flatMap(entry));
}

/** The bytes of a resolved file from `start` up to `end`. */
export function readFile(path: string, range?: { start: number; end: number }): Uint8Array {
  return withFile(path, O_RDONLY | O_NONBLOCK, (file) => {
    const stats = fs.fstatSync(file);
    if (!stats.isFile()) throw invalid`expected a file, but ${path} is a ${kindOf(stats)}`;
    const { start, end } = range ?? { start: 0, end: stats.size };
    if (end - start > maxReadBytes)
      throw invalid`${path} has ${stats.size} bytes: read a range of it`;
    if (range === undefined) return fs.readFileSync(file); // also of /proc, where sizes are 0
    const buffer = Buffer.alloc(Math.max(0, Math.min(end, stats.size) - start));
    let filled = 0;
    for (let count = 1; count > 0 && filled < buffer.length; filled += count) {
      count = fs.readSync(file, buffer, filled, buffer.length - filled, start + filled);
    }
    return buffer.subarray(0, filled);
  });
}

/** Writes a resolved file in place, so that its owner, links and (unless one is given) mode stay; makes folders. */
export function writeFile(path: string, data: string | Uint8Array, mode?: number): void {
  const bytes = Buffer.from(data);
  named(path, () => fs.mkdirSync(dirname(path), { recursive: true }));
  withFile(path, O_WRONLY | O_CREAT, (file) => {
    for (let done = 0; done < bytes.length;) done += fs.writeSync(file, bytes, done);
    fs.ftruncateSync(file, bytes.length);
    if (mode !== undefined) fs.fchmodSync(file, mode);
  });
}

/** Removes a resolved file or empty folder. */
export function removeFile(path: string): void {
  const isFolder = () => fs.lstatSync(path).isDirectory();
  named(path, () => (isFolder() ? fs.rmdirSync(path) : fs.unlinkSync(path)));
}

/**
 * Opens what was judged, or nothing. On Linux the folder is opened first and seen to be the one that was judged; the file
 * is then opened in it, so that no link that creeps in meanwhile is followed. Elsewhere only the last place is guarded.
 */
function withFile<T>(path: string, flags: number, use: (file: number) => T): T {
  return named(path, () => {
    using folder = openFolder(dirname(path));
    const file = fs.openSync(join(folder.path, basename(path)), flags | O_NOFOLLOW, 0o666);
    try {
      return use(file);
    } finally {
      fs.closeSync(file);
    }
  });
}

/** A folder held open, and the path by which what is in it is reached. */
function openFolder(path: string): Disposable & { readonly path: string } {
  if (process.platform !== 'linux') return { path, [Symbol.dispose]: () => {} };
  const folder = fs.openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const held = `/proc/self/fd/${folder}`;
  if (fs.readlinkSync(held) === path)
    return { path: held, [Symbol.dispose]: () => fs.closeSync(folder) };
  fs.closeSync(folder);
  throw new KernelError('denied', `a folder of ${path} was replaced by a link: try again`);
}

function infoOf(path: string, stats: fs.Stats): FileInfo {
  const { size: bytes, mtimeMs: modifiedMs, mode } = stats;
  return { path, kind: kindOf(stats), bytes, modifiedMs, mode: mode & 0o777 };
}

function kindOf(stats: fs.Stats): FileInfo['kind'] {
  return stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
}

/** What the operating system throws, with the path and a public code. */
function named<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw fileError(error, path);
  }
}

function fileError(error: unknown, path: string): KernelError {
  if (error instanceof KernelError) return error;
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return notFound`there is no ${path}`;
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  const message = `${path}: ${messageOf(error)}`;
  return new KernelError(isForbidden ? 'denied' : 'invalid', message, { cause: error });
}

/** The operating system's code of an error, such as ENOENT. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
