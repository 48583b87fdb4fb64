import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { appears, ended, makePlace } from '../../fixtures/front-ends/run.ts';

test('a signal while the prompt is awaited on stdin ends it at once', async (t) => {
  const child = makePlace(t).start('exec');
  // The program listens for signals once it has started, which it tells nobody: a prompt half given shows it.
  child.stdin?.write('half a prompt');
  child.kill('SIGTERM');
  const { code } = await ended(child);
  assert.ok(code === 143 || child.signalCode === 'SIGTERM', `got ${code} ${child.signalCode}`);
});

test('events whose reader leaves end the turn quietly; the thread is whole', async (t) => {
  const calls = [{ name: 'shell', args: { command: 'echo more' } }];
  const place = makePlace(t, { script: { steps: [{ calls, again: true }] } });
  const child = place.start('exec', '--json', 'x');
  await once(child.stdout ?? child, 'data');
  child.stdout?.destroy();
  const { code, stderr } = await ended(Object.assign(child, { stdout: null }));
  assert.deepEqual([code, stderr], [1, '']);
  const end = place.items().at(-1);
  assert.equal(end?.type === 'end' && end.status, 'interrupted');
});

test('an answer whose reader has left is no failure: nothing is said of it', async (t) => {
  const place = makePlace(t);
  const child = place.start('exec', 'x');
  child.stdout?.destroy();
  const { code, stderr } = await ended(Object.assign(child, { stdout: null }));
  assert.doesNotMatch(stderr, /EPIPE|Error/);
  assert.equal(code, 0);
  const end = place.items().at(-1);
  assert.equal(end?.type === 'end' && end.status, 'completed');
});

test('a reader that takes its time gets every character', async (t) => {
  const text = 'word '.repeat(200_000);
  const place = makePlace(t, { script: { steps: [{ text }] } });
  const slow = place.start('exec', '--json', 'x');
  await once(slow.stderr ?? slow, 'close', { signal: AbortSignal.timeout(300) }).catch(() => {});
  const { code, stdout } = await ended(slow);
  assert.equal(code, 0);
  assert.ok(stdout.includes(text.trim()));
});

test('SIGTERM does not wait for a reader that takes nothing', { timeout: 20_000 }, async (t) => {
  const calls = [{ name: 'shell', args: { command: 'touch begun; sleep 60' } }];
  const place = makePlace(t, { script: { steps: [{ text: 'word '.repeat(200_000), calls }] } });
  const begun = appears(place.cwd, 'begun');
  const child = place.start('exec', '--json', 'x');
  child.stdout?.once('data', () => child.stdout?.pause());
  await begun;
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 143);
});
