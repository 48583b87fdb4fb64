import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { type Plugin, type Policy, tools } from '../../../core/index.ts';
import commandsPlugin from '../../../plugins/commands/commands.ts';
import history from '../../../plugins/prompts/history.ts';
import { commitAll, openCheckpoints, patch, sh } from './place.ts';

const files = {
  'a.txt': 'one\ntwo\n',
  'src/b.js': 'const  b=1\n',
  'src/deep/c.bin': new Uint8Array([0, 1, 2, 255]),
  'run.sh': '#!/bin/sh\n',
};

const everything = [
  patch('*** Update File: a.txt', '@@', '-two', '+2', '*** Add File: new/deep/x.txt', '+x'),
  sh("sed -i 's/const  b=1/const b = 1;/' src/b.js"),
  sh('rm -r src/deep && chmod +x run.sh && mkdir -p empty/folder && ln -s a.txt link'),
  sh('printf more >> src/b.js; printf y > y.txt'),
];

for (const kind of ['a repository', 'a folder without git'] as const)
  test(`a turn's patches and commands are taken back byte for byte in ${kind}, and forth again`, async (t) => {
    const thread = await openCheckpoints(t, { files });
    chmodSync(join(thread.cwd, 'a.txt'), 0o640);
    if (kind === 'a repository') commitAll(thread.cwd);
    const before = thread.snapshot();
    await thread.turn(...everything);
    const after = thread.snapshot();
    assert.notDeepEqual(after, before);
    const outcome = await thread.revert();
    assert.deepEqual([outcome.done, outcome.changed, outcome.failed], [true, [], []]);
    assert.deepEqual(thread.snapshot(), before);
    const undone = await thread.undo();
    assert.deepEqual([undone.done, undone.failed], [true, []]);
    assert.deepEqual(thread.snapshot(), after);
  });

test('going back to a turn takes back the later ones too; then the one before is the last', async (t) => {
  const thread = await openCheckpoints(t, { files });
  const states = [thread.snapshot()];
  for (const command of ['echo 1 >> a.txt', 'echo 2 >> a.txt; rm run.sh', 'echo 3 > three']) {
    await thread.turn(sh(command));
    states.push(thread.snapshot());
  }
  await thread.revert();
  assert.deepEqual(thread.snapshot(), states[2]);
  await thread.revert();
  assert.deepEqual(thread.snapshot(), states[1]);
  await thread.undo();
  await thread.undo();
  assert.deepEqual(thread.snapshot(), states[3]);
  await thread.revert({ turn: '1' });
  assert.deepEqual(thread.snapshot(), states[0]);
});

test('the conversation goes back with the files, or alone, and forth again as it was', async (t) => {
  const thread = await openCheckpoints(t, { files, plugins: [history()] });
  const window = async () => {
    const { parts } = await thread.client.request('thread/window', { thread: thread.id });
    return parts.map(({ part }) => part.n);
  };
  await thread.turn(sh('echo 1 >> a.txt'));
  await thread.turn(sh('echo 2 >> a.txt'));
  const [both, state] = [await window(), thread.snapshot()];
  const { turn } = await thread.revert({ files: false });
  assert.deepEqual(thread.snapshot(), state);
  const one = await window();
  assert.ok(one.length < both.length, `${one.length} parts of ${both.length}`);
  const items = await thread.items();
  assert.equal(items.findLast((item) => item.type === 'turn')?.id, turn);
  await thread.undo();
  assert.deepEqual(await window(), both);
});

test('what was changed by hand since is shown and left, until a yes says otherwise; undo brings it back', async (t) => {
  const thread = await openCheckpoints(t, { files });
  const before = thread.snapshot();
  await thread.turn(sh('echo 1 >> a.txt; echo 1 >> src/b.js; echo n > new'));
  writeFileSync(join(thread.cwd, 'a.txt'), 'mine');
  writeFileSync(join(thread.cwd, 'new'), 'mine');
  const mine = thread.snapshot();
  const refused = await thread.revert();
  assert.equal(refused.done, false);
  assert.deepEqual(
    refused.changed.map(({ path }) => path),
    [join(thread.cwd, 'a.txt'), join(thread.cwd, 'new')],
  );
  assert.deepEqual(thread.snapshot(), mine);
  const skipped = await thread.revert({ skip: true });
  assert.equal(skipped.done, true);
  assert.deepEqual(thread.snapshot(), { ...mine, 'src/b.js': before['src/b.js'] });
  await thread.undo();
  assert.deepEqual(thread.snapshot(), mine);
  await thread.revert({ force: true });
  assert.deepEqual(thread.snapshot(), before);
  await thread.undo();
  assert.deepEqual(thread.snapshot(), mine);
});

