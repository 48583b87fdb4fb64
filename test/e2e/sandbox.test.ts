/** `spindle sandbox`, as the real binary runs it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeE2e, unconfined } from './place.ts';

test('a command runs in the chosen mode, which stderr tells', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  const { code, stdout, stderr } = await place.run(['sandbox', ...unconfined, '--', 'pwd']);
  assert.deepEqual([code, stdout], [0, `${place.cwd}\n`]);
  assert.match(stderr, /^spindle sandbox: danger-full-access, not confined/);
});

test('who types the command is not asked for it, whatever the approval mode', async (t) => {
  for (const approval of ['untrusted', 'never']) {
    const place = await makeE2e(t, { answers: [], config: { approval } });
    const { code, stderr } = await place.run(['sandbox', ...unconfined, '--', 'true']);
    assert.equal(code, 0, stderr);
  }
});

test('the command gets no key of the environment', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  const { stdout } = await place.run(['sandbox', ...unconfined, '--', 'env']);
  assert.doesNotMatch(stdout, /canary|OPENAI/);
});

test('in a mode that confines, the command is confined, or does not run and the flag is named', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  const { code, stderr } = await place.run(['sandbox', '--', 'touch', '/etc/spindle-was-here']);
  if (code === 125) assert.match(stderr, /--sandbox danger-full-access/);
  else assert.match(stderr, /^spindle sandbox: workspace-write, confined[\s\S]*Read-only/);
});
