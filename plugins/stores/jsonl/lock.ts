/** One writer for each thread: a lock file beside it that names the process which has it open. */

import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';

import { KernelError } from '../../../core/index.ts';
import { codeOf, storeError } from './failure.ts';

/** A lock file without a holder is being written; when it is older than this, its writer died in between. */
const writingMs = 5_000;

interface Holder {
  readonly pid: number;
  /** When the process started, in clock ticks since boot (`/proc/PID/stat`, field 22); empty where that is not told. */
  readonly started: string;
  readonly host: string;
}

/**
 * Takes the lock until disposed. A lock whose process is gone is taken over, by one process alone. Throws `conflict`,
 * naming the process, when `what` is open elsewhere (or already in this process).
 */
export function acquireLock(path: string, what: string): Disposable {
  if (!create(path)) takeOver(path, what);
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

function create(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw storeError(error, 'write', path);
  }
  try {
    writeSync(file, textOf(self()));
  } catch (error) {
    unlinkSync(path);
    throw storeError(error, 'write', path);
  } finally {
    closeSync(file);
  }
  return true;
}

/**
 * Whoever takes over a dead holder's lock first holds the lock named after that holder, so that two who found the same
 * dead holder cannot both put themselves in its place.
 */
function takeOver(path: string, what: string): void {
  const found = read(path);
  if (found === undefined && create(path)) return;
  if (found === undefined || isHeld(found, path)) throw conflict(found ?? '', path, what);
  using _claim = acquireLock(`${path}.${parse(found)?.pid ?? 'none'}`, what);
  if (read(path) !== found) throw conflict(read(path) ?? '', path, what);
  const mine = `${path}.${process.pid}.new`;
  rmSync(mine, { force: true });
  create(mine);
  renameSync(mine, path);
}

function isHeld(text: string, path: string): boolean {
  const holder = parse(text);
  if (holder === undefined)
    return Date.now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < writingMs;
  if (holder.host !== hostname()) return true;
  return isRunning(holder.pid) && (holder.started === '' || startOf(holder.pid) === holder.started);
}

function conflict(text: string, path: string, what: string): KernelError {
  const holder = parse(text);
  const where = holder === undefined || holder.host === hostname() ? '' : ` on ${holder.host}`;
  const who =
    holder?.pid === process.pid && where === ''
      ? 'this process'
      : `process ${holder?.pid ?? '(starting)'}${where}`;
  const message = `${what} is open in ${who}: close it there and try again; if that process is gone for certain, remove ${path}`;
  return new KernelError('conflict', message);
}

function self(): Holder {
  return { pid: process.pid, started: startOf(process.pid), host: hostname() };
}

function textOf(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw storeError(error, 'read', path);
  }
}

function parse(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started, host } = value as Record<string, unknown>; // each key is checked below
    if (typeof pid !== 'number' || typeof started !== 'string' || typeof host !== 'string')
      return undefined;
    return { pid, started, host };
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