test('what was changed by hand between two turns, or between two steps, is not taken for theirs', async (t) => {
  const thread = await openCheckpoints(t, { files });
  await thread.turn(sh('echo 1 >> a.txt'));
  writeFileSync(join(thread.cwd, 'a.txt'), 'mine\n');
  writeFileSync(join(thread.cwd, 'run.sh'), 'mine\n');
  await thread.turn(sh('echo 2 >> a.txt'));
  const outcome = await thread.revert({ turn: '1', dryRun: true });
  assert.deepEqual(outcome.changed, [
    { path: join(thread.cwd, 'a.txt'), why: 'others changed it between the turns' },
  ]);
  await thread.revert({ turn: '2' });
  assert.equal(thread.snapshot()['a.txt'], `644 ${Buffer.from('mine\n').toString('base64')}`);
  assert.equal(thread.snapshot()['run.sh'], `644 ${Buffer.from('mine\n').toString('base64')}`);
});

test('files and folders that took the place of one another come back', async (t) => {
  const thread = await openCheckpoints(t, {
    files: { ...files, 'd/x': 'x', 'd/e/y': 'y', 'other/x': 'o', 'f/empty/.gone': '' },
  });
  rmSync(join(thread.cwd, 'f/empty/.gone'));
  const before = thread.snapshot();
  await thread.turn(
    sh('rm -r d && ln -s other d; rm a.txt && mkdir -p a.txt/b && echo z > a.txt/b/z'),
    sh('rm -r src && echo src > src; rmdir f/empty'),
  );
  const after = thread.snapshot();
  const outcome = await thread.revert();
  assert.deepEqual([outcome.done, outcome.failed], [true, []]);
  assert.deepEqual(thread.snapshot(), before);
  await thread.undo();
  assert.deepEqual(thread.snapshot(), after);
});

test('a folder that the turn made stays when it holds something else', async (t) => {
  const thread = await openCheckpoints(t);
  await thread.turn(sh('mkdir -p d/e; echo 1 > d/e/one'));
  writeFileSync(join(thread.cwd, 'd/mine'), '');
  assert.equal((await thread.revert()).done, true);
  assert.deepEqual(Object.keys(thread.snapshot()), ['d', 'd/mine']);
});

test('a dry run says what would be done and changes nothing', async (t) => {
  const thread = await openCheckpoints(t, { files });
  await thread.turn(sh('echo 1 >> a.txt; echo n > new'));
  const state = thread.snapshot();
  const outcome = await thread.revert({ dryRun: true });
  assert.equal(outcome.done, false);
  assert.deepEqual(outcome.files, [
    { path: join(thread.cwd, 'a.txt'), action: 'write' },
    { path: join(thread.cwd, 'new'), action: 'remove' },
  ]);
  assert.deepEqual(thread.snapshot(), state);
});

test('a revert is refused while a turn or a kept process runs', async (t) => {
  const thread = await openCheckpoints(t, { files });
  await thread.turn({
    name: 'shell',
    args: { command: 'echo 1 > a.txt; exec cat', stdin: true, yield_ms: 1 },
  });
  await assert.rejects(thread.revert(), {
    code: 'conflict',
    message: /processes run: end p1 first/,
  });
  await thread.turn({ name: 'shell_input', args: { process: 'p1', end: 'stdin' } });
  let refused: unknown;
  await thread.watch([sh('true')], (event) => {
    if (event.type === 'item/appended' && event.item.type === 'call')
      refused = assert.rejects(thread.revert(), { code: 'conflict', message: /a turn runs/ });
  });
  await refused;
  assert.equal((await thread.revert({ turn: '1' })).done, true);
});

test('what a kept process changes is of the turn that runs then; between turns it may be anybody', async (t) => {
  const thread = await openCheckpoints(t, { files });
  const before = thread.snapshot();
  const command = 'read line; echo $line > told; read line; echo $line > later';
  await thread.turn({ name: 'shell', args: { command, stdin: true, yield_ms: 1 } });
  writeFileSync(join(thread.cwd, 'a.txt'), 'mine');
  const mine = thread.snapshot();
  await thread.turn({ name: 'shell_input', args: { process: 'p1', input: 'a\n', wait_ms: 1 } });
  await thread.turn(sh('echo 1 >> run.sh'));
  await thread.turn({
    name: 'shell_input',
    args: { process: 'p1', input: 'b\n', wait_ms: 60_000 },
  });
  assert.ok('later' in thread.snapshot());
  const outcome = await thread.revert({ turn: '1', skip: true });
  assert.equal(outcome.done, true);
  assert.deepEqual({ ...thread.snapshot(), told: '' }, { ...mine, told: '' });
  assert.deepEqual(Object.keys(before), Object.keys(mine));
});

