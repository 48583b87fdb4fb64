/** `spindle thread revert` and `spindle thread undo`. */

import { relative } from 'node:path';

import { invalid } from '../../../core/index.ts';
import type { Client } from '../../../core/index.ts';
import { parse } from '../command-line/parse.ts';
import type { Command, CommandContext } from '../command-line/run.ts';
import { line } from '../terminal/style.ts';
import { plural } from '../terminal/words.ts';
import { findThreads } from './find.ts';
import { namedThreads, namedTurn } from './words.ts';

/** A path, and what is to be said of it. */
export interface Place {
  readonly path: string;
  readonly why: string;
}

/** What `checkpoint/revert` and `checkpoint/undo` answer. */
interface Outcome {
  readonly thread: string;
  readonly turn: string;
  readonly done: boolean;
  readonly files: readonly { readonly path: string; readonly action: 'write' | 'remove' }[];
  readonly changed: readonly Place[];
  readonly uncovered: readonly Place[];
  readonly failed: readonly Place[];
  readonly later: number;
}

const asking = { 'dry-run': {}, yes: {}, force: {}, json: {}, last: {} } as const;

interface Asked {
  readonly method: 'checkpoint/revert' | 'checkpoint/undo';
  readonly params: Readonly<{ turn?: string | undefined; files?: boolean }>;
  readonly flags: Readonly<{ 'dry-run'?: true; yes?: true; force?: true; json?: true }>;
}

/** Back to before a turn: what is not covered and what others changed is shown first. */
export const threadRevert: Command = (argv) => {
  const { flags, words } = parse(argv, { files: {}, ...asking });
  const { named, turn } = namedTurn('revert', words, { isLast: flags.last === true });
  const params = { turn, files: flags.files === true };
  return async (context) => {
    const [thread] = await findThreads(named, context);
    return goBack(thread, { method: 'checkpoint/revert', params, flags }, context);
  };
};

/** Takes the last revert back. */
export const threadUndo: Command = (argv) => {
  const { flags, words } = parse(argv, asking);
  const named = namedThreads('undo', words, { isLast: flags.last === true });
  return async (context) => {
    const [thread] = await findThreads(named, context);
    return goBack(thread, { method: 'checkpoint/undo', params: {}, flags }, context);
  };
};

async function goBack(thread: string, asked: Asked, context: CommandContext): Promise<number> {
  const { client, stdout } = context;
  const { method, params, flags } = asked;
  const { settings } = await client.request('thread/resume', { thread });
  try {
    const isFiles = method === 'checkpoint/undo' || params.files === true;
    if (isFiles && settings.cwd !== context.cwd)
      throw invalid`expected to be in the folder of thread ${thread}: add --cd ${settings.cwd}`;
    const skip = flags.yes === true;
    const force = flags.force === true;
    const ask = async (dryRun: boolean) => {
      const answer = client.call(
        method,
        { ...params, thread, skip, force, dryRun },
        context.signal,
      );
      return (await answer) as Outcome; // the plugin answers so
    };
    const isDry = flags['dry-run'] === true;
    const plan = await ask(true);
    if (flags.json !== true) await stdout.write(before(plan, asked, context));
    const outcome = isDry ? plan : await ask(false);
    const text = flags.json === true ? `${JSON.stringify(outcome, null, 2)}\n` : undefined;
    await stdout.write(text ?? (await after(outcome, asked, context)));
    return outcome.done || isDry ? 0 : 1;
  } finally {
    await client.request('thread/close', { thread });
  }
}

/** What is to be known before anything is done. */
function before(
  { uncovered, changed, later }: Outcome,
  { flags }: Asked,
  context: CommandContext,
): string {
  const { style } = context;
  const left = flags.force === true ? 'overwritten' : 'left as it is';
  const turns = `${plural(later, 'turn')} came after the revert and would be taken back by this`;
  return [
    placesOf('not covered, and left as it is:', uncovered, context),
    placesOf(`changed by other hands since, and ${left}:`, changed, context),
    later > 0 ? style.yellow(`${turns}\n`) : '',
  ].join('');
}

async function after(outcome: Outcome, asked: Asked, context: CommandContext): Promise<string> {
  const { thread, done, files, failed } = outcome;
  const { style, cwd } = context;
  const isDry = asked.flags['dry-run'] === true;
  const isUndo = asked.method === 'checkpoint/undo';
  if (!done && !isDry && failed.length === 0)
    return style.yellow('nothing was done: add --yes to leave these and do the rest, or --force\n');
  const lines = files.map(({ path, action }) => {
    const mark = action === 'remove' ? style.red('-') : style.green('+');
    return `  ${mark} ${shownPath(path, cwd)}\n`;
  });
  const place = isUndo
    ? 'as it was before the revert'
    : `back before turn ${await turnOf(outcome, context.client)}`;
  const what =
    asked.params.files === true || isUndo ? 'files and conversation' : 'the conversation';
  const end = isDry
    ? `would be ${place}`
    : done
      ? `${what}: ${place}`
      : 'the conversation stays where it was';
  const hint = done && !isUndo ? `; spindle thread undo ${thread} takes this back` : '';
  return [
    ...lines,
    placesOf('could not be done:', failed, context),
    style.bold(end),
    `${style.dim(hint)}\n`,
  ].join('');
}

/** `3 ("mend it, please")`. */
async function turnOf({ thread, turn }: Outcome, client: Client): Promise<string> {
  const { items } = await client.request('thread/read', { thread });
  const turns = items.filter((item) => item.type === 'turn');
  const number = turns.findIndex(({ id }) => id === turn) + 1;
  const said = items.find((item) => item.type === 'user' && item.turn === turn);
  const [first] = said?.type === 'user' ? said.content : [];
  const text = first?.type === 'text' ? ` ("${line(first.text, 60)}")` : '';
  return `${number}${text}`;
}

/** A heading and a line for each place; nothing when there is none. */
export function placesOf(
  heading: string,
  places: readonly Place[],
  { style, cwd }: Pick<CommandContext, 'style' | 'cwd'>,
): string {
  if (places.length === 0) return '';
  const lines = places.map(
    ({ path, why }) => `  ${shownPath(path, cwd)}  ${style.dim(line(why))}\n`,
  );
  return `${style.yellow(heading)}\n${lines.join('')}`;
}

function shownPath(path: string, cwd: string): string {
  const way = path.startsWith('/') ? relative(cwd, path) : path;
  return line(way === '' || way.startsWith('..') ? path : way);
}
