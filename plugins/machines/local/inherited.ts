/** Open files that this program was started with, and that what it starts must not get. */

import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2_000_000;

/** What stands in a child's `stdio` for a descriptor: an empty file, or nothing where none was inherited. */
export type Cover = number | 'ignore';

/** Looked for once, when the first process starts: Node closes for children what it opens itself. */
export class Inherited implements Disposable {
  #all: ReadonlySet<number> | undefined;
  #empty: number | undefined;

  /**
   * For the place `first` in a child's `stdio` and those after it: an empty file instead of each one inherited. Usually
   * there are none; some editors, terminals and supervisors leave theirs open. Others are left out, which costs nothing.
   */
  coveredFrom(first: number): readonly Cover[] {
    const all = (this.#all ??= inheritedOnes());
    const last = Math.max(0, ...all);
    if (last < first) return [];
    const empty = (this.#empty ??= openSync('/dev/null', 'r'));
    return Array.from({ length: last + 1 - first }, (_, at) =>
      all.has(first + at) ? empty : 'ignore',
    );
  }

  [Symbol.dispose](): void {
    if (this.#empty !== undefined) closeSync(this.#empty);
    this.#empty = undefined;
  }
}

function inheritedOnes(): ReadonlySet<number> {
  try {
    return new Set(readdirSync('/proc/self/fd').map(Number).filter(isInherited));
  } catch {
    return new Set(); // there is no such list here
  }
}

function isInherited(descriptor: number): boolean {
  if (descriptor < 3) return false;
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    const flags = /^flags:\s+([0-7]+)$/m.exec(info)?.[1] ?? '';
    return (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    return false; // it was open only while the list was read
  }
}
