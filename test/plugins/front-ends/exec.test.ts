import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { ended, makePlace, shows } from '../../fixtures/front-ends/run.ts';

const work = {
  steps: [
    {
      text: 'I look first.',
      calls: [{ name: 'shell', args: { command: 'echo broken; exit 3' } }],
    },
    {
      text: 'Now I write.',
      calls: [
        {
          name: 'apply_patch',
          args: { patch: '*** Begin Patch\n*** Add File: a.txt\n+one\n+two\n*** End Patch' },
        },
        { name: 'read_file', args: { path: 'missing.txt' } },
      ],
    },
    { text: 'All done.', usage: { input: 1200, cached: 1000, output: 7, reasoning: 0 } },
  ],
};

test('the answer alone is on stdout, what led to it on stderr without escape codes', async (t) => {
  const place = makePlace(t, { script: work });
  const { code, stdout, stderr } = await place.run(['exec', 'do it']);
  assert.equal(stdout, 'All done.\n');
  assert.equal(code, 0);
  assert.match(stderr, /^I look first\.$/m);
  assert.match(stderr, /^\$ echo broken; exit 3\n {2}broken\n {2}exit 3/m);
  assert.match(stderr, /^A a\.txt \+2 -0\n {2}@@ -0,0 \+1,2 @@\n {2}\+one\n {2}\+two$/m);
  assert.match(stderr, /^read_file missing\.txt\n {2}there is no /m);
  assert.match(stderr, /^3 steps, .* tokens in \(1,000 cached\)/m);
  assert.match(stderr, /^go on with: spindle exec resume [0-9a-f-]{36} /m);
  assert.doesNotMatch(stderr, /All done/);
  assert.ok(!stderr.includes('\u001b'));
  assert.equal(readFileSync(join(place.cwd, 'a.txt'), 'utf8'), 'one\ntwo\n');
});

test('the prompt comes from stdin when there is none, or when it is -', async (t) => {
  for (const argv of [['exec'], ['exec', '-']]) {
    const place = makePlace(t);
    assert.equal((await place.run(argv, { stdin: 'from a pipe\n' })).code, 0);
    const user = place.items().find((item) => item.type === 'user');
    assert.deepEqual(user?.content, [{ type: 'text', text: 'from a pipe\n' }]);
  }
});

test('with a prompt stdin is never read: a pipe that never ends does not hang it', async (t) => {
  const { code, stdout } = await makePlace(t).run(['exec', 'hi'], { stdin: { open: true } });
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'Hello.\n' });
});

test('what follows -- is the prompt, whatever it looks like', async (t) => {
  const place = makePlace(t);
  assert.equal((await place.run(['exec', '--', '--last'])).code, 0);
  const user = place.items().find((item) => item.type === 'user');
  assert.deepEqual(user?.content, [{ type: 'text', text: '--last' }]);
});

test('what cannot be meant ends with 2, starts no thread and says what was expected', async (t) => {
  const place = makePlace(t);
  writeFileSync(join(place.cwd, 'no.json'), '[');
  writeFileSync(join(place.cwd, 'no.png'), 'text');
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--jsno', 'x'], /no flag --jsno; there are --json/],
    [[], /expected a prompt, but it is empty/],
    [['--output-schema', 'no.json', 'x'], /--output-schema .*no\.json: .*JSON/],
    [['--image', 'no.png', 'x'], /--image .*no\.png: expected an image/],
    [['-o', 'gone/answer.txt', 'x'], /--output-last-message .*answer\.txt: no such file/],
    [['-o', '.', 'x'], /--output-last-message .*: expected a file, but it is a folder/],
  ];
  const runs = cases.map(async ([argv, message]) => {
    const { code, stdout, stderr } = await place.run(['exec', ...argv]);
    assert.match(stderr, message);
    assert.deepEqual({ argv, code, stdout }, { argv, code: 2, stdout: '' });
  });
  await Promise.all(runs);
  assert.throws(() => readdirSync(place.threads), { code: 'ENOENT' });
});

test('what needs a person is denied with its rule shown, and the exit code is 3', async (t) => {
  const steps = [
    { calls: [{ name: 'shell', args: { command: 'touch made' } }] },
    { text: 'I could not.' },
  ];
  const place = makePlace(t, { script: { steps }, allow: false });
  const { code, stdout, stderr } = await place.run(['exec', 'x']);
  assert.deepEqual({ code, stdout }, { code: 3, stdout: 'I could not.\n' });
  assert.match(
    stderr,
    /^denied: spawn bash -c touch made\n {2}.*nobody is there to ask \(rule: .+\)$/m,
  );
  assert.match(stderr, /^1 effect denied, since nobody was there to ask$/m);
  assert.deepEqual(readdirSync(place.cwd), []);
});

test('a limit ends the turn with 4: steps and time', async (t) => {
  const steps = [{ calls: [{ name: 'shell', args: { command: 'true' } }], again: true }];
  const bySteps = await makePlace(t, { script: { steps } }).run(['exec', '--max-steps', '2', 'x']);
  assert.equal(bySteps.code, 4);
  assert.match(bySteps.stderr, /^limit: .*steps 2/m);
  const hanging = [{ calls: [{ name: 'shell', args: { command: 'sleep 60' } }] }];
  const byTime = await makePlace(t, { script: { steps: hanging } }).run([
    'exec',
    '--timeout',
    '0.3',
    'x',
  ]);
  assert.equal(byTime.code, 4);
  assert.match(byTime.stderr, /^limit: .*timeoutMs 300/m);
});

const failingWith = (code: 'model_unreachable' | 'model_refused') => ({
  script: { steps: [{ error: { code, message: 'no answer from there' } }] },
});

