/** `spindle thread gc`. */

import { invalid } from '../../../core/index.ts';
import { parse, positive } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import { table } from '../terminal/table.ts';
import { count, size } from '../terminal/words.ts';

interface Sum {
  readonly count: number;
  readonly bytes: number;
  readonly referred: number;
}

/** What the request `blob/collect` answers. */
interface Collected {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly aged: Sum;
  readonly over: Sum;
  readonly orphaned: Sum;
  readonly kept: Sum;
}

const dayMs = 86_400_000;
const units = { '': 1, k: 1e3, M: 1e6, G: 1e9 } as const;

/** Tells what whole outputs of calls could be freed; with `--yes` frees them. */
export const threadGc: Command = (argv) => {
  const known = { yes: {}, json: {}, days: { takes: 'N' }, size: { takes: 'SIZE' } } as const;
  const { flags, words } = parse(argv, known);
  if (words[0] !== undefined)
    throw invalid`expected no "${words[0]}": thread gc looks at all threads`;
  const days = positive('--days', flags.days, { whole: false });
  const bounds = {
    ...(days === undefined ? {} : { maxAgeMs: days * dayMs }),
    ...(flags.size === undefined ? {} : { maxBytes: bytesOf(flags.size) }),
  };
  return async ({ client, signal, stdout }) => {
    const apply = flags.yes === true;
    const answer = await client.call('blob/collect', { apply, ...bounds }, signal);
    const collected = answer as Collected; // what the request promises
    const json = () => `${JSON.stringify({ applied: apply, ...collected }, null, 2)}\n`;
    await stdout.write(flags.json === true ? json() : textOf(collected, apply));
  };
};

function bytesOf(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([kMG]?)B?$/.exec(text) ?? [];
  if (number !== undefined) return Number(number) * units[unit as keyof typeof units]; // as it matched
  throw invalid`expected --size to be a size such as 500M or 2G, but got "${text}"`;
}

function textOf({ maxAgeMs, maxBytes, ...sums }: Collected, isDone: boolean): string {
  const { aged, over, orphaned, kept } = sums;
  const days = Math.round((maxAgeMs / dayMs) * 10) / 10;
  const freed = size(aged.bytes + over.bytes + orphaned.bytes);
  const isNothing = aged.count + over.count + orphaned.count === 0;
  const what = isNothing ? 'nothing to free' : `would free ${freed}: spindle thread gc --yes`;
  return [
    table(
      [
        ['WHOLE OUTPUTS', 'COUNT', 'SIZE', ''],
        row(`unused for ${days} days`, aged),
        row(`the oldest, over ${size(maxBytes)} together`, over),
        row('of threads that are gone', orphaned),
        row('the rest', kept),
      ],
      [1, 2],
    ),
    isDone ? `freed ${freed}\n` : `${what}\n`,
  ].join('');
}

function row(what: string, sum: Sum): readonly string[] {
  const referred = sum.referred === 0 ? '' : `${count(sum.referred)} that threads refer to`;
  return [what, count(sum.count), size(sum.bytes), referred];
}
