/** examples/agent-folders does what its README says. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { makeE2e, unconfined } from './place.ts';

const example = join(import.meta.dirname, '../../examples/agent-folders');

test('examples/agent-folders: after trust its command has its sub-agent work, and its skill is told and named', async (t) => {
  const place = await makeE2e(t, {
    answers: ({ json }) => {
      const input = Array.isArray(json.input) ? json.input : [];
      const text = JSON.stringify(input.findLast(({ role }) => role === 'user')?.content);
      if (!text.includes('Have the agent')) return { text: 'No faults.' };
      const isDone = input.some(({ type }) => type === 'function_call_output');
      const args = { prompt: 'Review main.', agent: 'reviewer' };
      return isDone ? { text: 'It found none.' } : { parts: [{ call: 'task', args }] };
    },
  });
  cpSync(example, place.cwd, { recursive: true });
  execFileSync('git', ['init', '--quiet'], { cwd: place.cwd });
  const { stdout } = await place.run(['trust']);
  assert.equal(stdout.split('\n').filter((line) => line.includes('new: .agents/')).length, 4);
  for (const [name, file] of [
    ['skill', 'release-notes'],
    ['agent', 'reviewer'],
    ['command', '/review'],
  ] as const) {
    const listed = await place.run([name, 'list']);
    assert.match(listed.stdout, new RegExp(`^${file} `, 'm'));
    assert.doesNotMatch(listed.stdout, /left out|not trusted/);
  }
  const reviewed = await place.run(['exec', ...unconfined, '/review main']);
  assert.deepEqual([reviewed.code, reviewed.stdout], [0, 'It found none.\n'], reviewed.stderr);
  const [parent, child] = place.server.requests.map(({ json }) => json);
  assert.match(JSON.stringify(parent?.input), /between this branch and main\./);
  assert.match(JSON.stringify(parent?.input), /- release-notes: Writes release notes/);
  assert.match(JSON.stringify(child), /Look for what breaks callers/);
  const offered = (child?.tools ?? []).map(({ name }) => name);
  assert.deepEqual(offered, ['shell', 'read_file', 'search']);
  await place.run(['exec', ...unconfined, '$release-notes for 2.0']);
  assert.match(JSON.stringify(place.server.requests.at(-1)?.json.input), /Group what users notice/);
});
