/** The index is read as git reads it, in whatever form git writes it. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { type Hash, readIndex } from '../../../../plugins/sandboxes/bubblewrap/index-file.ts';
import { has } from '../../../fixtures/sandboxes/bubblewrap.ts';
import { temporaryFolder } from '../../../fixtures/folders.ts';

const skip = !has('git') && 'there is no git';
const names = ['a/file', 'a/gone', 'a/sub', `b/${'long'.repeat(1100)}`, 'b/other', 'z'];
const links = ['a/sub', 'z'];

function indexOf(folder: string, hash: Hash, commands: readonly (readonly string[])[]) {
  const git = (args: readonly string[], input = '') =>
    execFileSync('git', args, { cwd: folder, input });
  git(['init', '-q', `--object-format=${hash}`]);
  const zeros = '1'.repeat(hash === 'sha1' ? 40 : 64);
  const lines = names.map(
    (name) => `${links.includes(name) ? '160000' : '100644'} ${zeros}\t${name}\n`,
  );
  git(['update-index', '--index-info'], lines.join(''));
  for (const args of commands) git(args);
  return join(folder, '.git/index');
}

const forms: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'version 2': [],
  'version 3': [['update-index', '--skip-worktree', 'a/file', 'z']],
  'version 4': [['update-index', '--index-version', '4']],
  'version 4 for several threads': [
    ['-c', 'index.threads=3', 'update-index', '--force-write-index', '--index-version', '4'],
  ],
};

for (const hash of ['sha1', 'sha256'] as const) {
  for (const [form, commands] of Object.entries(forms)) {
    test(`of ${form} with ${hash} all entries are read`, { skip }, (t) => {
      const index = readFileSync(indexOf(temporaryFolder(t), hash, commands));
      const read = readIndex(index, hash, true);
      assert.deepEqual(read, { gitlinks: links, paths: names, bases: [] });
    });
  }

  test(`of a split one with ${hash} the file is told that it builds on`, { skip }, (t) => {
    const file = indexOf(temporaryFolder(t), hash, [['update-index', '--split-index']]);
    const { bases = [] } = readIndex(readFileSync(file), hash) ?? {};
    assert.equal(bases.length, 1);
    const base = readFileSync(join(file, '..', bases[0] ?? ''));
    assert.deepEqual(readIndex(base, hash)?.gitlinks, links);
  });
}

test('a name that says another length than it has hides nothing behind it', { skip }, (t) => {
  const folder = temporaryFolder(t);
  const file = indexOf(folder, 'sha1', []);
  const index = readFileSync(file);
  index.write('\0', index.indexOf('a/file') + 1); // the length in the flags stays
  writeFileSync(file, index);
  assert.deepEqual(readIndex(index, 'sha1')?.gitlinks, links);
});

test('what does not end where it says, or begins elsewhere, is no index', { skip }, (t) => {
  const index = readFileSync(indexOf(temporaryFolder(t), 'sha1', []));
  const extension = (name: string, ...numbers: readonly number[]) => {
    const data = Buffer.alloc(4 * numbers.length);
    numbers.forEach((number, at) => data.writeUInt32BE(number, 4 * at));
    const head = Buffer.alloc(8);
    head.write(name);
    head.writeUInt32BE(data.length, 4);
    return Buffer.concat([index.subarray(0, -20), head, data, index.subarray(-20)]);
  };
  const entriesEnd = index.indexOf('TREE') < 0 ? index.length - 20 : index.indexOf('TREE');
  assert.ok(readIndex(extension('EOIE', entriesEnd), 'sha1'));
  assert.ok(readIndex(extension('IEOT', 1, 12, names.length), 'sha1'));
  const strange = [
    Buffer.from('x\n'),
    index.subarray(0, -21),
    extension('EOIE', 12),
    extension('IEOT', 1, 13, names.length),
    extension('IEOT', 1, 12, 1),
  ];
  for (const one of strange) assert.equal(readIndex(one, 'sha1'), undefined);
});
