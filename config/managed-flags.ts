/** What of a command line does not reach a front end where there is managed policy. */

import { commands } from './flags.ts';
import type { Configuration } from './load.ts';

/** Flags by their names, and what the user should know. */
export interface LeftOut {
  readonly flags: ReadonlySet<string>;
  readonly notices: readonly string[];
}

/** Front ends get what flags say of settings from the configuration alone, where policy has been over it. */
export function leftOutBy({ policies, layers }: Configuration, given: object): LeftOut {
  const flags = new Set<string>();
  if (policies.length === 0) return { flags, notices: [] };
  for (const { name, key, isOwn } of commands.flatMap((command) => command.flags))
    if ((key !== undefined && !isOwn) || name === 'config') flags.add(name);
  const limited = layers.find(
    ({ name, values }) => name === 'managed' && values['roots'] !== undefined,
  );
  const locking = policies.find(({ lock }) => lock.some(([key]) => key === 'roots'));
  const file = limited?.file ?? locking?.file;
  const isGiven =
    'add-dir' in given && !layers.some(({ names }) => names?.['roots'] === '--add-dir');
  if (file === undefined || !isGiven) return { flags, notices: [] };
  flags.add('add-dir');
  return { flags, notices: [`--add-dir does not count: roots are set by managed policy, ${file}`] };
}
