/** Where plugins keep what outlives a run, when no configuration names a folder. */

import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/**
 * The folder `name` in SPINDLE_HOME or else among the user's state, as the XDG base directory specification (0.8)
 * has it, where only absolute paths count.
 */
export function stateFolder(name: string): string {
  const { SPINDLE_HOME: own, XDG_STATE_HOME: state } = process.env;
  if (own !== undefined && own !== '') return resolve(own, name);
  const isUsable = state !== undefined && isAbsolute(state);
  return join(isUsable ? state : join(homedir(), '.local', 'state'), 'spindle', name);
}

/**
 * Makes a folder that only its owner can enter, and those above it that are missing. Throws what the system says.
 * Node 24's own `recursive` never ends where the system says that a folder which is there is not (`/proc`).
 */
export function makePrivateFolder(path: string): void {
  if (existsSync(path)) return;
  makePrivateFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!existsSync(path)) throw error; // else another process was quicker
  }
}
