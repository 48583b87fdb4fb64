/** A lock for the moment of one write, between processes: a file that names its holder. */

import {
  closeSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';

/** A holder needs a few milliseconds. After this time it is gone, wherever it runs. */
const staleMs = 10_000;
/** A lock that names nobody is being made. */
const makingMs = 1000;

/**
 * Takes the lock until disposed, waiting up to `waitMs` without letting anything else run; `undefined` when another
 * process has it still. One whose process is gone is taken over.
 */
export function tryLock(path: string, waitMs: number): Disposable | undefined {
  const endMs = Date.now() + waitMs;
  while (!create(path)) {
    if (takeAway(path)) continue;
    if (Date.now() >= endMs) return undefined;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

function create(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  writeSync(file, `${process.pid} ${hostname()}`);
  closeSync(file);
  return true;
}

/** Whether a lock without a holder was there, and is not any more. */
function takeAway(path: string): boolean {
  const found = read(path);
  if (found === undefined) return true;
  if (isHeld(found)) return false;
  const away = `${path}.${process.pid}`;
  try {
    renameSync(path, away);
    // Another process may have been faster, and this be its lock.
    if (read(away)?.text !== found.text) linkSync(away, path);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(codeOf(error))) throw error;
  }
  rmSync(away, { force: true });
  return true;
}

interface Found {
  readonly text: string;
  readonly ageMs: number;
}

function read(path: string): Found | undefined {
  try {
    const { mtimeMs } = lstatSync(path);
    return { text: readFileSync(path, 'utf8'), ageMs: Date.now() - mtimeMs };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isHeld({ text, ageMs }: Found): boolean {
  const [pid = '', host] = text.split(' ');
  if (host === undefined) return ageMs < makingMs;
  return ageMs < staleMs && (host !== hostname() || isRunning(Number(pid)));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** The code of a system error, or an empty text. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
