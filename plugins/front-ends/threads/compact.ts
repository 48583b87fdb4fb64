/** `spindle thread compact`. */

import { invalid, KernelError, messageOf } from '../../../core/index.ts';
import type { Client, FragmentItem, Item, NoticeItem, WindowItem } from '../../../core/index.ts';
import { parse } from '../command-line/parse.ts';
import type { Command, CommandContext } from '../command-line/run.ts';
import { line, shown } from '../terminal/style.ts';
import { count, plural } from '../terminal/words.ts';
import { findThreads } from './find.ts';
import { namedThreads } from './words.ts';

/** Compacts a thread's window and tells what became of it; `--keep` is what the user wants kept. Throws why it could not. */
export const threadCompact: Command = (argv) => {
  const { flags, words } = parse(argv, { last: {}, json: {}, keep: { takes: 'REMARK' } });
  const named = namedThreads('compact', words, { isLast: flags.last === true });
  const { keep } = flags;
  if (keep?.trim() === '') throw invalid`expected --keep to say what to keep, but it is empty`;
  return async (context) => {
    const { client, stdout } = context;
    const [thread] = await findThreads(named, context);
    const { last } = await client.request('thread/resume', { thread });
    try {
      const done = await compact({ thread, after: last, remark: keep }, context);
      const json = () => `${JSON.stringify({ thread, ...done }, null, 2)}\n`;
      await stdout.write(flags.json === true ? json() : textOf(done, context));
    } finally {
      await client.request('thread/close', { thread });
    }
  };
};

type NewText = Pick<FragmentItem, 'plugin' | 'text'>;

/** What a compaction did. `parts` and `kept` count what the model was shown before, and what of it stayed as it was. */
interface Compacted {
  readonly by: string;
  readonly before: number;
  readonly after: number;
  readonly parts: number;
  readonly kept: number;
  readonly added: readonly NewText[];
  /** Why a compactor that came before had to pass. */
  readonly notices: readonly string[];
}

interface Work {
  readonly thread: string;
  /** The last item there is. */
  readonly after: number;
  readonly remark: string | undefined;
}

async function compact(
  { thread, after, remark }: Work,
  { client, signal, ...context }: CommandContext,
): Promise<Compacted> {
  const stop = () => void client.request('turn/interrupt', { thread }).catch(() => {});
  signal.addEventListener('abort', stop, { once: true });
  const { parts } = await client.request('thread/window', { thread });
  const before = new Set(parts.map(({ part }) => part.n));
  const compacting = client.request('thread/compact', { thread, remark });
  const outcome = await compacting.catch((error: unknown) => ({ error }));
  signal.removeEventListener('abort', stop);
  const items = await itemsAfter(client, thread, after);
  const notices = items.flatMap((item) => (item.type === 'notice' ? [noticed(item)] : []));
  const moved = items.findLast((item) => item.type === 'window');
  if ('error' in outcome || moved === undefined) {
    for (const notice of notices) await context.stdout.write(`! ${line(notice, 1000)}\n`);
    const why = 'error' in outcome ? messageOf(outcome.error) : 'the window did not move';
    throw new KernelError('model_context', `thread ${thread} stays as it was: ${why}`);
  }
  const { by, before: from, after: to, entries = [] } = moved;
  const kept = keptOf(entries, before);
  return {
    by,
    before: from,
    after: to,
    parts: before.size,
    kept,
    added: addedBy(entries),
    notices,
  };
}

async function itemsAfter(client: Client, thread: string, after: number): Promise<readonly Item[]> {
  return (await client.request('thread/read', { thread, after })).items;
}

function noticed({ plugin, message }: NoticeItem): string {
  return `${plugin}: ${message}`;
}

type Entries = NonNullable<WindowItem['entries']>;

function keptOf(entries: Entries, before: ReadonlySet<number>): number {
  const ranges = entries.flatMap((entry) => ('keep' in entry ? [entry.keep] : []));
  const isKept = (n: number) => ranges.some(([from, to]) => n >= from && n <= to);
  return [...before].filter(isKept).length;
}

function addedBy(entries: Entries): readonly NewText[] {
  return entries.flatMap((entry) => {
    if (!('fragment' in entry)) return [];
    const { plugin, text } = entry.fragment;
    return [{ plugin, text }];
  });
}

function textOf(done: Compacted, { style }: CommandContext): string {
  const { by, before, after, parts, kept, added, notices } = done;
  const lines = [
    ...notices.map((notice) => style.yellow(`! ${line(notice, 1000)}`)),
    style.bold(`compacted by ${by}: ${count(before)} to ${count(after)} tokens`),
    `${count(kept)} of ${plural(parts, 'part')} of the window stay as they were`,
    ...added.flatMap(({ plugin, text }) => ['', style.dim(`new, by ${plugin}:`), shown(text)]),
  ];
  return `${lines.join('\n')}\n`;
}
