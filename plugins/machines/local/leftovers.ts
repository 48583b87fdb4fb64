/** What plans leave on the machine, removed when no process needs it any more. */

import { lstatSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** How long an empty folder stays after its last process: making and removing it takes longer than all else of a start. */
const lingerMs = 1000;
/** In a folder that several programs use, each has a folder of its own, named by its process: so none removes it early. */
const markPattern = /^\.spindle-(\d+)-[\da-z]+$/;

/**
 * Counts the running processes that need a path. One that ends in `/` is an empty folder: it is made, and kept while
 * another program needs it too. Disposing removes at once what is left.
 */
export class Leftovers implements Disposable {
  readonly #users = new Map<string, number>();
  readonly #unused = new Set<string>();
  readonly #mark = `.spindle-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Disposed when the process has ended. What no other needs is then removed: files at once, folders a moment later, so
   * that the next command finds them; and only those that are empty.
   */
  add(paths: readonly string[]): Disposable {
    for (const path of paths) {
      const isNew = !this.#users.has(path) && !this.#unused.has(path);
      this.#users.set(path, (this.#users.get(path) ?? 0) + 1);
      this.#unused.delete(path);
      if (isNew && path.endsWith('/'))
        attempt(() => mkdirSync(join(path, this.#mark), { recursive: true }));
    }
    return { [Symbol.dispose]: () => this.#release(paths) };
  }

  #release(paths: readonly string[]): void {
    for (const path of paths) {
      const others = (this.#users.get(path) ?? 1) - 1;
      if (others > 0) this.#users.set(path, others);
      else this.#users.delete(path);
      if (others === 0 && !removeFile(path)) this.#unused.add(path);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this[Symbol.dispose](), lingerMs).unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const path of this.#unused) this.#removeFolder(path);
    this.#unused.clear();
  }

  /** Unless somebody has put something into it, or another program that still runs has its mark there. */
  #removeFolder(path: string): void {
    if (path.endsWith('/')) {
      attempt(() => rmdirSync(join(path, this.#mark)));
      attempt(() => removeOldMarks(path));
    }
    attempt(() => rmdirSync(path));
  }
}

/** Those of programs that were killed. */
function removeOldMarks(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = markPattern.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmdirSync(join(folder, name));
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'; // somebody else's
  }
}

/** Whether nothing is there any more. */
function removeFile(path: string): boolean {
  if (path.endsWith('/')) return false;
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return false;
    unlinkSync(path);
  } catch {
    // it was not there, or somebody else's folder has changed
  }
  return true;
}

/** What fails is nothing to us: it is gone, not empty, or cannot be made; the command itself tells. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // as said
  }
}
