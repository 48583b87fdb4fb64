import { frontEnds, KernelError } from '../../core/index.ts';
import type { Client, Item, Origin, Plugin } from '../../core/index.ts';
import { showCommand, showText } from '../policies/shell/show.ts';
import { parse } from './command-line/parse.ts';
import { type Command, runCommand } from './command-line/run.ts';
import { allThreads, findThread } from './threads/find.ts';
import { itemsOf } from './threads/pages.ts';

/** Options of `why`, given by the program that it is part of. */
export interface WhyOptions {
  /** The folder that `--last` means, a real path; default: the process's. */
  readonly cwd?: string;
}

/** `spindle why ID [--thread ID|--last]` tells of a decision who wanted what, what was decided, and by which rule. */
export default function why({ cwd = process.cwd() }: WhyOptions = {}): Plugin {
  return {
    name: 'why',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'why',
        description: 'Why something was allowed or denied: why ID',
        run: (client, argv, signal) =>
          runCommand(['show', ...argv], {
            name: 'why',
            commands: { show },
            client,
            signal,
            cwd,
          }),
      }),
  };
}

type Decision = Extract<Item, { type: 'decision' }>;
type Found = Readonly<{ thread: string; decision: Decision }>;

const show: Command = (argv) => {
  const { flags, words } = parse(argv, { json: {}, last: {}, thread: { takes: 'ID' } });
  const [id, ...more] = words;
  if (id === undefined || more.length > 0 || (flags.last && flags.thread !== undefined))
    throw new KernelError('invalid', 'expected one id: spindle why ID [--thread ID|--last]');
  return async ({ client, stdout, cwd }) => {
    const found: Found[] = [];
    for await (const thread of threadsOf(client, { ...flags, cwd }))
      for await (const decision of decisionsOf(client, thread, id))
        found.push({ thread, decision });
    if (found.length === 0)
      throw noSuchDecision(id, flags.thread !== undefined || flags.last === true);
    const text =
      flags.json === true ? JSON.stringify(found, null, 2) : found.map(shownDecision).join('\n\n');
    await stdout.write(`${text}\n`);
  };
};

interface Where {
  readonly last?: true;
  readonly thread?: string;
  readonly cwd: string;
}

async function* threadsOf(client: Client, { last, thread, cwd }: Where): AsyncGenerator<string> {
  if (last) yield findThread(client, { lastIn: cwd });
  else if (thread !== undefined) yield findThread(client, { thread });
  else for await (const { id } of allThreads(client, {})) yield id;
}

/** Those that the id names: their own, the beginning of it, or that of the call they belong to. */
async function* decisionsOf(client: Client, thread: string, id: string): AsyncGenerator<Decision> {
  for await (const item of itemsOf(client, thread)) {
    if (item.type !== 'decision') continue;
    if (item.id.startsWith(id) || item.call === id) yield item;
  }
}

function noSuchDecision(id: string, isOne: boolean): KernelError {
  const where = isOne ? 'that thread' : 'any thread';
  return new KernelError(
    'not_found',
    `there is no decision or call "${id}" in ${where}: "spindle thread export ID" shows the ids; effects outside threads are only in the audit log`,
  );
}

/** A sub-agent with the tool that it used. */
function whoOf({ kind, name, tool }: Origin): string {
  return `${kind} ${name}${tool === undefined ? '' : ` by ${tool}`}`;
}

function shownDecision({ thread, decision }: Found): string {
  const { id, origin, call, effect, verdict, by, reason, rule, policy, layer, file } = decision;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['decision', `${id} at ${new Date(decision.at).toISOString()}`],
    ['thread', thread],
    ['who', `${whoOf(origin)}${call === undefined ? '' : `, call ${call}`}`],
    ['what', shownEffect(effect)],
    ['verdict', `${verdict}${by === undefined ? '' : `, answered by ${by}`}`],
    ['reason', reason],
    ['rule', `${rule} (policy ${policy})`],
    ['layer', layer ?? 'none: no rule of the configuration decided'],
    ['file', file],
  ];
  const known = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  return known.map(([name, text]) => `${name.padEnd(9)} ${indented(showText(text))}`).join('\n');
}

function indented(text: string): string {
  return text.replaceAll('\n', `\n${' '.repeat(10)}`);
}

function shownEffect({ kind, ...data }: Decision['effect']): string {
  const { argv, ...rest } = data;
  const isArgv = Array.isArray(argv) && argv.every((one) => typeof one === 'string');
  const others = Object.entries(isArgv ? rest : data);
  const details = others.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(', ');
  return isArgv ? `${kind} ${showCommand(argv)}\n${details}` : `${kind} ${details}`;
}
