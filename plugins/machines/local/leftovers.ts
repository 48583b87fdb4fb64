/** What plans leave on the machine, removed when no process needs it any more. */

import { lstatSync, rmdirSync, unlinkSync } from 'node:fs';

/** Counts the running processes that need a path. */
export class Leftovers {
  readonly #users = new Map<string, number>();

  /** Disposed when the process has ended: then files go, and folders that are empty, unless another needs them. */
  add(paths: readonly string[]): Disposable {
    for (const path of paths) this.#users.set(path, (this.#users.get(path) ?? 0) + 1);
    return { [Symbol.dispose]: () => this.#release(paths) };
  }

  #release(paths: readonly string[]): void {
    for (const path of paths) {
      const others = (this.#users.get(path) ?? 1) - 1;
      if (others > 0) {
        this.#users.set(path, others);
      } else {
        this.#users.delete(path);
        removeQuietly(path);
      }
    }
  }
}

function removeQuietly(path: string): void {
  try {
    if (lstatSync(path).isDirectory()) rmdirSync(path);
    else unlinkSync(path);
  } catch {
    // it is gone, or somebody has put something into it
  }
}
