/** `spindle thread list`. */

import { KernelError } from '../../../core/index.ts';
import type { ThreadSummary } from '../../../core/index.ts';
import { parse, positive } from '../command-line/parse.ts';
import type { Command, CommandContext } from '../command-line/run.ts';
import { line } from '../terminal/style.ts';
import { table } from '../terminal/table.ts';
import { ago, size } from '../terminal/words.ts';
import { allThreads, findThread } from './find.ts';

/** Characters of an id that tell threads apart: the millisecond of their start. */
const shortId = 13;

const flagTable = {
  json: {},
  all: {},
  archived: {},
  search: { takes: 'TEXT' },
  limit: { takes: 'N' },
  parent: { takes: 'ID' },
} as const;

/**
 * Newest first: those of this folder, with `--all` every folder's, archived ones and those of sub-agents too, with
 * `--archived` only archived ones, with `--parent` those of a thread's sub-agents.
 */
export const threadList: Command = (argv) => {
  const { flags, words } = parse(argv, flagTable);
  const limit = positive('--limit', flags.limit, { whole: true }) ?? 50;
  if (words[0] !== undefined)
    throw new KernelError('invalid', `expected no "${words[0]}": use --search TEXT`);
  return async (context) => {
    const { client, cwd, stdout } = context;
    const { search } = flags;
    const parent = flags.parent && (await findThread(client, { thread: flags.parent }));
    const isHere = flags.all !== true && parent === undefined;
    const query = {
      search,
      parent,
      ...(isHere ? { cwd, archived: false } : {}),
      ...(flags.archived === true ? { archived: true } : {}),
    };
    const found: ThreadSummary[] = [];
    for await (const one of allThreads(client, query)) {
      const isShown = flags.all === true || one.parent === parent;
      if (isShown && found.push(one) >= limit) break;
    }
    if (flags.json === true) return stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    return print(found, context, flags.all === true);
  };
};

async function print(
  threads: readonly ThreadSummary[],
  { stdout, style, isTerminal, cwd }: CommandContext,
  isAll: boolean,
): Promise<void> {
  if (threads.length === 0)
    return stdout.write(
      isAll
        ? 'There are no threads.\n'
        : `No thread has run in ${cwd}; --all shows those of other folders.\n`,
    );
  const isUnique = new Set(threads.map(({ id }) => id.slice(0, shortId))).size === threads.length;
  const length = isTerminal && isUnique ? shortId : undefined;
  const width = Math.max(30, (isTerminal ? process.stdout.columns : 160) - 60);
  const rows = threads.map((one) => [
    one.id.slice(0, length),
    ago(Date.now() - one.updatedMs),
    size(one.bytes),
    ...(isAll ? [line(one.cwd, 40)] : []),
    line(`${one.archived ? '(archived) ' : ''}${one.name ?? one.preview}`, width),
  ]);
  const head = ['THREAD', 'USED', 'SIZE', ...(isAll ? ['FOLDER'] : []), 'ABOUT'];
  const [first = '', ...others] = table([head, ...rows], [2]).split('\n');
  return stdout.write([style.dim(first), ...others].join('\n'));
}
