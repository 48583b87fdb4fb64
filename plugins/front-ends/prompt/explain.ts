/** `spindle prompt explain`. */

import { KernelError } from '../../../core/index.ts';
import { parse, positive } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import { line, type Style } from '../terminal/style.ts';
import { table } from '../terminal/table.ts';
import { count } from '../terminal/words.ts';
import { findThread } from '../threads/find.ts';
import { type Asking, explained, type Explanation, type Subject } from './explanation.ts';

const flagsOf = {
  thread: { takes: 'ID' },
  last: {},
  request: { takes: 'NUMBER' },
  json: {},
} as const;

/** A request of a thread, or what a new one would send with the words given; as a table or as JSON. */
export function promptExplain({ settings }: Asking): Command {
  return (argv) => {
    const { flags, words, verbatim } = parse(argv, flagsOf);
    const number = positive('--request', flags.request, { whole: true });
    const said = [...words, ...verbatim];
    const isStored = flags.thread !== undefined || flags.last === true;
    if (said.length > 1 || (isStored && said.length > 0) || (number !== undefined && !isStored))
      throw usage();
    if (flags.thread !== undefined && flags.last === true) throw usage();
    return async ({ client, cwd, signal, stdout, style }) => {
      const named = flags.thread === undefined ? { lastIn: cwd } : { thread: flags.thread };
      const subject: Subject = isStored
        ? { thread: await findThread(client, named), number }
        : { input: said[0], settings };
      const explanation = await explained(client, subject, signal);
      await stdout.write(
        flags.json === true
          ? `${JSON.stringify(explanation, null, 2)}\n`
          : shownRequest(explanation, style),
      );
    };
  };
}

function usage(): KernelError {
  return new KernelError(
    'invalid',
    'expected spindle prompt explain [PROMPT], or --thread ID or --last with [--request NUMBER]',
  );
}

function shownRequest(explanation: Explanation, style: Style): string {
  const { provider, model, thread, request, bytes, hash, envelope, parts } = explanation;
  const rows = parts.map((part) => [
    part.kind,
    line(part.name, 30),
    part.owner,
    line(part.source, 60),
    part.role,
    part.stability,
    part.pinned ? 'yes' : '',
    count(part.bytes),
    count(part.tokens),
    part.hash,
  ]);
  const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
  const blank = ['', '', '', '', '', ''];
  const [head = '', ...others] = table(
    [
      ['PART', 'NAME', 'PLUGIN', 'SOURCE', 'ROLE', 'READ', 'PINNED', 'BYTES', 'TOKENS', 'HASH'],
      ...rows,
      ['envelope', ...blank, count(envelope), '', ''],
      ['request', ...blank, count(bytes), count(tokens), hash],
    ],
    [7, 8],
  ).split('\n');
  const which = thread === undefined ? 'a new thread' : `thread ${thread}`;
  const title = `${request === undefined ? 'the next request' : `request ${request}`} of ${which} to ${provider} ${model}`;
  return [
    `${style.bold(title)}\n`,
    [style.dim(head), ...others].join('\n'),
    usageLine(explanation),
    faultLine(explanation, style),
  ].join('');
}

function usageLine({ usage: told }: Explanation): string {
  if (told === undefined) return '';
  const { input, cached } = told;
  return `the provider counted ${count(input)} tokens, ${count(cached)} of them cached\n`;
}

function faultLine({ fault }: Explanation, style: Style): string {
  return fault === undefined ? '' : style.yellow(`! ${line(fault, 1000)}\n`);
}
