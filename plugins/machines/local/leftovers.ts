/** What plans leave on the machine, removed when no process needs it any more. */

import { lstatSync, rmdirSync, unlinkSync } from 'node:fs';

/** How long an empty folder stays after its last process: making and removing it takes longer than all else of a start. */
const lingerMs = 1000;

/** Counts the running processes that need a path. Disposing removes at once what is left. */
export class Leftovers implements Disposable {
  readonly #users = new Map<string, number>();
  readonly #unused = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * Disposed when the process has ended. What no other needs is then removed: files at once, folders a moment later, so
   * that the next command finds them; and only those that are empty.
   */
  add(paths: readonly string[]): Disposable {
    for (const path of paths) {
      this.#users.set(path, (this.#users.get(path) ?? 0) + 1);
      this.#unused.delete(path);
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
    for (const path of this.#unused) removeFolder(path);
    this.#unused.clear();
  }
}

/** Whether nothing is there any more. */
function removeFile(path: string): boolean {
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return false;
    unlinkSync(path);
  } catch {
    // it was not there, or somebody else's folder has changed
  }
  return true;
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // it is gone, or somebody has put something into it
  }
}
