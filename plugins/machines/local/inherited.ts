/** Open files that this program was started with, and that what it starts must not get. */

import { readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2_000_000;

/** Looked for once, when the first process starts: Node closes for children what it opens itself. */
export class Inherited {
  #last: number | undefined;

  /**
   * For the place `first` in a child's `stdio` and those after it: an empty file instead of each one inherited. Usually
   * there are none; some editors, terminals and supervisors leave theirs open.
   */
  closedFrom(first: number): readonly 'ignore'[] {
    this.#last ??= lastInherited();
    return Array.from({ length: Math.max(0, this.#last + 1 - first) }, () => 'ignore' as const);
  }
}

function lastInherited(): number {
  try {
    return Math.max(0, ...readdirSync('/proc/self/fd').map(Number).filter(isInherited));
  } catch {
    return 0; // there is no such list here
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