test("writes of a revert are the asking client's effects: what is denied is told, and the conversation stays", async (t) => {
  let isClosed = false;
  const policy: Policy['judge'] = (effect) => {
    const isRefused = isClosed && effect.kind === 'write' && effect.path.endsWith('run.sh');
    if (isClosed && effect.kind === 'write')
      assert.deepEqual(effect.origin, { kind: 'client', name: 'test' });
    return { verdict: isRefused ? 'deny' : 'allow', reason: 'a test', rule: 'all' };
  };
  const thread = await openCheckpoints(t, { files, policy });
  await thread.turn(sh('echo 1 >> a.txt; echo 1 >> run.sh'));
  const state = thread.snapshot();
  const { last } = await thread.client.request('thread/read', { thread: thread.id });
  isClosed = true;
  const outcome = await thread.revert();
  assert.equal(outcome.done, false);
  assert.match(JSON.stringify(outcome.failed), /run\.sh.*denied: a test/);
  const { items } = await thread.client.request('thread/read', { thread: thread.id, after: last });
  assert.deepEqual(items, []);
  isClosed = false;
  assert.equal((await thread.undo()).done, true);
  assert.deepEqual(thread.snapshot(), state);
});

test("a sub-agent's changes are also those of the turn that it works for", async (t) => {
  const thread = await openCheckpoints(t, { files, plugins: [delegating] });
  const before = thread.snapshot();
  await thread.turn({ name: 'delegate', args: { command: 'echo child > child; rm a.txt' } });
  assert.ok('child' in thread.snapshot());
  assert.equal((await thread.revert()).done, true);
  assert.deepEqual(thread.snapshot(), before);
});

test('a fork can go back to the turns that it was copied with', async (t) => {
  const thread = await openCheckpoints(t, { files });
  const before = thread.snapshot();
  await thread.turn(sh('echo 1 >> a.txt'));
  const { id } = await thread.client.request('thread/fork', { thread: thread.id, ephemeral: true });
  const outcome = await thread.client.call('checkpoint/revert', { thread: id, files: true });
  assert.equal((outcome as { done: boolean }).done, true);
  assert.deepEqual(thread.snapshot(), before);
});

test('there must be something to go back to, and words that can be meant', async (t) => {
  const thread = await openCheckpoints(t);
  await assert.rejects(thread.revert(), { code: 'not_found' });
  await assert.rejects(thread.undo(), { code: 'not_found', message: /revert to take back/ });
  await thread.turn(sh('true'));
  await assert.rejects(thread.revert({ turn: '7' }), { code: 'not_found', message: /1 to 1/ });
  await assert.rejects(thread.revert({ turn: 7 }), { code: 'invalid', message: /as text/ });
  await assert.rejects(thread.revert({ force: 'yes' }), { code: 'invalid', message: /"force"/ });
  await assert.rejects(thread.client.call('checkpoint/list', null), { code: 'invalid' });
  await assert.rejects(thread.client.call('checkpoint/diff', { thread: 'x' }), {
    code: 'not_found',
  });
});

test('turns that came after a revert are not lost to its undo without a yes', async (t) => {
  const thread = await openCheckpoints(t, { files });
  await thread.turn(sh('echo 1 >> a.txt'));
  await thread.revert();
  await thread.turn(sh('echo 2 > b'));
  const outcome = await thread.undo();
  assert.deepEqual([outcome.done, outcome.later], [false, 1]);
  assert.equal((await thread.undo({ skip: true })).done, true);
});

test('what is typed in the thread does the same, and tells what it did', async (t) => {
  const thread = await openCheckpoints(t, { files, plugins: [commandsPlugin()] });
  const before = thread.snapshot();
  await thread.turn(sh('echo 1 >> a.txt'));
  const type = async (name: string, argument = '') => {
    const params = { thread: thread.id, name, argument };
    const { text } = (await thread.client.call('command/run', params)) as { text: string };
    return text;
  };
  assert.match(await type('diff'), /^\+1$/m);
  writeFileSync(join(thread.cwd, 'a.txt'), 'mine');
  assert.match(
    await type('revert', 'files'),
    /other hands since:\n {2}.*a\.txt[^]*Nothing was done/,
  );
  assert.match(await type('revert', '1 files force'), /^\+ .*a\.txt\nDone/m);
  assert.deepEqual(thread.snapshot(), before);
  assert.match(await type('undo'), /Done/);
  await assert.rejects(type('undo', 'twice'), { code: 'invalid', message: /got "twice"/ });
});

/** A tool that works in a thread of its own. */
const delegating = {
  name: 'delegating',
  api: 1,
  setup: (host) =>
    void host.add(tools, {
      name: 'delegate',
      description: 'Has another one do it.',
      inputSchema: { type: 'object', properties: { command: { type: 'string' } } },
      run: async ({ command }, { call, client }) => {
        const parent = { thread: call.thread, call: call.id };
        const { id: thread } = await client.request('thread/start', { ephemeral: true, parent });
        using events = client.subscribe({ thread });
        const text = JSON.stringify([sh(String(command))]);
        await client.request('turn/start', { thread, input: [{ type: 'text', text }] });
        for await (const event of events)
          if (event.type === 'item/appended' && event.item.type === 'end') break;
        return { content: [] };
      },
    }),
} satisfies Plugin;
