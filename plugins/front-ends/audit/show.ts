/** `spindle audit show`. */

import { KernelError } from '../../../core/index.ts';
import type { Client } from '../../../core/index.ts';
import { parse } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import { line as oneLine, type Style } from '../terminal/style.ts';

type Line = Readonly<Record<string, unknown>>;
type Page = { readonly lines: readonly Line[]; readonly next?: unknown };

/** What was decided, oldest first; with `--thread` in one thread; with `--json` the lines as they are. */
export const auditShow: Command = (argv) => {
  const { flags, words } = parse(argv, { json: {}, thread: { takes: 'ID' } });
  if (words.length > 0)
    throw new KernelError('invalid', `expected audit show [--thread ID], but got "${words[0]}"`);
  return async ({ client, stdout, style }) => {
    for await (const line of linesOf(client, flags.thread)) {
      const shown = flags.json === true ? JSON.stringify(line) : textOf(line, style);
      if (shown !== '') await stdout.write(`${shown}\n`);
    }
  };
};

async function* linesOf(client: Client, thread: string | undefined): AsyncGenerator<Line> {
  let from: unknown;
  do {
    const page = (await client.call('audit/read', { thread, from })) as Page; // as the plugin says
    yield* page.lines;
    from = page.next;
  } while (from !== undefined);
}

function textOf(line: Line, style: Style): string {
  const { type, at, by, verdict, decision, policy, rule, reason, file, thread } = line;
  const time = typeof at === 'number' ? new Date(at).toISOString() : '';
  const said =
    type === 'decision' ? text(verdict) : type === 'approval' ? text(decision) : text(type);
  const mark = ['allow', 'once', 'thread', 'project'].includes(said) ? style.green : style.red;
  if (type === 'log') return '';
  if (type !== 'decision' && type !== 'approval')
    return `${style.dim(time)}  ${style.red(said)}  ${oneLine(text(line['found'] ?? line['count']))}`;
  const who = type === 'approval' ? `answered by ${text(by)}` : `${text(policy)}: ${text(rule)}`;
  const where = file === undefined ? '' : ` (${text(file)})`;
  const head = `${style.dim(time)}  ${mark(said.padEnd(7))}  ${oneLine(whatOf(line), 120)}`;
  const why = `${who}${where}, because ${text(reason)}`;
  const place = thread === undefined ? 'outside any thread' : `thread ${text(thread).slice(0, 13)}`;
  return `${head}\n    ${style.dim(oneLine(`${originOf(line)}; ${why}; ${place}`, 240))}`;
}

/** The effect in a few words. */
function whatOf({ effect }: Line): string {
  const { kind, ...data } = Object(effect) as Line; // any object
  const { argv, path, url, method, server, tool, process, remove } = data;
  const command = Array.isArray(argv) ? argv.map(text).join(' ') : '';
  const words = [
    kind === 'write' && remove === true ? 'remove' : kind,
    method,
    server === undefined ? undefined : `${text(server)}/${text(tool)}`,
    path ?? url ?? process,
    command,
  ];
  return words.map(text).filter(Boolean).join(' ');
}

function originOf({ origin }: Line): string {
  const { kind, name, tool } = Object(origin) as Line; // any object
  return [kind, name, tool].map(text).filter(Boolean).join(' ');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
