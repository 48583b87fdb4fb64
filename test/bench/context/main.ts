/** `npm run bench:context`: recorded threads under several ways to make room; docs/benchmarks.md says how. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { replay, strategies, type Outcome } from './replay.ts';
import { recordings } from './threads.ts';

const document = join(import.meta.dirname, '../../../docs/benchmarks.md');
/** For a million tokens, as a large model costs: the shares are what counts. */
const price = { input: 1.25, cached: 0.125 };

const head = [
  'thread',
  'strategy',
  'requests',
  'compactions',
  'rules kept',
  'tokens in',
  'cached',
  'largest request',
  'cost',
];

/** Replays all; with `--write` the table goes into the document. */
async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { write: { type: 'boolean', default: false } },
  });
  const rows: (readonly string[])[] = [];
  for (const recording of await recordings())
    for (const strategy of Object.keys(strategies))
      rows.push([recording.name, strategy, ...cells(await replay(recording, strategy))]);
  const table = [head, head.map(() => '---'), ...rows]
    .map((row) => `| ${row.join(' | ')} |\n`)
    .join('');
  process.stdout.write(table);
  if (!values.write) return;
  const [before = '', , after = ''] = readFileSync(document, 'utf8').split(
    /(?<=<!-- context: begin -->\n)|(?=<!-- context: end -->)/,
  );
  writeFileSync(document, `${before}\n${table}\n${after}`);
}

const count = (value: number) => Math.round(value).toLocaleString('en');

function cells(outcome: Outcome): readonly string[] {
  const { requests, compactions, kept, rules, input, cached, largest } = outcome;
  const cost = ((input - cached) * price.input + cached * price.cached) / 1e6;
  const share = `${Math.round((cached / input) * 100)} %`;
  return [
    `${requests}`,
    `${compactions}`,
    `${kept} of ${rules}`,
    count(input),
    share,
    count(largest),
    cost.toFixed(4),
  ];
}

await main(process.argv.slice(2));
