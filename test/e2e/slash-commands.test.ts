/** `spindle exec "/name argument"`, and what can be typed so. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makeE2e, type E2e } from './place.ts';

const lastSaid = (place: E2e) => {
  const input = place.server.requests.at(-1)?.json.input;
  const items = Array.isArray(input) ? input : [];
  return JSON.stringify(items.findLast((item) => item.role === 'user')?.content ?? '');
};

test('exec runs a command of that name; any other text that begins with a slash is said', async (t) => {
  const place = await makeE2e(t, {
    answers: [{ text: 'Answer.', times: 10 }],
    files: {
      '../home/commands/greet.md': 'Say hello to $ARGUMENTS.',
      '../home/.agents/skills/deploy/SKILL.md':
        '---\nname: deploy\ndescription: Deploys.\n---\nPush the button.\n',
      '.agents/commands/theirs.md': 'Do what they want.',
    },
  });
  const greeted = await place.run(['exec', '/greet Ada and Bob']);
  assert.deepEqual([greeted.code, greeted.stdout], [0, 'Answer.\n'], greeted.stderr);
  assert.match(lastSaid(place), /Say hello to Ada and Bob\./);
  await place.run(['exec', '/deploy to test']);
  assert.match(lastSaid(place), /\$deploy to test.*Push the button\./);
  for (const text of ['/etc/passwd is a file', '/nothing here', '/', '/theirs']) {
    await place.run(['exec', text]);
    assert.ok(lastSaid(place).includes(`"${text}"`), lastSaid(place));
  }
  await place.run(['exec', '--trust', '/theirs']);
  assert.match(lastSaid(place), /Do what they want\./);
});

test('a command that starts no turn tells what it did, as text and as events, and asks no model', async (t) => {
  const place = await makeE2e(t, { answers: [{ text: 'Answer.', times: 3 }] });
  await place.run(['exec', 'hello']);
  const asked = place.server.requests.length;
  const renamed = await place.run(['exec', 'resume', '--last', '/rename my thread']);
  assert.deepEqual([renamed.code, renamed.stdout], [0, 'This thread is called my thread.\n']);
  assert.match(renamed.stderr, /go on with/);
  assert.doesNotMatch(renamed.stderr, / steps?, /);
  assert.match((await place.run(['thread', 'list'])).stdout, /my thread/);
  const events = await place.run(['exec', '--json', 'resume', '--last', '/fork']);
  const lines = events.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ type }) => type),
    ['thread.started', 'turn.started', 'item.completed', 'turn.completed'],
  );
  assert.match(lines[2].item.text, /^Copied to thread /);
  assert.equal(place.server.requests.length, asked);
  const failed = await place.run(['exec', 'resume', '--last', '/rename']);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /expected \/rename NAME/);
});

test('command list shows them with where they are from, and bad files', async (t) => {
  const place = await makeE2e(t, {
    answers: [],
    files: {
      '../home/.agents/commands/greet.md': 'Say hello.',
      '../home/commands/broken.md': '---\na: [\n---\nx',
      '.agents/commands/theirs.md': 'Theirs.',
    },
  });
  const { code, stdout } = await place.run(['command', 'list']);
  assert.equal(code, 0);
  assert.match(stdout, /^\/compact +Makes room/m);
  assert.match(stdout, /^\/greet +Say hello\. +.*greet\.md$/m);
  assert.match(stdout, /^left out: .*broken\.md:\d+: the YAML/m);
  assert.match(stdout, /^left out: .*theirs\.md:1: it is not trusted/m);
});
