/** docs/security.md names tests: they are there. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

/** Each test that a row names, with its file. */
function named(row: string) {
  const lines = row.split('\n').filter((line) => line.startsWith('- `'));
  return lines.flatMap((line) => {
    const [, file = ''] = /^- `([^`]+)`/.exec(line) ?? [];
    return [...line.matchAll(/"([^"]+)"/g)].map(([, name = '']) => ({ file, name }));
  });
}

const rows = page.split(/^\*\*(?=\d+\. )/m).slice(1);

test('docs/security.md has twenty rows, and each names tests that are there', () => {
  assert.deepEqual(
    rows.map((row) => Number.parseInt(row, 10)),
    Array.from({ length: 20 }, (_, at) => at + 1),
  );
  for (const row of rows) {
    const tests = named(row);
    assert.ok(tests.length > 0, row);
    for (const { file, name } of tests) {
      const text = readFileSync(join(root, file), 'utf8');
      assert.ok(text.includes(name), `expected a test "${name}" in ${file}`);
    }
  }
});
