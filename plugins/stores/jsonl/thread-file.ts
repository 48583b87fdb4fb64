/** One thread as one append-only JSON Lines file; docs/threads.md describes the format. */

import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

import { KernelError, threadVersion, type Item, type ThreadLog } from '../../../core/index.ts';
import { makePrivateFolder } from '../state-folder.ts';
import { codeOf, storeError } from './failure.ts';
import { acquireLock } from './lock.ts';

const newline = 10;

export interface ThreadFile {
  readonly id: string;
  readonly path: string;
  readonly lock: string;
}

/** Opens for writing; what a broken write left at the end is cut away. Errors as `Store.open` names them. */
export function openThread(file: ThreadFile, create: boolean): ThreadLog {
  if (create) makeFolder(dirname(file.path));
  else if (!exists(file.path)) throw notFound(file);
  const lock = acquireLock(file.lock, `thread ${file.id}`);
  let descriptor: number | undefined;
  try {
    descriptor = openFile(file, create);
    const { items, bytes } = create
      ? { items: [], bytes: 0 }
      : readItems(readFileSync(descriptor), file);
    if (!create) ftruncateSync(descriptor, bytes);
    return new Log(file, { items, bytes, descriptor, lock, isNew: create });
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    lock[Symbol.dispose]();
    throw storeError(error, 'open', file.path);
  }
}

/** The items without opening for writing; a torn last line is left out. */
export function readThread(file: ThreadFile): readonly Item[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file.path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw notFound(file);
    throw storeError(error, 'read', file.path);
  }
  return readItems(bytes, file).items;
}

/** Makes a folder that only its owner can enter, and those above it that are missing. */
export function makeFolder(folder: string): void {
  try {
    makePrivateFolder(folder);
  } catch (error) {
    throw storeError(error, 'make the folder', `${folder}/`);
  }
}

export function notFound(file: ThreadFile): KernelError {
  return new KernelError(
    'not_found',
    `there is no thread ${file.id}: \`spindle thread list\` shows those there are`,
  );
}

function exists(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw storeError(error, 'open', path);
  }
}

function openFile(file: ThreadFile, create: boolean): number {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW;
  try {
    return openSync(
      file.path,
      create ? flags | constants.O_CREAT | constants.O_EXCL : flags,
      0o600,
    );
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new KernelError(
      'conflict',
      `there is a thread ${file.id} already: open it, or take another id`,
    );
  }
}

/** All whole items and the bytes they take. Refuses a file that is broken before its last line. */
function readItems(
  buffer: Buffer,
  file: ThreadFile,
): { readonly items: Item[]; readonly bytes: number } {
  const items: Item[] = [];
  let start = 0;
  for (let line = 1; ; line++) {
    const end = buffer.indexOf(newline, start);
    if (end === -1) break;
    const value = parseLine(buffer, start, end);
    if (value === undefined && end + 1 >= buffer.length) break;
    items.push(checked(value, items.length, { file, line }));
    start = end + 1;
  }
  if (items.length === 0) {
    throw new KernelError(
      'not_found',
      `the thread ${file.id} has no item: it was cut off at birth; remove ${file.path}`,
    );
  }
  return { items, bytes: start };
}

function parseLine(buffer: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(buffer.toString('utf8', start, end));
  } catch {
    return undefined;
  }
}

function checked(
  value: unknown,
  n: number,
  at: { readonly file: ThreadFile; readonly line: number },
): Item {
  const { file, line } = at;
  const item = value as Partial<Item> | null | undefined; // what is relied on here is checked below
  if (item?.n !== n || typeof item.type !== 'string') throw brokenLine(file, line, `the item ${n}`);
  if (n > 0) return item as Item; // this program wrote it
  if (item.type !== 'thread' || typeof item.version !== 'number')
    throw brokenLine(file, line, 'a `thread` item');
  if (item.version > threadVersion) throw newer(file, item.version);
  if (item.id !== file.id) throw brokenLine(file, line, `the thread ${file.id} (not ${item.id})`);
  return item as Item; // the rest is as this program wrote it
}

function brokenLine(file: ThreadFile, line: number, expected: string): KernelError {
  const rescue = line === 1 ? '' : `, or keep what is before it: head -n ${line - 1} ${file.path}`;
  const message = `expected ${expected} in line ${line} of ${file.path}, but it is broken; nothing was changed: mend the line${rescue}`;
  return new KernelError('store', message);
}

function newer(file: ThreadFile, version: number): KernelError {
  const message = `the thread ${file.id} is in format ${version}, written by a newer spindle, and this one knows up to ${threadVersion}: update spindle to open it (${file.path})`;
  return new KernelError('version', message);
}

interface Opened {
  readonly items: readonly Item[];
  /** Bytes of whole items. */
  readonly bytes: number;
  readonly descriptor: number;
  readonly lock: Disposable;
  readonly isNew: boolean;
}

class Log implements ThreadLog {
  readonly items: readonly Item[];
  readonly #file: ThreadFile;
  readonly #lock: Disposable;
  #descriptor: number | undefined;
  #bytes: number;
  /** A failed write may have left half a line after `#bytes`. */
  #isTorn = false;
  /** The file's name in its folder is not yet durable. */
  #isNew: boolean;
  #syncing: Promise<void> | undefined;

  constructor(file: ThreadFile, opened: Opened) {
    this.items = opened.items;
    this.#file = file;
    this.#lock = opened.lock;
    this.#descriptor = opened.descriptor;
    this.#bytes = opened.bytes;
    this.#isNew = opened.isNew;
  }

  append(items: readonly Item[], durable: boolean): void | Promise<void> {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) {
      throw new KernelError(
        'store',
        `expected thread ${this.#file.id} to be open, but it was closed: open it again`,
      );
    }
    try {
      this.#write(
        descriptor,
        Buffer.from(items.map((item) => `${JSON.stringify(item)}\n`).join('')),
      );
      if (durable) return (this.#syncing = this.#sync(descriptor));
    } catch (error) {
      throw storeError(error, 'write', this.#file.path);
    }
  }

  /** All or nothing: what a full disk leaves of a batch is cut away, now or before the next one. */
  #write(descriptor: number, bytes: Buffer): void {
    if (this.#isTorn) ftruncateSync(descriptor, this.#bytes);
    this.#isTorn = true;
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
    } catch (error) {
      ftruncateSync(descriptor, this.#bytes);
      this.#isTorn = false;
      throw error;
    }
    this.#bytes += bytes.length;
    this.#isTorn = false;
  }

  async #sync(descriptor: number): Promise<void> {
    try {
      if (this.#isNew) syncFolder(dirname(this.#file.path));
      this.#isNew = false;
      await promisify(fdatasync)(descriptor);
    } catch (error) {
      throw storeError(error, 'write', this.#file.path);
    }
  }

  async close(): Promise<void> {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    this.#descriptor = undefined;
    await this.#syncing?.catch(() => undefined); // whoever appended was told
    closeSync(descriptor);
    this.#lock[Symbol.dispose]();
  }
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
