/** The threads that a command line names. */

import { KernelError } from '../../../core/index.ts';

/** Starts of ids, or the last thread of the folder. */
export type Named = readonly string[] | 'last';

/** What `COMMAND ID` or `COMMAND --last` names. Throws `invalid` for no thread, and for more than `most`. */
export function namedThreads(
  command: string,
  words: readonly string[],
  { isLast, most = 1 }: { readonly isLast: boolean; readonly most?: number },
): Named {
  const count = words.length + (isLast ? 1 : 0);
  if (count >= 1 && count <= most) return isLast ? 'last' : words;
  const what = most === 1 ? 'one thread' : 'threads';
  throw new KernelError('invalid', `expected ${what}: spindle thread ${command} ID|--last`);
}
