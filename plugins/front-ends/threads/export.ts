/** `spindle thread export`. */

import { textOf } from '../../../core/index.ts';
import type { CallItem, Item, ResultItem } from '../../../core/index.ts';
import { oneOf, parse } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import { endingOf, viewOf, type PlanStep } from '../view/call-view.ts';
import { findThreads } from './find.ts';
import { itemsOf } from './pages.ts';
import { namedThreads } from './words.ts';

/** The whole thread as one JSON document of its items (docs/threads.md), or as Markdown for people. */
export const threadExport: Command = (argv) => {
  const { flags, words } = parse(argv, { last: {}, format: { takes: 'json|markdown' } });
  const named = namedThreads('export', words, { isLast: flags.last === true });
  const format = oneOf('--format', flags.format, ['json', 'markdown']) ?? 'json';
  return async ({ client, cwd, stdout }) => {
    const [thread] = await findThreads(named, { client, cwd });
    const markdown = format === 'markdown' ? markdownOf() : undefined;
    let isFirst = true;
    for await (const item of itemsOf(client, thread)) {
      const json = `${isFirst ? `{"thread":${JSON.stringify(thread)},"items":[\n` : ',\n'}${JSON.stringify(item)}`;
      isFirst = false;
      await stdout.write(markdown === undefined ? json : markdown(item));
    }
    if (markdown === undefined) await stdout.write('\n]}\n');
  };
};

/** Items to Markdown, one after the other. */
function markdownOf(): (item: Item) => string {
  const calls = new Map<string, CallItem>();
  return (item) => {
    if (item.type === 'call') calls.set(item.call, item);
    return item.type === 'result' ? resultMarkdown(item, calls.get(item.call)) : saidMarkdown(item);
  };
}

function saidMarkdown(item: Item): string {
  if (item.type === 'thread') {
    const started = new Date(item.at).toISOString();
    return `# Thread ${item.id}\n\nIn \`${item.settings.cwd}\`, started ${started}.\n\n`;
  }
  if (item.type === 'user') return `## User\n\n${textOf(item.content)}\n\n`;
  if (item.type === 'assistant') return `## Assistant\n\n${item.text.trim()}\n\n`;
  if (item.type !== 'end' || item.status === 'completed') return '';
  return `*Turn ${item.status}: ${item.error?.message ?? 'no reason given'}*\n\n`;
}

function resultMarkdown(result: ResultItem, call: CallItem | undefined): string {
  const text = textOf(result.content);
  if (call === undefined) return fenced(text, '');
  const view = viewOf(call, result);
  switch (view.kind) {
    case 'command':
    case 'input':
      return `${fenced(`$ ${view.command}\n${view.output}`, 'console')}*${endingOf(view)}*\n\n`;
    case 'patch': {
      const diffs = view.changes.map(({ diff }) => diff ?? '').join('');
      return diffs === '' ? fenced(text, '') : fenced(diffs, 'diff');
    }
    case 'plan':
      return `${view.steps.map(planLine).join('')}\n`;
    case 'other':
      return `**${result.name}**\n\n${fenced(call.args, 'json')}${fenced(text, '')}`;
  }
}

function planLine({ step, status }: PlanStep): string {
  return `- [${status === 'completed' ? 'x' : ' '}] ${step}\n`;
}

/** A block whose fence is longer than any in the text. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/gu)].map(([fence]) => fence.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.trimEnd()}\n${fence}\n\n`;
}