test('a model that cannot be reached ends with 5, one that fails otherwise with 1', async (t) => {
  const unreachable = await makePlace(t, failingWith('model_unreachable')).run(['exec', 'x']);
  assert.equal(unreachable.code, 5);
  assert.match(unreachable.stderr, /^failed: no answer from there$/m);
  assert.equal((await makePlace(t, failingWith('model_refused')).run(['exec', 'x'])).code, 1);
});

test('the schema, images and settings of flags reach the thread', async (t) => {
  const place = makePlace(t);
  const schema = { type: 'object', properties: { ok: { type: 'boolean' } } };
  const png = Buffer.from('89504e470d0a1a0a', 'hex');
  writeFileSync(join(place.cwd, 'schema.json'), JSON.stringify(schema));
  writeFileSync(join(place.cwd, 'dot.png'), png);
  const flags = [
    '--output-schema',
    'schema.json',
    '-i',
    'dot.png',
    '--model=m1',
    '--approval',
    'untrusted',
  ];
  const { code } = await place.run(['exec', ...flags, '--add-dir', '/srv', '--max-steps=9', 'x']);
  assert.equal(code, 0);
  const items = place.items();
  const turn = items.find((item) => item.type === 'turn');
  assert.deepEqual([turn?.outputSchema, turn?.limits], [schema, { steps: 9 }]);
  const user = items.find((item) => item.type === 'user');
  assert.deepEqual(user?.content, [
    { type: 'text', text: 'x' },
    { type: 'image', data: png.toString('base64'), mimeType: 'image/png' },
  ]);
  const [first, second] = items;
  assert.ok(first?.type === 'thread' && second?.type === 'settings');
  assert.deepEqual([first.settings.model, first.settings.approval], ['m1', 'untrusted']);
  assert.deepEqual(second.changes.roots, [place.cwd, '/srv']);
});

test('the answer is also written to the file that was named, which is empty when there is none', async (t) => {
  const place = makePlace(t);
  await place.run(['exec', '-o', 'answer.txt', 'x']);
  assert.equal(readFileSync(join(place.cwd, 'answer.txt'), 'utf8'), 'Hello.');
  const failing = makePlace(t, {
    script: { steps: [{ error: { code: 'model_refused', message: 'no' } }] },
  });
  writeFileSync(join(failing.cwd, 'answer.txt'), 'of an earlier run');
  await failing.run(['exec', '-o', 'answer.txt', 'x']);
  assert.equal(readFileSync(join(failing.cwd, 'answer.txt'), 'utf8'), '');
});

test('a file that cannot be written in the end fails the run, but the answer is on stdout', async (t) => {
  const command = 'mv out gone';
  const steps = [{ calls: [{ name: 'shell', args: { command } }] }, { text: 'Moved.' }];
  const place = makePlace(t, { script: { steps } });
  mkdirSync(join(place.cwd, 'out'));
  const { code, stdout, stderr } = await place.run(['exec', '-o', 'out/answer.txt', 'x']);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: 'Moved.\n' });
  assert.match(stderr, /--output-last-message .*out\/answer\.txt: no such file or folder$/m);
});

test('an ephemeral thread leaves nothing behind', async (t) => {
  const place = makePlace(t);
  const { code, stderr } = await place.run(['exec', '--ephemeral', 'x']);
  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /resume/);
  assert.throws(() => place.items());
});

test('a thread is resumed by its id, the start of it, or as the last one; flags before or after "resume"', async (t) => {
  const place = makePlace(t);
  await place.run(['exec', 'one']);
  const id = place.items()[0]?.type === 'thread' ? place.items()[0] : undefined;
  assert.ok(id?.type === 'thread');
  const ways = [
    ['--model', 'm2', 'resume', id.id, 'two'],
    ['resume', id.id.slice(0, 13), '--model', 'm3', 'three'],
    ['resume', '--last', 'four'],
  ];
  for (const way of ways) assert.equal((await place.run(['exec', ...way])).code, 0);
  assert.equal((await place.run(['exec', 'resume', '--last'], { stdin: 'five' })).code, 0);
  const said = place.items().flatMap((item) => (item.type === 'user' ? item.content : []));
  assert.deepEqual(
    said.map((content) => (content.type === 'text' ? content.text : '')),
    ['one', 'two', 'three', 'four', 'five'],
  );
  const steps = place.items().flatMap((item) => (item.type === 'step' ? [item.model] : []));
  assert.deepEqual(steps, ['scripted', 'm2', 'm3', 'm3', 'm3']);
});

test('a thread that is not there fails with 1 and says where to look', async (t) => {
  const place = makePlace(t);
  for (const argv of [
    ['resume', '--last', 'x'],
    ['resume', 'abc', 'x'],
    ['resume', '01a20f10-133c-7fb5-a1f3-806f8dffa435', 'x'],
  ]) {
    const { code, stdout, stderr } = await place.run(['exec', ...argv]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /thread/);
  }
});

test('two processes cannot write one thread: the second says so and fails', async (t) => {
  const calls = [{ name: 'shell', args: { command: 'sleep 60' } }];
  const place = makePlace(t, { script: { steps: [{ when: 'go on', calls }, { text: 'One.' }] } });
  await place.run(['exec', 'one']);
  const first = place.start('exec', '--json', 'resume', '--last', 'go on');
  await shows(first.stdout, /"command_execution"/);
  const second = await place.run(['exec', 'resume', '--last', 'me too']);
  assert.deepEqual([second.code, second.stdout], [1, '']);
  assert.match(second.stderr, /^spindle exec: .*(open|use|process)/m);
  first.kill('SIGTERM');
  assert.equal((await ended(first)).code, 143);
});
