/** Nothing is overwritten or removed that a turn did not write. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { aroundEffect, type Client, type Item, type Plugin } from '../../../core/index.ts';
import { commitAll, openCheckpoints, patch, sh } from './place.ts';

test('what git ignores and a patch changed is not taken for removed by the command that follows', async (t) => {
  const ignored = { '.gitignore': 'x.log\nout\n', 'x.log': 'l\n' };
  const thread = await openCheckpoints(t, { files: { 'a.txt': 'one\n', ...ignored } });
  commitAll(thread.cwd);
  const before = thread.snapshot();
  await thread.turn(
    sh('echo 0 >> a.txt'),
    patch('*** Update File: x.log', '@@', '-l', '+m', '*** Add File: out/y', '+y'),
    sh('echo 1 >> a.txt'),
  );
  assert.equal((await thread.revert()).done, true);
  assert.deepEqual(thread.snapshot(), before);
});

test('what was ignored and is no longer was not made by the turn, and the other way round not removed', async (t) => {
  const ignored = { '.gitignore': '.env\nout\n', '.env': 'KEY=1\n', 'out/y': 'mine\n' };
  const thread = await openCheckpoints(t, { files: { 'a.txt': 'one\n', ...ignored } });
  commitAll(thread.cwd);
  const before = thread.snapshot();
  await thread.turn(sh('echo 0 >> a.txt; echo a.txt.bak > .gitignore'));
  const { done, uncovered } = await thread.revert();
  assert.equal(done, true);
  const why = 'it was not covered before';
  for (const name of ['.env', 'out', 'out/y'])
    assert.ok(uncovered.some((one) => one.path === join(thread.cwd, name) && one.why === why));
  assert.deepEqual(thread.snapshot(), before);
  await thread.turn(sh('echo 0 > new; echo 1 >> a.txt; echo new >> .gitignore'));
  assert.equal((await thread.revert()).done, true);
  assert.deepEqual(thread.snapshot(), { ...before, new: thread.snapshot()['new'] });
});

test('what git has in another form than the work tree is not put in its place', async (t) => {
  const files = { 'a.txt': 'one\r\ntwo\r\n', '.gitattributes': '* text=auto\n' };
  const thread = await openCheckpoints(t, { files });
  utimesSync(join(thread.cwd, 'a.txt'), 1e9, 1e9);
  commitAll(thread.cwd);
  await thread.turn(sh('echo 3 >> a.txt'));
  const state = thread.snapshot();
  const { uncovered } = await thread.revert();
  assert.deepEqual(uncovered, [
    { path: join(thread.cwd, 'a.txt'), why: 'git keeps it in another form' },
  ]);
  assert.deepEqual(thread.snapshot(), state);
});

for (const called of [sh('echo 1 >> b.txt'), patch('*** Update File: b.txt', '@@', '-two', '+2')])
  test(`what is changed by hand while ${called.name} waits for a yes is of other hands`, async (t) => {
    let count = 0;
    const thread = await openCheckpoints(t, {
      files: { 'a.txt': 'one\n', 'b.txt': 'two\n' },
      policy: ({ kind, origin }) => {
        const isAct = kind === 'spawn' || kind === 'write';
        const verdict = isAct && origin.kind === 'tool' ? 'ask' : 'allow';
        return { verdict, reason: 'a test', rule: 'asks' };
      },
      answer: () => {
        for (const name of ['a.txt', 'b.txt'])
          writeFileSync(join(thread.cwd, name), `two\nmine ${++count}\n`);
        mine = thread.snapshot();
        return { decision: 'once' };
      },
      settings: { approval: 'on-request' },
    });
    let mine = thread.snapshot();
    await thread.turn(called);
    assert.notDeepEqual(thread.snapshot(), mine);
    const { done, changed } = await thread.revert();
    assert.deepEqual([done, changed], [true, []]);
    assert.deepEqual(thread.snapshot(), mine);
  });

test('what a revert overwrote just before the program was killed comes back with an undo', async (t) => {
  const thread = await openCheckpoints(t, { files: { 'a.txt': 'one\n' } });
  const before = thread.snapshot();
  await thread.turn(sh('echo 1 >> a.txt'));
  const after = thread.snapshot();
  await thread.revert();
  assert.deepEqual(thread.snapshot(), before);
  const [record = ''] = readdirSync(thread.kept).filter((name) => name.endsWith('.jsonl'));
  const text = readFileSync(join(thread.kept, record), 'utf8');
  const begun = text.indexOf('"step":"begun"');
  truncateSync(join(thread.kept, record), text.indexOf('\n', begun) + 1);
  assert.equal((await thread.undo()).done, true);
  assert.deepEqual(thread.snapshot(), after);
});

test('a write of a revert that a full disk cut off leaves the file as it was', async (t) => {
  let isFull = false;
  const filling: Plugin = {
    name: 'filling',
    api: 1,
    setup: (host) =>
      void host.add(aroundEffect, (what, next) => {
        if (!isFull || what.kind !== 'write') return next(what);
        isFull = false;
        writeFileSync(what.path, 'o');
        throw new Error('ENOSPC: no space left on device');
      }),
  };
  const thread = await openCheckpoints(t, { files: { 'a.txt': 'one\n' }, plugins: [filling] });
  const before = thread.snapshot();
  await thread.turn(sh('echo 1 >> a.txt'));
  const after = thread.snapshot();
  const contents = () => readdirSync(join(thread.kept, 'contents'));
  const kept = contents();
  isFull = true;
  const { done, failed } = await thread.revert();
  assert.deepEqual(
    [done, failed.map(({ why }) => why)],
    [false, ['ENOSPC: no space left on device']],
  );
  assert.deepEqual(thread.snapshot(), after);
  assert.deepEqual(contents(), kept, 'expected nothing more to be kept on the full disk');
  await assert.rejects(thread.undo(), { code: 'not_found' });
  assert.equal((await thread.revert()).done, true);
  assert.deepEqual(thread.snapshot(), before);
});

test('a file that the turn closed for writing comes back', async (t) => {
  const thread = await openCheckpoints(t, { files: { 'a.txt': 'one\n' } });
  const before = thread.snapshot();
  await thread.turn(sh('echo 1 >> a.txt; chmod 444 a.txt'));
  const after = thread.snapshot();
  assert.deepEqual((await thread.revert()).failed, []);
  assert.deepEqual(thread.snapshot(), before);
  assert.deepEqual((await thread.undo()).failed, []);
  assert.deepEqual(thread.snapshot(), after);
});

test('files that are seen through a link in the place of their folder come back, too', async (t) => {
  const thread = await openCheckpoints(t, { files: { 'd/a.txt': 'one\n', 'd/e/b.txt': 'two\n' } });
  commitAll(thread.cwd);
  const before = thread.snapshot();
  await thread.turn(sh('mv d moved; ln -s moved d; echo 1 >> d/a.txt'));
  const after = thread.snapshot();
  assert.deepEqual(
    await thread.revert().then(({ done, failed, uncovered }) => [done, failed, uncovered]),
    [true, [], []],
  );
  assert.deepEqual(thread.snapshot(), before);
  assert.equal((await thread.undo()).done, true);
  assert.deepEqual(thread.snapshot(), after);
});

test('what commands of two threads changed at the same time is taken back only with a yes', async (t) => {
  const thread = await openCheckpoints(t, { files: { 'a.txt': 'one\n', 'b.txt': 'two\n' } });
  const { client, cwd } = thread;
  const { id: other } = await client.request('thread/start', { ephemeral: true });
  const waiting = 'until [ -e go ]; do sleep 0.01; done; echo other >> b.txt; rm go';
  const input = [{ type: 'text', text: JSON.stringify([sh(waiting)]) }] as const;
  await client.request('turn/start', { thread: other, input });
  await appended('decision', other, client);
  await thread.turn(sh('echo 1 >> a.txt; touch go; while [ -e go ]; do sleep 0.01; done'));
  await appended('end', other, client);
  const state = thread.snapshot();
  const { done, changed } = await thread.revert();
  assert.equal(done, false);
  assert.deepEqual(
    changed.map(({ path, why }) => [path, why]),
    ['a.txt', 'b.txt'].map((name) => [
      join(cwd, name),
      'another thread ran commands when it was changed',
    ]),
  );
  assert.deepEqual(thread.snapshot(), state);
});

test('of two reverts of a thread at the same time one is refused', async (t) => {
  const thread = await openCheckpoints(t, { files: { 'a.txt': 'one\n' } });
  const before = thread.snapshot();
  await thread.turn(sh('echo 1 >> a.txt; ln -s a.txt link'));
  const [first, second] = await Promise.allSettled([thread.revert(), thread.revert()]);
  assert.equal(first.status, 'fulfilled');
  assert.match(String(second.status === 'rejected' && second.reason), /another revert/);
  assert.deepEqual(thread.snapshot(), before);
  assert.equal((await thread.items()).filter(({ type }) => type === 'window').length, 1);
});

test('files are not taken back while a turn runs in a folder above or below', async (t) => {
  const thread = await openCheckpoints(t, { files: { 'd/a.txt': 'one\n' } });
  const { client, cwd } = thread;
  await thread.turn(sh('echo 1 >> d/a.txt'));
  const settings = { cwd: join(cwd, 'd') };
  const { id } = await client.request('thread/start', { ephemeral: true, settings });
  const input = [{ type: 'text', text: JSON.stringify([sh('sleep 100')]) }] as const;
  await client.request('turn/start', { thread: id, input });
  await appended('decision', id, client);
  await assert.rejects(thread.revert(), {
    code: 'conflict',
    message: new RegExp(`of thread ${id}`),
  });
  await client.request('turn/interrupt', { thread: id });
  await appended('end', id, client);
  assert.equal((await thread.revert()).done, true);
});

/** Until a thread has such an item. */
async function appended(type: Item['type'], thread: string, client: Client): Promise<void> {
  using events = client.subscribe({ thread });
  for await (const event of events)
    if (event.type === 'item/appended' && event.item.type === type) break;
}
