/** Open files that this process was started with, and that the measured programs must not get. */

import { closeSync, readdirSync, readFileSync } from 'node:fs';

const closeOnExec = 0o2_000_000;

/** Closes them, where the system lists them: for each command Spindle would cover them, which takes time. */
export function closeInherited(): void {
  for (const descriptor of numbersIn('/proc/self/fd'))
    if (isInherited(descriptor)) closeSync(descriptor);
}

function numbersIn(folder: string): readonly number[] {
  try {
    return readdirSync(folder).map(Number);
  } catch {
    return [];
  }
}

function isInherited(descriptor: number): boolean {
  if (descriptor < 3) return false;
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    const [, flags = ''] = /^flags:\s+([0-7]+)$/m.exec(info) ?? [];
    return (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    return false; // it was open only while the list was read
  }
}
