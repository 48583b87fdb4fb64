/** `spindle thread diff`. */

import { parse } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import { coloured } from '../view/diff-view.ts';
import { findThreads } from './find.ts';
import { placesOf, type Place } from './revert.ts';
import { namedTurn } from './words.ts';

/** What `checkpoint/diff` answers. */
interface TurnDiff {
  readonly diff: string;
  readonly uncovered: readonly Place[];
}

/** One diff of all that a turn changed; what is not covered is told on stderr's behalf at the end, as comments. */
export const threadDiff: Command = (argv) => {
  const { flags, words } = parse(argv, { last: {}, json: {} });
  const { named, turn } = namedTurn('diff', words, { isLast: flags.last === true });
  return async (context) => {
    const { client, stdout, style } = context;
    const [thread] = await findThreads(named, context);
    // The plugin answers so.
    const found = (await client.call('checkpoint/diff', { thread, turn })) as TurnDiff;
    if (flags.json === true) return stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    const { diff, uncovered } = found;
    await stdout.write(diff === '' ? 'It changed no file.\n' : coloured(diff, style));
    if (uncovered.length > 0)
      await stdout.write(placesOf('# not covered, so not shown:', uncovered, context));
  };
};
