import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { demoFiles } from '../../plugins/front-ends/demo/script.ts';
import { appears, ended, shows } from '../fixtures/front-ends/run.ts';
import { badKey, serverError } from '../fixtures/model-server.ts';
import { makeE2e, unconfined } from './place.ts';

const patch = `*** Begin Patch
*** Update File: basket.js
@@
-  for (let at = 1; at < basket.length; at++) sum += basket[at].cents;
+  for (const { cents } of basket) sum += cents;
*** End Patch`;

const mending = [
  { parts: [{ text: 'I run the tests.' }, { call: 'shell', args: { command: 'node --test' } }] },
  { parts: [{ call: 'read_file', args: { path: 'basket.js' } }] },
  { parts: [{ call: 'apply_patch', args: { patch } }] },
  { parts: [{ call: 'shell', args: { command: 'node --test' } }] },
  { text: 'The loop began at the second price. It is mended.' },
];

test('the main job: a failing test is found, mended and green; the thread goes on', async (t) => {
  const again = { text: 'As I said.' };
  const place = await makeE2e(t, { answers: [...mending, again], files: demoFiles });
  execFileSync('git', ['init', '--quiet'], { cwd: place.cwd });
  const { code, stdout, stderr } = await place.run([
    'exec',
    ...unconfined,
    'make the failing test pass',
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'The loop began at the second price. It is mended.\n');
  assert.match(
    stderr,
    /\$ node --test\n[\s\S]* exit 1[\s\S]*M basket\.js \+1 -1[\s\S]*\$ node --test\n {2}exit 0/,
  );
  assert.match(
    readFileSync(join(place.cwd, 'basket.js'), 'utf8'),
    /for \(const \{ cents \} of basket\)/,
  );
  const outputs = JSON.stringify(place.server.requests.at(-1)?.json.input);
  assert.match(outputs, /fail 1[\s\S]*let at = 1[\s\S]*Success[\s\S]*pass 2/);

  const resumed = await place.run(['exec', 'resume', '--last', 'what was it?']);
  assert.deepEqual([resumed.code, resumed.stdout], [0, 'As I said.\n']);
  const [before, after] = place.server.requests.slice(-2).map(({ json }) => json.input ?? []);
  assert.deepEqual(
    after?.slice(0, before?.length),
    before,
    'expected the earlier input as a prefix',
  );
});

test('without a prompt nor stdin it is a usage error, also where no model is configured', async (t) => {
  const place = await makeE2e(t, { answers: [], env: { OPENAI_API_KEY: '', OPENAI_BASE_URL: '' } });
  const empty = await place.run(['exec']);
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /expected a prompt/);
  const noModel = await place.run(['exec', 'hi']);
  assert.equal(noModel.code, 1);
  assert.match(noModel.stderr, /no model is configured: set OPENAI_API_KEY/);
});

test('a host that refuses connections ends with 5 and names it', async (t) => {
  const unused = createServer().listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const address = unused.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  unused.close();
  await once(unused, 'close');
  const env = { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` };
  const place = await makeE2e(t, {
    answers: [],
    env,
    config: { limits: { timeoutMs: 60_000 }, plugins: { retry: false } },
  });
  const { code, stderr } = await place.run(['exec', 'hi']);
  assert.equal(code, 5, stderr);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}`));
});

test('a refused key fails with 1, is not tried again and is shown nowhere', async (t) => {
  const place = await makeE2e(t, { answers: [badKey, badKey] });
  const { code, stdout, stderr } = await place.run(['exec', '--json', 'hi']);
  assert.equal(code, 1);
  assert.equal(place.server.requests.length, 1);
  assert.doesNotMatch(stdout + stderr + JSON.stringify(place.threads()), /sk-canary/);
});

test('what retrying says reaches the user as a notice', async (t) => {
  const place = await makeE2e(t, { answers: [serverError(503), { text: 'Here.' }] });
  const { code, stdout, stderr } = await place.run(['exec', 'hi']);
  assert.deepEqual([code, stdout], [0, 'Here.\n']);
  assert.match(stderr, /^! .*503/m);
});

