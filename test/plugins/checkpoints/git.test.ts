/** Git's files, read without git, compared with what git says of them. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import * as fc from 'fast-check';

import { applyDelta } from '../../../plugins/checkpoints/git/delta.ts';
import { looksClean, parseIndex } from '../../../plugins/checkpoints/git/index-file.ts';
import { blobOid, GitObjects } from '../../../plugins/checkpoints/git/objects.ts';
import { repositoryAround, repositoryAt } from '../../../plugins/checkpoints/git/repository.ts';
import { commitAll, git } from './place.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

/** A repository with several versions of some files: texts that git stores as deltas, and bytes. */
function repository(t: TestContext, versions = 1): string {
  const root = temporaryFolder(t);
  const lines = Array.from({ length: 400 }, (_, at) => `line ${at} ${'x'.repeat(at % 50)}`);
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'naïve name'), 'ü\n');
  for (let version = 0; version < versions; version++) {
    lines[version * 30] = `changed in ${version}`;
    writeFileSync(join(root, 'text'), lines.join('\n'));
    writeFileSync(
      join(root, 'bytes'),
      Buffer.from(lines.join('')).map((byte) => byte ^ version),
    );
    commitAll(root);
  }
  return root;
}

/** The names of all contents that git has. */
function blobsOf(root: string): readonly string[] {
  const listed = git(root, 'cat-file', '--batch-all-objects', '--batch-check').split('\n');
  return listed.filter((line) => / blob /.test(line)).map((line) => line.slice(0, 40));
}

function assertRead(folder: string, oids: readonly string[]): void {
  const objects = new GitObjects(folder);
  for (const oid of oids) {
    const bytes = objects.blob(oid, 1e6);
    assert.equal(bytes && blobOid(bytes), oid);
  }
}

test('every content is read, loose, packed as deltas, and from where a clone borrows it', (t) => {
  const root = repository(t, 12);
  const blobs = blobsOf(root);
  assert.ok(blobs.length > 20);
  assertRead(join(root, '.git/objects'), blobs);
  git(root, 'gc', '--quiet', '--aggressive', '--prune=now');
  assert.match(git(root, 'verify-pack', '-v', ...packsOf(root)), /chain length = \d/);
  assertRead(join(root, '.git/objects'), blobs);
  git(root, 'clone', '--quiet', '--shared', '.', join(root, 'clone'));
  assertRead(join(root, 'clone/.git/objects'), blobs);
});

function packsOf(root: string): readonly string[] {
  const folder = join(root, '.git/objects/pack');
  const names = readdirSync(folder).filter((name) => name.endsWith('.idx'));
  return names.map((name) => join(folder, name));
}

test('what is not there, too large or no content of a file is nothing', (t) => {
  const root = repository(t);
  const objects = new GitObjects(join(root, '.git/objects'));
  const oid = git(root, 'rev-parse', 'HEAD:text').trim();
  assert.equal(objects.blob('0'.repeat(40), 1e6), undefined);
  assert.equal(objects.blob(git(root, 'rev-parse', 'HEAD').trim(), 1e6), undefined);
  assert.equal(objects.blob(git(root, 'rev-parse', 'HEAD:').trim(), 1e6), undefined);
  assert.equal(objects.blob(oid, 10), undefined);
  assert.deepEqual(objects.blob(oid, 1e6), readFileSync(join(root, 'text')));
  git(root, 'gc', '--quiet');
  assert.equal(new GitObjects(join(root, '.git/objects')).blob(oid, 10), undefined);
});

for (const version of ['2', '4'])
  test(`an index of version ${version} has the files, modes and contents that git lists`, (t) => {
    const root = repository(t);
    writeFileSync(join(root, 'later'), 'l');
    git(root, 'add', '--intent-to-add', 'later');
    git(root, 'update-index', '--index-version', version, '--chmod=+x', 'text');
    const index = parseIndex(readFileSync(join(root, '.git/index')));
    const listed = git(root, 'ls-files', '--stage', '-z').split('\0').filter(Boolean);
    const found = [...(index?.entries ?? [])].map(
      ([path, { mode, oid }]) => `${mode.toString(8)} ${oid} 0\t${path}`,
    );
    assert.deepEqual(
      found,
      listed.filter((line) => !line.endsWith('\tlater')),
    );
  });

test('an index that is split, sparse, cut off or none at all is not understood, and no wrong one', (t) => {
  const root = repository(t);
  const bytes = readFileSync(join(root, '.git/index'));
  assert.equal(parseIndex(Buffer.from('nothing')), undefined);
  assert.equal(parseIndex(Buffer.alloc(0)), undefined);
  for (let cut = 0; cut < bytes.length - 20; cut++) {
    const index = parseIndex(bytes.subarray(0, cut));
    assert.ok(index === undefined || index.entries.size <= 4);
  }
  git(root, 'update-index', '--split-index');
  assert.equal(parseIndex(readFileSync(join(root, '.git/index'))), undefined);
});

test('a file is clean only if it looks as the index says, and the index is newer', (t) => {
  const root = repository(t);
  const index = parseIndex(readFileSync(join(root, '.git/index')));
  const entry = index?.entries.get('text');
  assert.ok(entry);
  const stats = statSync(join(root, 'text'));
  const later = stats.mtimeMs + 1000;
  assert.equal(looksClean(entry, stats, later), true);
  assert.equal(looksClean(entry, stats, stats.mtimeMs), false);
  writeFileSync(join(root, 'text'), readFileSync(join(root, 'text')));
  assert.equal(looksClean(entry, statSync(join(root, 'text')), later + 1000), false);
});

test('a repository is found from a folder in it; one with names of SHA-256 is not read', (t) => {
  const root = repository(t);
  assert.equal(repositoryAround(join(root, 'a/b'))?.root, root);
  assert.equal(repositoryAt(join(root, 'a')), undefined);
  assert.equal(repositoryAt(root)?.index()?.entries.size, 4);
  git(root, 'config', 'extensions.objectFormat', 'sha256');
  assert.equal(repositoryAt(root)?.index(), undefined);
});

test('a delta that is damaged makes nothing, and never more than it says', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(bytes, bytes, (base, delta) => {
      const made = applyDelta(base, delta, 1000);
      return made === undefined || made.length <= 1000;
    }),
  );
});
