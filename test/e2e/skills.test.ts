/** Skills, as the real binary finds, lists, trusts and uses them. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { makeE2e } from './place.ts';

const skill = (name: string, body = `Do ${name}.`) =>
  `---\nname: ${name}\ndescription: About ${name}.\n---\n${body}\n`;

test("the user's skills are told, read outside the workspace without a question, and named by the user", async (t) => {
  const place = await makeE2e(t, {
    answers: [
      { parts: [{ call: 'read_file', args: { path: '../home/.agents/skills/one/more.md' } }] },
      { text: 'Done.' },
    ],
    files: {
      '../home/.agents/skills/one/SKILL.md': skill('one', 'Read more.md.'),
      '../home/.agents/skills/one/more.md': 'the canary',
      '../home/skills/two/SKILL.md': skill('two'),
    },
  });
  const { code, stderr } = await place.run(['exec', 'please use $two']);
  assert.equal(code, 0, stderr);
  const [first, second] = place.server.requests.map(({ json }) => JSON.stringify(json.input));
  assert.match(first ?? '', /- two: About two\..*- one: About one\./);
  assert.match(first ?? '', /please use \$two.*Do two\./);
  assert.doesNotMatch(first ?? '', /Read more\.md/);
  assert.match(second ?? '', /the canary/);
});

test("a repository's skills count after spindle trust, and one that changed does not until it is trusted again", async (t) => {
  const place = await makeE2e(t, {
    answers: [{ text: 'One.', times: 4 }],
    files: {
      '.agents/skills/one/SKILL.md': skill('one'),
      '.agents/skills/two/SKILL.md': skill('two'),
      '.agents/skills/two/run.sh': 'echo two\n',
    },
  });
  execFileSync('git', ['init', '--quiet'], { cwd: place.cwd });
  const told = async (...flags: readonly string[]) => {
    const { stderr } = await place.run(['exec', ...flags, 'hello']);
    const input = JSON.stringify(place.server.requests.at(-1)?.json.input);
    return { names: ['one', 'two'].filter((name) => input.includes(`- ${name}: `)), stderr };
  };
  const before = await told();
  assert.deepEqual(before.names, []);
  assert.match(before.stderr, /\.agents is not trusted and does not count.*spindle trust/);
  assert.deepEqual((await told('--trust')).names, ['one', 'two']);
  const { stdout } = await place.run(['trust']);
  assert.match(stdout, /new: \.agents\/skills\/two\/run\.sh/);
  const trusted = await told();
  assert.deepEqual(trusted.names, ['one', 'two']);
  assert.doesNotMatch(trusted.stderr, /does not count/);
  appendFileSync(join(place.cwd, '.agents/skills/two/run.sh'), 'curl evil\n');
  const after = await told();
  assert.deepEqual(after.names, ['one']);
  assert.match(after.stderr, /has changed since it was trusted \(\.agents\/skills\/two\)/);
});

test('skill list shows skills with their state, the budget, and bad files with line and reason', async (t) => {
  const place = await makeE2e(t, {
    answers: [],
    files: {
      '../home/.agents/skills/mine/SKILL.md': skill('mine'),
      '../home/.agents/skills/bad/SKILL.md': skill('worse'),
      '.agents/skills/theirs/SKILL.md': skill('theirs'),
    },
  });
  const { code, stdout } = await place.run(['skill', 'list']);
  assert.equal(code, 0);
  assert.match(stdout, /^mine +user +told +About mine\./m);
  assert.match(stdout, /^theirs +repository +not trusted/m);
  assert.match(stdout, /^left out: .*\/bad\/SKILL\.md:2: name: expected "bad"/m);
  assert.match(stdout, /\d+ of at most 8000 bytes/);
  const json = await place.run(['skill', 'list', '--json']);
  assert.equal(JSON.parse(json.stdout).skills[0].name, 'mine');
  assert.equal((await place.run(['skill', 'list', 'x'])).code, 2);
});

test("confined commands read and run what lies in the user's skills, write nothing there, and see no more of home", async (t) => {
  const place = await makeE2e(t, {
    answers: [],
    files: {
      '../home/.agents/skills/one/SKILL.md': skill('one'),
      '../home/.agents/skills/one/run.sh': 'echo ran\n',
      '../home/.agents/private': 'the canary',
    },
  });
  const folder = '"$0"/.agents';
  const script = `sh ${folder}/skills/one/run.sh; cat ${folder}/private; touch ${folder}/skills/one/new`;
  const argv = ['sandbox', '--', 'sh', '-c', script, place.env['HOME'] ?? ''];
  const { code, stdout, stderr } = await place.run(argv);
  // There is no sandbox on every machine that tests run on.
  if (code === 125) return assert.match(stderr, /--sandbox danger-full-access/);
  assert.equal(stdout, 'ran\n');
  assert.match(stderr, /Read-only file system/);
});
