/** `/diff`, `/revert` and `/undo`, as typed in a thread: the requests, and their answers as texts. */

import { type Client, invalid } from '../../core/index.ts';
import type { Gap } from './record.ts';
import type { Outcome } from './revert.ts';

/** What each does, with the words that follow it. */
export const typed = {
  diff: async (words, client, thread) => {
    const [turn, ...more] = words;
    refuse(more, '/diff [TURN]');
    const answer = await client.call('checkpoint/diff', { thread, turn });
    const { diff } = answer as { diff: string }; // it answers so
    return diff === '' ? 'It changed no file.' : diff;
  },
  revert: async (words, client, thread) => {
    const { how, rest } = asked(words);
    const isFiles = rest.includes('files');
    const [turn, ...more] = rest.filter((word) => word !== 'files');
    refuse(more, '/revert [TURN] [files] [yes|force]');
    const params = { thread, turn, files: isFiles, ...how };
    return textOf((await client.call('checkpoint/revert', params)) as Outcome); // it answers so
  },
  undo: async (words, client, thread) => {
    const { how, rest } = asked(words);
    refuse(rest, '/undo [yes|force]');
    return textOf((await client.call('checkpoint/undo', { thread, ...how })) as Outcome); // it answers so
  },
} satisfies Record<string, Typed>;

type Typed = (words: readonly string[], client: Client, thread: string) => Promise<string>;

function asked(words: readonly string[]) {
  const how = { skip: words.includes('yes'), force: words.includes('force') };
  return { how, rest: words.filter((word) => word !== 'yes' && word !== 'force') };
}

function refuse([word]: readonly string[], usage: string): void {
  if (word !== undefined) throw invalid`expected ${usage}, but got "${word}"`;
}

function textOf({ done, files, changed, uncovered, failed, later }: Outcome): string {
  const end = done
    ? 'Done; /undo takes a revert back.'
    : failed.length > 0
      ? 'Not all could be done, and the conversation stays where it was.'
      : 'Nothing was done: add "yes" to leave what others changed, or "force".';
  return [
    ...placesOf('Not covered, and left as it is:', uncovered),
    ...placesOf('Changed by other hands since:', changed),
    ...(later > 0 ? [`Turns that came since: ${later}`] : []),
    ...(done ? files.map(({ path, action }) => `${action === 'remove' ? '-' : '+'} ${path}`) : []),
    ...placesOf('Could not be done:', failed),
    end,
  ].join('\n');
}

function placesOf(heading: string, places: readonly Gap[]): readonly string[] {
  const lines = places.map(({ path, why }) => `  ${path}: ${why}`);
  return lines.length === 0 ? [] : [heading, ...lines];
}