test('a command that no sandbox confines is refused, with the flag that would allow it', async (t) => {
  const answers = [{ parts: [{ call: 'shell', args: { command: 'true' } }] }, { text: 'No.' }];
  const place = await makeE2e(t, {
    answers,
    config: { plugins: { bubblewrap: false, seatbelt: false } },
  });
  const { stderr } = await place.run(['exec', '--sandbox', 'workspace-write', 'hi']);
  assert.match(stderr, /--sandbox danger-full-access/);
});

test('what needs a person is denied: exit code 3 and what would allow it', async (t) => {
  const answers = [
    { parts: [{ call: 'shell', args: { command: 'touch made' } }] },
    { text: 'No.' },
  ];
  const place = await makeE2e(t, { answers });
  const { code, stdout, stderr } = await place.run([
    'exec',
    ...unconfined,
    '--approval',
    'untrusted',
    'hi',
  ]);
  assert.deepEqual([code, stdout], [3, 'No.\n'], stderr);
  assert.match(
    stderr,
    /^denied: spawn bash -c touch made\n {2}.*--approval on-request.*\(rule: approval untrusted\)$/m,
  );
});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} in the middle of a command: exit code ${code}, the thread is whole and can be resumed`, async (t) => {
    const command = {
      parts: [{ call: 'shell', args: { command: 'echo $$ > pid; echo ready; sleep 60' } }],
    };
    const place = await makeE2e(t, { answers: [command, { text: 'Back.' }] });
    const child = place.start('exec', '--json-deltas', ...unconfined, 'hi');
    await shows(child.stdout, /"kind":"output","delta":"ready/);
    const started = performance.now();
    child.kill(signal);
    assert.equal((await ended(child)).code, code);
    assert.ok(performance.now() - started < 2000);
    const pid = Number(readFileSync(join(place.cwd, 'pid'), 'utf8'));
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'expected the command to be gone');
    const resumed = await place.run(['exec', 'resume', '--last', 'go on']);
    assert.deepEqual([resumed.code, resumed.stdout], [0, 'Back.\n'], resumed.stderr);
  });
}

test('an interrupted turn is said to be so once', async (t) => {
  const parts = [{ call: 'shell', args: { command: 'touch begun; sleep 60' } }];
  const place = await makeE2e(t, { answers: [{ parts }] });
  const begun = appears(place.cwd, 'begun');
  const child = place.start('exec', ...unconfined, 'hi');
  await begun;
  child.kill('SIGINT');
  const { stderr } = await ended(child);
  assert.match(stderr, /^interrupted$/m);
});

test('SIGTERM ends it although nobody takes what it writes', { timeout: 20_000 }, async (t) => {
  const text = 'word '.repeat(200_000);
  const place = await makeE2e(t, {
    answers: [{ parts: [{ text }, { call: 'shell', args: { command: 'touch begun; sleep 60' } }] }],
  });
  const begun = appears(place.cwd, 'begun');
  const child = place.start('exec', '--json', ...unconfined, 'hi');
  child.stdout?.once('data', () => child.stdout?.pause());
  await begun;
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 143);
});

test('spindle --json | head: quiet, and the turn is ended', async (t) => {
  const call = { parts: [{ call: 'shell', args: { command: 'echo more' } }], times: 50 };
  const place = await makeE2e(t, { answers: [call, { text: 'Done.' }] });
  const child = place.start('exec', '--json', ...unconfined, 'hi');
  child.stdout?.once('data', () => child.stdout?.destroy());
  const { stderr } = await ended(Object.assign(child, { stdout: null }));
  assert.equal(stderr, '');
  assert.equal(place.threads()[0]?.at(-1)?.type, 'end');
});

test('an output schema goes to the model with the request', async (t) => {
  const schema = {
    type: 'object',
    properties: { ok: { type: 'boolean' } },
    required: ['ok'],
    additionalProperties: false,
  };
  const place = await makeE2e(t, {
    answers: [{ text: '{"ok":true}' }],
    files: { 'schema.json': JSON.stringify(schema) },
  });
  const { code, stdout } = await place.run(['exec', '--output-schema', 'schema.json', 'hi']);
  assert.deepEqual([code, JSON.parse(stdout)], [0, { ok: true }]);
  assert.match(JSON.stringify(place.server.requests[0]?.json['text']), /"ok"/);
});
