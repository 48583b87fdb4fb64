/** Hooks, as the real binary runs them from the user's configuration and from a repository's. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { makeE2e, unconfined } from './place.ts';

const scripts = join(import.meta.dirname, '../fixtures/hooks');
const hook = (command: string) => [{ hooks: [{ type: 'command', command }] }];

test("the user's hooks deny a call and see the thread begin and end", async (t) => {
  const place = await makeE2e(t, {
    answers: [
      { parts: [{ call: 'shell', args: { command: 'touch made' } }] },
      { text: 'I could not.' },
    ],
    config: {
      hooks: {
        SessionStart: hook(`${scripts}/record.sh`),
        PreToolUse: [{ matcher: 'shell|apply_patch', ...hook(`'${scripts}/refuse.sh' never`)[0] }],
        SessionEnd: hook(`${scripts}/record.sh`),
      },
    },
  });
  const { code, stdout, stderr } = await place.run(['exec', ...unconfined, 'make a file']);
  assert.deepEqual([code, stdout], [0, 'I could not.\n'], stderr);
  assert.match(JSON.stringify(place.server.requests.at(-1)?.json.input), /hook denied it: never/);
  assert.equal(existsSync(join(place.cwd, 'made')), false);
  const heard = readFileSync(join(place.cwd, 'heard'), 'utf8').trimEnd().split('\n');
  const told = heard.map((line) => JSON.parse(line));
  assert.deepEqual(
    told.map(({ hook_event_name }) => hook_event_name),
    ['SessionStart', 'SessionEnd'],
  );
  for (const { transcript_path } of told) assert.ok(existsSync(transcript_path), transcript_path);
});

test("a repository's hooks run nothing before it is trusted, and run with --trust", async (t) => {
  const hooks = { SessionStart: hook('touch MARK'), UserPromptSubmit: hook('touch MARK') };
  const place = await makeE2e(t, {
    answers: [{ text: 'One.' }, { text: 'Two.' }],
    files: { '.spindlerc.json': JSON.stringify({ hooks }) },
  });
  execFileSync('git', ['init', '--quiet'], { cwd: place.cwd });
  const before = await place.run(['exec', ...unconfined, 'hello']);
  assert.match(before.stderr, /\.spindlerc\.json is not trusted/);
  assert.equal(existsSync(join(place.cwd, 'MARK')), false);
  await place.run(['exec', ...unconfined, '--trust', 'hello']);
  assert.equal(existsSync(join(place.cwd, 'MARK')), true);
});

test('a prompt that a hook blocks makes exec fail with the reason, and reaches no model', async (t) => {
  const place = await makeE2e(t, {
    answers: [],
    config: { hooks: { UserPromptSubmit: hook(`'${scripts}/refuse.sh' 'no secrets'`) } },
  });
  const { code, stderr } = await place.run(['exec', ...unconfined, 'my key is 123']);
  assert.notEqual(code, 0);
  assert.match(stderr, /UserPromptSubmit hook blocked this: no secrets/);
  assert.deepEqual(place.server.requests, []);
});
