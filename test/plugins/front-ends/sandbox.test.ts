/** `spindle sandbox`, as a program of its own and over the protocol. Commands run unconfined here. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { createKernel } from '../../../core/index.ts';
import sandbox from '../../../plugins/front-ends/sandbox.ts';
import local from '../../../plugins/machines/local.ts';
import approval from '../../../plugins/policies/approval.ts';
import { appears, ended, makePlace, shows } from '../../fixtures/front-ends/run.ts';

test("a command's outputs and exit code are this program's, and stderr says first how confined it is", async (t) => {
  const { code, stdout, stderr } = await makePlace(t).run([
    'sandbox',
    '--',
    'sh',
    '-c',
    'echo out; echo err >&2; exit 7',
  ]);
  assert.deepEqual([code, stdout], [7, 'out\n']);
  assert.match(stderr, /^spindle sandbox: .*, not confined: it runs as you.*\nerr\n$/);
});

test('arguments come through as they are, flags of ours among them', async (t) => {
  const args = ['--cd=x', '--sandbox', '--', 'a b', '', '$HOME', 'ü\n'];
  const { stdout } = await makePlace(t).run(['sandbox', '--', 'printf', '<%s>', ...args]);
  assert.equal(stdout, args.map((arg) => `<${arg}>`).join(''));
});

test('what is piped in reaches the command, and so does its end', async (t) => {
  const stdin = 'x'.repeat(300_000);
  const { stdout } = await makePlace(t).run(['sandbox', '--', 'wc', '-c'], { stdin });
  assert.equal(Number(stdout), stdin.length);
});

test('bytes that are no text come out as they are', async (t) => {
  const place = makePlace(t);
  const bytes = Buffer.from([0, 255, 128, 10, 195]);
  writeFileSync(join(place.cwd, 'bytes'), bytes);
  const child = place.start('sandbox', '--', 'cat', 'bytes');
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(child, 'close');
  assert.deepEqual(Buffer.concat(chunks), bytes);
});

test('a command that ends while input is open ends the program', async (t) => {
  const { code } = await makePlace(t).run(['sandbox', '--', 'true'], { stdin: { open: true } });
  assert.equal(code, 0);
});

test('a command that a signal ended is 128 and its number; one that is not there is 127', async (t) => {
  const place = makePlace(t);
  const killed = await place.run(['sandbox', '--', 'sh', '-c', 'kill -KILL $$']);
  assert.equal(killed.code, 137);
  const missing = await place.run(['sandbox', '--', 'no-such-program']);
  assert.equal(missing.code, 127);
  assert.match(missing.stderr, /no-such-program: there is no such program/);
});

test('a signal ends the command with the program', async (t) => {
  const place = makePlace(t);
  const script = 'echo $$ > pid.part; mv pid.part pid; sleep 60';
  const child = place.start('sandbox', '--', 'sh', '-c', script);
  const end = ended(child);
  await appears(place.cwd, 'pid');
  child.kill('SIGINT');
  assert.equal((await end).code, 130);
});

test('a reader that leaves ends the command', async (t) => {
  const child = makePlace(t).start('sandbox', '--', 'sh', '-c', 'while :; do echo y; done');
  const end = once(child, 'exit');
  await shows(child.stdout, /y\ny\n/);
  child.stdout?.destroy();
  await end;
});

test('without a command it is exit code 2', async (t) => {
  const { code, stderr } = await makePlace(t).run(['sandbox']);
  assert.equal(code, 2);
  assert.match(stderr, /expected a command: spindle sandbox -- CMD/);
});

test('what a policy denies does not run: exit code 125, with the reason', async (t) => {
  const { code, stderr } = await makePlace(t, { allow: false }).run(['sandbox', '--', 'true']);
  assert.equal(code, 125);
  assert.match(stderr, /spindle sandbox: denied: /);
});

test('over the protocol the request sandbox/run gives outputs, exit code and level', async (t) => {
  const kernel = await createKernel({
    plugins: [local(), approval(), sandbox()].map((plugin) => ({ plugin })),
    settings: { sandbox: 'danger-full-access' },
  });
  t.after(() => kernel[Symbol.asyncDispose]());
  const client = kernel.client('test');
  const argv = ['sh', '-c', 'echo out; echo err >&2; exit 7'];
  assert.deepEqual(await client.call('sandbox/run', { argv }), {
    exitCode: 7,
    confined: 'none',
    stdout: 'out\n',
    stderr: 'err\n',
  });
  await assert.rejects(client.call('sandbox/run', { argv: 'ls' }), { code: 'invalid' });
  await assert.rejects(client.call('sandbox/run', { argv, channel: '0' }), { code: 'invalid' });
});
