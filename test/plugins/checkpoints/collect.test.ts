import assert from 'node:assert/strict';
import {
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { collect, isDue } from '../../../plugins/checkpoints/files/collect.ts';
import { Contents } from '../../../plugins/checkpoints/files/content.ts';
import { Records } from '../../../plugins/checkpoints/files/records.ts';
import { openCheckpoints, sh } from './place.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const day = 24 * 3_600_000;
const filler = (name: string) => name.repeat(1000);
const age = (path: string, days: number) => {
  const at = (Date.now() - days * day) / 1000;
  utimesSync(path, at, at);
};

/** A folder with records of threads: of each its age in days, and the contents that it names. */
function kept(
  t: TestContext,
  threads: Readonly<Record<string, readonly [number, readonly string[]]>>,
) {
  const folder = temporaryFolder(t);
  const [contents, records] = [new Contents(folder), new Records(folder)];
  for (const [thread, [days, texts]] of Object.entries(threads)) {
    for (const text of texts) {
      const hash = contents.put(Buffer.from(text));
      const after = { kind: 'file', hash, bytes: text.length, mode: 0o644 } as const;
      const before = { kind: 'none' } as const;
      const change = { path: '/x', before, after };
      records.append(thread, [{ type: 'change', at: 0, turn: 't', by: 'patch', ...change }]);
      age(join(folder, 'contents', hash), days);
    }
    age(join(folder, `${thread}.jsonl`), days);
  }
  return {
    folder,
    records,
    threads: () =>
      records
        .list()
        .map(({ thread }) => thread)
        .toSorted(),
    contents: () => readdirSync(join(folder, 'contents')).length,
  };
}

test('records that are too old go, and with them what no other one names', (t) => {
  const all = kept(t, { old: [40, ['a', 'shared']], young: [2, ['b', 'shared']] });
  collect(all.folder, all.records, { maxBytes: 1e6, maxAgeMs: 30 * day });
  assert.deepEqual([all.threads(), all.contents()], [['young'], 2]);
});

test('when it is too much, the oldest go first, and what is of the last hour stays', (t) => {
  const all = kept(t, {
    one: [3, [filler('a')]],
    two: [2, [filler('b')]],
    three: [1, [filler('c')]],
    now: [0, [filler('d')]],
  });
  collect(all.folder, all.records, { maxBytes: 2500, maxAgeMs: 30 * day });
  assert.deepEqual([all.threads(), all.contents()], [['now', 'three'], 2]);
  collect(all.folder, all.records, { maxBytes: 1, maxAgeMs: 30 * day });
  assert.deepEqual([all.threads(), all.contents()], [['now'], 1]);
});

test('it is due once a day', (t) => {
  const { folder } = kept(t, { one: [0, ['a']] });
  assert.deepEqual([isDue(folder), isDue(folder)], [true, false]);
  const yesterday = Date.now() / 1000 - 25 * 3600;
  utimesSync(join(folder, 'collected'), yesterday, yesterday);
  assert.equal(isDue(folder), true);
});

test('what was collected, or damaged, is said to be kept no longer', async (t) => {
  const thread = await openCheckpoints(t, { files: { 'a.txt': 'one\n', 'b.txt': 'two\n' } });
  await thread.turn(sh('echo 1 >> a.txt; echo 1 >> b.txt'));
  const [first = ''] = readdirSync(join(thread.kept, 'contents'));
  rmSync(join(thread.kept, 'contents', first));
  for (const name of readdirSync(join(thread.kept, 'contents')))
    writeFileSync(join(thread.kept, 'contents', name), 'damaged');
  const { uncovered, files } = await thread.revert({ dryRun: true });
  assert.deepEqual(files, []);
  assert.equal(uncovered.length, 2);
  assert.match(uncovered[0]?.why ?? '', /kept no longer: checkpoints are bounded/);
});

test('a record that a full disk or a kill cut off anywhere has its whole lines', (t) => {
  const { folder, records } = kept(t, { one: [0, ['a', 'b', 'c']] });
  assert.equal(records.read('one').length, 3);
  writeFileSync(join(folder, 'one.jsonl'), '{"type":"change","turn":"t"', { flag: 'a' });
  records.append('one', [{ type: 'ended', at: 0, turn: 't', run: 'r' }]);
  assert.deepEqual(
    records.read('one').map(({ type }) => type),
    ['change', 'change', 'change', 'ended'],
  );
});

test(
  'copies that are needed no more are let go',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const thread = await openCheckpoints(t, {
      files: { 'a.txt': 'one\n' },
      checkpoints: { maxCopyBytes: 5000 },
    });
    for (let turn = 0; turn < 10; turn++)
      await thread.turn(sh(`head -c 4000 /dev/urandom > a.txt`));
    const open = readdirSync('/proc/self/fd').map((name) => `/proc/self/fd/${name}`);
    const copies = open.filter((path) => linkAt(path).startsWith(`${thread.kept}/spool.`));
    assert.deepEqual(
      copies.map((path) => statSync(path).size <= 4 * 5000 + 4000),
      [true],
    );
    assert.equal((await thread.revert({ turn: '1' })).done, true);
    assert.equal(readFileSync(join(thread.cwd, 'a.txt'), 'utf8'), 'one\n');
  },
);

function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // it was closed meanwhile
  }
}
