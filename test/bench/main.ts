/** `npm run bench`: measures the built program; docs/benchmarks.md says what and how. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { builtProgram } from './build.ts';
import { casesNamed, runCases } from './cases.ts';
import { closeInherited } from './inherited.ts';
import { makePlace } from './place.ts';
import { full, quick } from './scale.ts';
import { isMet, machineOf, tableOf, withFigures } from './table.ts';

const document = join(import.meta.dirname, '../../docs/benchmarks.md');

/** Runs the named cases, or all; resolves to the exit code, 1 when a target is missed. */
async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      /** Puts the figures into the document. */
      write: { type: 'boolean', default: false },
      /** A round of each, to see that all works. */
      quick: { type: 'boolean', default: false },
      /** Another launcher than the one in dist, to compare with. */
      program: { type: 'string' },
    },
  });
  const chosen = casesNamed(positionals);
  if (values.write && (positionals.length > 0 || values.quick || values.program !== undefined))
    throw new Error('expected --write alone: the document holds the figures of all cases');
  const launcher = values.program === undefined ? await builtProgram() : resolve(values.program);
  closeInherited();
  using place = makePlace(launcher);
  const scale = values.quick ? quick : full;
  const figures = await runCases(chosen, { scale, place }, ({ name }) => {
    console.error(`measured ${name}`);
  });
  const text = `${machineOf()}\n\n${tableOf(figures)}`;
  console.log(text);
  if (values.write) writeFileSync(document, withFigures(readFileSync(document, 'utf8'), text));
  return figures.every(isMet) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
