/** `spindle thread show`. */

import { textOf } from '../../../core/index.ts';
import type { Item, Parent, Settings } from '../../../core/index.ts';
import { parse } from '../command-line/parse.ts';
import type { Command, CommandContext } from '../command-line/run.ts';
import { shown, type Style } from '../terminal/style.ts';
import { itemLines } from '../view/item-lines.ts';
import { findThreads } from './find.ts';
import { itemsOf } from './pages.ts';
import type { Prices } from './prices.ts';
import {
  compactionNote,
  compactionsIn,
  subAgentNote,
  subAgentsIn,
  totalOf,
  usageOf,
  usageTable,
} from './usage.ts';
import { namedThreads } from './words.ts';

/** What was said and done; with `--usage` the tokens of each request, with `--json` the items or the numbers. */
export const threadShow =
  (prices: Prices): Command =>
  (argv) => {
    const { flags, words } = parse(argv, { last: {}, usage: {}, json: {} });
    const named = namedThreads('show', words, { isLast: flags.last === true });
    return async (context) => {
      const { client, stdout } = context;
      const [thread] = await findThreads(named, context);
      if (flags.usage === true) {
        const items = await Array.fromAsync(itemsOf(client, thread));
        const steps = usageOf(items, prices);
        const compactions = compactionsIn(items);
        const subAgents = subAgentsIn(items);
        const data = { thread, requests: steps, total: totalOf(steps), compactions, subAgents };
        return stdout.write(
          flags.json === true
            ? `${JSON.stringify(data, null, 2)}\n`
            : usageTable(steps) + subAgentNote(subAgents) + compactionNote(compactions),
        );
      }
      if (flags.json !== true) return showItems(thread, context);
      for await (const item of itemsOf(client, thread))
        await stdout.write(`${JSON.stringify(item)}\n`);
    };
  };

async function showItems(thread: string, { client, stdout, style }: CommandContext): Promise<void> {
  let linesOf = itemLines({ style, cwd: '/', maxDiff: 200, maxTail: 10 });
  for await (const item of itemsOf(client, thread)) {
    if (item.type === 'thread')
      linesOf = itemLines({ style, cwd: item.settings.cwd, maxDiff: 200, maxTail: 10 });
    const lines = [...saidLines(item, style), ...linesOf(item)];
    await stdout.write(lines.map((one) => `${one}\n`).join(''));
  }
}

/** What people and the model said, and where turns begin and end. */
function saidLines(item: Item, style: Style): readonly string[] {
  if (item.type === 'thread')
    return [
      style.bold(`thread ${item.id}`),
      ...startLines(item.settings, item.at),
      ...parentLines(item.parent),
    ];
  if (item.type === 'user')
    return ['', ...quoted(textOf(item.content).trimEnd()).map(style.bold), ''];
  if (item.type === 'assistant')
    return [shown(item.text.trim()), ...(item.cut === true ? [style.dim('(interrupted)')] : [])];
  if (item.type !== 'end' || item.status === 'completed') return [];
  const why = item.error === undefined ? '' : `: ${shown(item.error.message)}`;
  return [style.red(`turn ${item.status}${why}`)];
}

function quoted(text: string): readonly string[] {
  return shown(text)
    .split('\n')
    .map((one) => `> ${one}`);
}

function parentLines(parent: Parent | undefined): readonly string[] {
  return parent === undefined ? [] : [`sub-agent ${parent.agent ?? ''} of thread ${parent.thread}`];
}

function startLines(settings: Settings, at: number): readonly string[] {
  const { cwd, provider, model, sandbox, approval } = settings;
  const named = model === undefined ? provider : `${provider} ${model}`;
  return [
    `in ${shown(cwd)}, started ${new Date(at).toISOString()}`,
    `${named}, ${sandbox}, ${approval}`,
  ];
}
