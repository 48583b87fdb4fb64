import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { testFrontEnd } from '../../contracts/front-ends.ts';
import { makePlace } from '../../fixtures/front-ends/run.ts';

testFrontEnd({ name: 'prompt', works: ['explain'] });

test('what cannot be meant is exit code 2', async (t) => {
  const place = makePlace(t);
  for (const argv of [
    ['explain', 'one', 'two'],
    ['explain', '--last', 'words'],
    ['explain', '--request', '1'],
    ['explain', '--last', '--request', '0'],
    ['explain', '--last', '--thread', 'a'],
    ['diff', 'a'],
    ['lock', 'a', 'b'],
  ]) {
    const { code, stdout, stderr } = await place.run(['prompt', ...argv]);
    assert.deepEqual([code, stdout], [2, ''], argv.join(' '));
    assert.match(stderr, /^spindle prompt: expected /);
  }
});

test('a lock without system texts holds the tools, in their order', async (t) => {
  const place = makePlace(t);
  assert.equal((await place.run(['prompt', 'lock', 'here.lock'])).code, 0);
  const { parts } = JSON.parse(readFileSync(join(place.cwd, 'here.lock'), 'utf8'));
  assert.deepEqual(
    parts.map(({ part, owner }: { readonly part: string; readonly owner: string }) => [
      part,
      owner,
    ]),
    [
      ['tool shell', 'shell'],
      ['tool shell_input', 'shell'],
      ['tool apply_patch', 'apply-patch'],
      ['tool read_file', 'read-file'],
      ['tool update_plan', 'plan'],
    ],
  );
  assert.equal((await place.run(['prompt', 'lock', 'here.lock', '--check'])).code, 0);
});
