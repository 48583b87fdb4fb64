/** The ladder of examples: each is short, says what it shows, runs, and checks itself. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'examples');
const rungs = readdirSync(folder).filter((name) => /^\d\d-/.test(name));
/** The program of `07-some-thing` is `some-thing.ts`. */
const programOf = (rung: string) => `${rung.slice('00-'.length)}.ts`;

test('the ladder has twelve rungs, one for each number', () => {
  const numbers = rungs.map((name) => Number(name.slice(0, 2)));
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

suite('an example', { concurrency: 2 }, () => {
  for (const rung of rungs) {
    const file = join(folder, rung, programOf(rung));

    test(`${rung} runs from any folder, and finds that it does what it says`, async () => {
      // It rejects when the program's own check exits with another code than 0.
      await promisify(execFile)(process.execPath, [file], { cwd: '/', timeout: 60_000 });
    });

    test(`${rung} says in its first line what it shows and how it is run, and fits on a screen`, () => {
      for (const name of readdirSync(join(folder, rung)).filter((one) => /\.[jt]s$/.test(one))) {
        const lines = readFileSync(join(folder, rung, name), 'utf8')
          .trimEnd()
          .split('\n');
        assert.match(lines[0] ?? '', /^\/\/ \S/, `expected ${name} to say what it is`);
        const code = lines.filter((line) => line.trim() !== '').length;
        assert.ok(
          code <= 60,
          `expected ${rung}/${name} to fit on a screen, but it has ${code} lines`,
        );
      }
      const [first = ''] = readFileSync(file, 'utf8').split('\n');
      const [number, ...words] = rung.split('-');
      assert.ok(first.startsWith(`// ${number} ${words.join(' ')} — `), first);
      assert.ok(first.endsWith(`\`node examples/${rung}/${programOf(rung)}\``), first);
    });

    test(`${rung} checks itself`, () => {
      assert.match(readFileSync(file, 'utf8'), /\bassert\b/);
    });
  }
});
