import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { Change } from '../../../../plugins/tools/patch/plan.ts';
import { unifiedDiff } from '../../../../plugins/tools/patch/unified-diff.ts';

const run = promisify(execFile);
const numbers = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join('');

const exact: readonly [string, Change, string][] = [
  [
    'an update, with three lines of context',
    {
      kind: 'update',
      path: 'src/a b.ts',
      before: numbers,
      after: numbers.replace('line 9\n', 'x\n'),
    },
    'diff --git a/src/a b.ts b/src/a b.ts\n--- a/src/a b.ts\t\n+++ b/src/a b.ts\t\n@@ -6,7 +6,7 @@\n line 6\n line 7\n line 8\n-line 9\n+x\n line 10\n line 11\n line 12\n',
  ],
  [
    'an add without a last newline',
    { kind: 'add', path: 'a', after: 'x\ny' },
    'diff --git a/a b/a\nnew file mode 100644\n--- /dev/null\n+++ b/a\n@@ -0,0 +1,2 @@\n+x\n+y\n\\ No newline at end of file\n',
  ],
  [
    'a delete',
    { kind: 'delete', path: 'a', before: 'x\n' },
    'diff --git a/a b/a\ndeleted file mode 100644\n--- a/a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n',
  ],
  [
    'a move with an update of CRLF',
    { kind: 'move', path: 'a', to: 'b/c', before: 'x\r\n', after: 'y\r\n' },
    'diff --git a/a b/b/c\nrename from a\nrename to b/c\n--- a/a\n+++ b/b/c\n@@ -1,1 +1,1 @@\n-x\r\n+y\r\n',
  ],
  [
    'a move alone',
    { kind: 'move', path: 'a', to: 'b', before: 'x\n', after: 'x\n' },
    'diff --git a/a b/b\nrename from a\nrename to b\n',
  ],
];

const thousands = (word: string) =>
  Array.from({ length: 3000 }, (_, index) => `${word} ${index}\n`).join('');

const applied: readonly [string, Change][] = [
  [
    'an update',
    {
      kind: 'update',
      path: 'a',
      before: numbers,
      after: numbers.replace('line 2\n', '').replace('line 19', 'x'),
    },
  ],
  [
    'an update at the very beginning',
    { kind: 'update', path: 'a', before: numbers, after: `x\n${numbers}` },
  ],
  ['an update of CRLF', { kind: 'update', path: 'a', before: 'a\r\nb\r\nc', after: 'a\r\nx\r\nc' }],
  [
    'an update that ends without a newline',
    { kind: 'update', path: 'a', before: 'a\nb', after: 'a\nx' },
  ],
  ['an update to the empty file', { kind: 'update', path: 'a', before: 'a\n', after: '' }],
  ['an update of the empty file', { kind: 'update', path: 'a', before: '', after: 'a\n' }],
  [
    'an update of a file with a lone CR and a byte order mark',
    { kind: 'update', path: 'a', before: '\uFEFFa\rb\nc\n', after: '\uFEFFa\rb\nd\n' },
  ],
  [
    'an update too large for the smallest diff',
    {
      kind: 'update',
      path: 'a',
      before: `${numbers}${thousands('x')}${numbers}`,
      after: `${numbers}${thousands('y')}${numbers}`,
    },
  ],
  [
    'an update too large for the smallest diff, without a last newline',
    { kind: 'update', path: 'a', before: `${thousands('x')}end`, after: `${thousands('y')}end` },
  ],
  ['an add in a new folder', { kind: 'add', path: 'd/e/f.txt', after: 'a\n' }],
  ['an add of the empty file', { kind: 'add', path: 'empty', after: '' }],
  ['a delete', { kind: 'delete', path: 'a', before: 'a\nb' }],
  ['a delete of the empty file', { kind: 'delete', path: 'a', before: '' }],
  ['a move', { kind: 'move', path: 'a', to: 'b c', before: numbers, after: numbers }],
  [
    'a move with an update',
    {
      kind: 'move',
      path: 'a b',
      to: 'd/c',
      before: numbers,
      after: numbers.replace('line 9', 'x'),
    },
  ],
  [
    'a path with quotes, a backslash, a tab and letters beyond ASCII',
    { kind: 'update', path: 'ä "q"\\\t.txt', before: 'a\n', after: 'b\n' },
  ],
];

describe('unifiedDiff', () => {
  for (const [what, change, diff] of exact) {
    it(`writes ${what}`, async () => {
      assert.equal(await unifiedDiff(change), diff);
    });
  }

  for (const [what, change] of applied) {
    it(`gives what git apply takes for ${what}`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'spindle-diff-'));
      t.after(() => rm(folder, { recursive: true }));
      await write(join(folder, '.patch'), await unifiedDiff(change));
      if (change.kind !== 'add') await write(join(folder, change.path), change.before);
      await run('git', ['-c', 'core.autocrlf=false', 'apply', '--whitespace=nowarn', '.patch'], {
        cwd: folder,
        env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(folder) },
      });
      const target = change.kind === 'move' ? change.to : change.path;
      if (change.kind !== 'delete')
        assert.equal(await readFile(join(folder, target), 'utf8'), change.after);
      if (change.kind === 'delete' || change.kind === 'move')
        await assert.rejects(access(join(folder, change.path)));
    });
  }
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
