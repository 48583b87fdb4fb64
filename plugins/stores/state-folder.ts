/** Where plugins keep what outlives a run, when no configuration names a folder. */

import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

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
