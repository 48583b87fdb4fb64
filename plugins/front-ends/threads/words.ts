/** The threads that a command line names. */

import { KernelError } from '../../../core/index.ts';

/** Starts of ids, or the last thread of the folder. */
export type Named = readonly string[] | 'last';

/** What `COMMAND ID [TURN]` or `COMMAND --last [TURN]` names. Throws `invalid` for no thread, and for more words. */
export function namedTurn(
  command: string,
  words: readonly string[],
  { isLast }: { readonly isLast: boolean },
): { readonly named: Named; readonly turn: string | undefined } {
  const count = isLast ? 0 : 1;
  if (words.length < count || words.length > count + 1)
    throw new KernelError(
      'invalid',
      `expected one thread and at most one turn: spindle thread ${command} ID|--last [TURN]`,
    );
  return { named: isLast ? 'last' : words.slice(0, 1), turn: words[count] };
}

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
