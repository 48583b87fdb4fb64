import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

import { commitAll, openCheckpoints, patch, sh } from './place.ts';

const files = {
  'a.txt': 'one\ntwo\n',
  'b.txt': 'b\n',
  'old name': 'moved\n',
  'x.sh': 'x\n',
  gone: '',
};

test("a turn's diff is all of it as one, which git applies", async (t) => {
  const thread = await openCheckpoints(t, { files });
  commitAll(thread.cwd);
  const before = thread.snapshot();
  await thread.turn(
    patch('*** Update File: a.txt', '@@', '-two', '+2'),
    sh("echo 3 >> a.txt; mv 'old name' 'new name'; chmod +x x.sh; rm gone; ln -s a.txt link"),
    sh('mkdir sub; printf unfinished > sub/n; echo 1 > b.txt; echo b > b.txt'),
  );
  const after = thread.snapshot();
  const { diff = '', files: changed } = await thread.diff();
  assert.match(diff, /^-two\n\+2\n\+3$/m);
  assert.match(diff, /^rename from old name\nrename to new name$/m);
  assert.match(diff, /^old mode 100644\nnew mode 100755$/m);
  assert.match(diff, /^new file mode 120000$/m);
  assert.match(diff, /^\\ No newline at end of file$/m);
  assert.doesNotMatch(diff, /b\.txt/);
  assert.equal(changed.length, 6);
  await thread.revert();
  assert.deepEqual(thread.snapshot(), before);
  const applied = spawnSync('git', ['apply', '-'], { cwd: thread.cwd, input: diff });
  assert.equal(applied.status, 0, String(applied.stderr));
  assert.deepEqual(thread.snapshot(), after);
});

test('the diff of a running turn grows, and is not made again when nothing is new', async (t) => {
  const thread = await openCheckpoints(t, { files });
  const seen: Promise<unknown>[] = [];
  await thread.watch([sh('echo 1 >> a.txt'), sh('ls'), sh('echo 2 >> a.txt')], (event) => {
    if (event.type === 'item/appended' && event.item.type === 'result')
      seen.push(thread.diff().then(({ diff = '' }) => diff.match(/^\+\d$/gm)?.join('')));
  });
  assert.deepEqual(await Promise.all(seen), ['+1', '+1', '+1+2']);
  const { version, turn } = await thread.diff();
  assert.deepEqual(await thread.diff({ version }), { thread: thread.id, version });
  await thread.turn(sh('echo 3 >> a.txt'));
  const later = await thread.diff({ version });
  assert.match(later.diff ?? '', /^ 2\n\+3$/m);
  assert.match((await thread.diff({ turn })).diff ?? '', /^\+1\n\+2$/m);
  assert.doesNotMatch((await thread.diff({ turn: '1' })).diff ?? '', /\+3/);
});

test('the list has what each turn changed, and which were taken back', async (t) => {
  const thread = await openCheckpoints(t, { files });
  await thread.turn(sh('echo 1 >> a.txt'));
  await thread.turn(sh("mv 'old name' new; rm gone"));
  await thread.revert();
  const { turns } = (await thread.client.call('checkpoint/list', { thread: thread.id })) as {
    turns: readonly { number: number; reverted: boolean; files: readonly object[] }[];
  };
  const path = (name: string) => `${thread.cwd}/${name}`;
  assert.deepEqual(
    turns.map(({ number, reverted, files: changed }) => ({ number, reverted, changed })),
    [
      { number: 1, reverted: false, changed: [{ path: path('a.txt'), kind: 'update' }] },
      {
        number: 2,
        reverted: true,
        changed: [
          { path: path('gone'), kind: 'delete' },
          { path: path('old name'), kind: 'move', to: path('new') },
        ],
      },
    ],
  );
});
