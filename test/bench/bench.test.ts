import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { casesNamed, runCases } from './cases.ts';
import { makePlace } from './place.ts';
import { median, takeTurns } from './rounds.ts';
import { quick } from './scale.ts';
import { tableOf, withFigures } from './table.ts';

/** Runs from the sources, so that nothing needs to be built. */
const launcher = join(import.meta.dirname, '../../config/spindle.cjs');

test('a case runs the programs, sees their requests and gives figures', async () => {
  using place = makePlace(launcher);
  const scale = { ...quick, longSteps: 10 };
  const figures = await runCases(casesNamed(['step', 'requests']), { scale, place });
  assert.equal(figures.length, 3);
  for (const { what, value } of figures) assert.ok(Number.isFinite(value), `${what}: ${value}`);
  const named = new Map(figures.map((figure) => [figure.what, figure]));
  assert.equal(named.get('requests of 11 that do not begin with the one before')?.value, 0);
  assert.ok((named.get('tools and instructions of the default preset')?.value ?? 0) > 1000);
});

test('a program that fails is told of with what it wrote', async () => {
  using place = makePlace(join(import.meta.dirname, 'no-such-launcher.cjs'));
  await assert.rejects(place.run('spindle'), /exit code 0, but got 1:[^]*no-such-launcher/);
});

test('programs take turns, the first run of each does not count', async () => {
  let count = 0;
  const order: string[] = [];
  const run = (name: string) => async () => {
    order.push(name);
    return ++count;
  };
  const runs = await takeTurns(2, { a: run('a'), b: run('b') });
  assert.equal(order.join(''), 'ababba');
  assert.deepEqual(runs, { a: [3, 6], b: [4, 5] });
});

test('the median of an even count is between the middle two', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([1, 9, 5, 4]), 4.5);
  assert.throws(() => median([]), /got none/);
});

test('an unknown case is named with those there are', () => {
  assert.throws(() => casesNamed(['steps']), /no case "steps"; there are: first-request, step/);
});

test('figures go between the marks of the document, once and again', () => {
  const table = tableOf([{ what: 'a', value: 51.04, unit: 'ms', target: 50 }]);
  assert.match(table, /^\| a +\| 51\.0 ms +\| ≤ 50\.0 ms \| no \| +\|$/m);
  const document = '# Title\n\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nrest\n';
  const written = withFigures(withFigures(document, 'first'), table);
  assert.ok(written.startsWith('# Title\n') && written.endsWith('-->\nrest\n'));
  assert.ok(written.includes(table) && !written.includes('old') && !written.includes('first'));
  assert.throws(() => withFigures('# Title\n', table), /expected the lines/);
});
