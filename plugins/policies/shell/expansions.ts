/** Which expansions only look something up. All others may run or change something, so they are not understood. */

import type { Tree } from './tree.ts';
import type { Hole } from './words.ts';

const harmless = '[\\w./:,+@%=*? -]*';
const patterns: Readonly<Record<string, RegExp>> = {
  simple_expansion: /^\$(?:[A-Za-z_]\w*|[\d@*#?$!_-])$/,
  // Not `@P`, which runs what it finds, and not `!`, which follows a name that is a value.
  expansion: new RegExp(
    `^\\$\\{(?:#?[A-Za-z_]\\w*|[\\d@*#?]|[A-Za-z_]\\w*(?::?[-+]|%%?|##?)${harmless})\\}$`,
  ),
  // A name's value is evaluated as well, and may hold a command in an index.
  arithmetic_expansion: /^\$\(\([\d\s+*/%()-]*\)\)$/,
};

/** The place of an expansion that is harmless. */
export function readExpansion({ kind, start, end }: Tree, text: string): Hole | undefined {
  const written = text.slice(start, end);
  if (patterns[kind]?.test(written) !== true) return undefined;
  return { start, end, isMany: /^\$\{?[@*]/.test(written) };
}
