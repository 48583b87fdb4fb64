import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const core = join(import.meta.dirname, '..', 'core');

/** Lines of a source that are neither blank nor only a comment. */
function codeLines(source: string): number {
  const bare = source.replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, '').replace(/^\s*\/\/.*$/gm, '');
  return bare.split('\n').filter((line) => line.trim() !== '').length;
}

test('core has at most 2,000 lines without blanks and comments', () => {
  const files = readdirSync(core).filter((name) => name.endsWith('.ts'));
  const sizes = files.map(
    (name) => [name, codeLines(readFileSync(join(core, name), 'utf8'))] as const,
  );
  const total = sizes.reduce((sum, [, lines]) => sum + lines, 0);
  assert.ok(
    total > 100,
    `expected to count the files of core, but saw ${total} lines in ${files.length} files`,
  );
  assert.ok(
    total <= 2000,
    `expected at most 2000 lines in core, but counted ${total}: ${sizes.map((size) => size.join(' ')).join(', ')}`,
  );
});

test('comments and blank lines are not counted', () => {
  assert.equal(
    codeLines('/** One\n * two. */\nconst a = 1; // three\n\n  // four\nconst b = 2;\n'),
    2,
  );
});
