import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { projectRules } from '../../config/project-rules.ts';
import { makeE2e, unconfined } from './place.ts';

const config = {
  rules: [
    { action: 'deny', command: 'git push', reason: 'pushing is for people' },
    { action: 'ask', path: '.env' },
    { action: 'allow', command: 'npm test' },
  ],
};

test('policy check tells of each part what it is and what decides, and ends with the verdict', async (t) => {
  const { run, env } = await makeE2e(t, { answers: [], config });
  const file = join(String(env['HOME']), 'config.json');
  const denied = await run(['policy', 'check', '--', 'ls | wc -l; git -C x push 2>/dev/null']);
  assert.equal(denied.code, 1, denied.stderr);
  assert.match(denied.stdout, /^deny {3}ls \| wc -l; git -C x push 2>\/dev\/null$/m);
  assert.match(denied.stdout, /^ {2}allow {2}wc -l {2}\(known to read\)$/m);
  assert.match(denied.stdout, /^ {2}deny {3}git -C x push 2>\/dev\/null {2}\(command, writes/m);
  assert.ok(
    denied.stdout.includes(`rules: {"action":"deny","command":"git push"} (user, ${file})`),
  );
  assert.match(denied.stdout, /pushing is for people/);

  const asked = await run(['policy', 'check', '--json', '--', 'cat', '.env']);
  const { verdict, policy, layer, parts } = JSON.parse(asked.stdout);
  assert.deepEqual([asked.code, verdict, policy, layer], [3, 'ask', 'rules', 'user']);
  assert.equal(parts[0].text, 'cat .env');

  const outside = await run(['policy', 'check', '--outside', '--', 'timeout 9 npm test']);
  assert.equal(outside.code, 0);
  assert.match(outside.stdout, /approval: \{"action":"allow","command":"npm test"\}/);
  const untrusted = await run(['policy', 'check', '--approval', 'untrusted', '--', 'make\u202e']);
  assert.equal(untrusted.code, 3);
  assert.match(untrusted.stdout, /make\\u\{202e\}[^]*not understood: it holds characters/);
  assert.equal((await run(['policy', 'check', '--', 'rm -rf /'])).code, 0, 'the sandbox holds it');
  assert.equal((await run(['policy', 'check'])).code, 2);
});

test("a repository's rules count once it is trusted, and never overrule the user's", async (t) => {
  const own = {
    rules: [
      { action: 'allow', command: ['git', 'push'] },
      { action: 'allow', command: 'make' },
    ],
  };
  const { run, cwd } = await makeE2e(t, {
    answers: [],
    config,
    files: { '.git/HEAD': 'ref: refs/heads/main\n', '.spindlerc.json': JSON.stringify(own) },
  });
  const check = async (text: string) =>
    (await run(['policy', 'check', '--outside', '--', text])).code;
  assert.deepEqual([await check('make all'), await check('git push')], [3, 1]);
  assert.equal((await run(['trust'])).code, 0);
  assert.deepEqual([await check('make all'), await check('git push')], [0, 1]);
  const listed = await run(['policy', 'list']);
  assert.match(listed.stdout, /^ +deny +user +\{"action":"deny","command":"git push"\}/m);
  assert.ok(listed.stdout.includes(join(cwd, '.spindlerc.json')));
  const explained = await run(['config', 'explain', 'rules']);
  assert.equal(explained.stdout.match(/^ {2}wins/gm)?.length, 2);
  writeFileSync(join(cwd, '.spindlerc.json'), JSON.stringify({ rules: [{ action: 'allow' }] }));
  assert.equal((await run(['trust'])).code, 0);
  const invalid = await run(['policy', 'list']);
  assert.equal(invalid.code, 2);
  assert.match(invalid.stderr, /\.spindlerc\.json: rules.*expected at least one of command/);
});

test('policy list and remove: answers that were remembered for this project', async (t) => {
  const { run, cwd, env } = await makeE2e(t, { answers: [] });
  const file = join(String(env['HOME']), 'rules.json');
  assert.match((await run(['policy', 'list'])).stdout, /^There are no rules/);
  projectRules(file, cwd).add({ action: 'allow', command: ['make', 'x'] });
  projectRules(file, '/elsewhere').add({ action: 'allow', command: 'ls' });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { stdout } = await run(['policy', 'list', '--json']);
  const [rule, ...others] = JSON.parse(stdout);
  assert.deepEqual([rule.layer, rule.file, others.length], ['project', file, 0]);
  assert.equal((await run(['policy', 'check', '--outside', '--', 'make x'])).code, 0);
  const removed = await run(['policy', 'remove', rule.id]);
  assert.equal(removed.stdout, 'removed: {"action":"allow","command":["make","x"]}\n');
  assert.equal((await run(['policy', 'check', '--outside', '--', 'make x'])).code, 3);
  assert.equal((await run(['policy', 'remove', rule.id])).code, 1);
  mkdirSync(join(cwd, 'sub'));
  writeFileSync(file, '{');
  const damaged = await run(['policy', 'list']);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /rules\.json is damaged/);
});

test('why tells who wanted what, the verdict, and policy, rule, layer and file', async (t) => {
  const { run, threads, env } = await makeE2e(t, {
    answers: [
      {
        parts: [
          { call: 'shell', id: 'call_a', args: { command: 'git push origin\nls' } },
          { call: 'shell', id: 'call_b', args: { command: 'echo a' } },
        ],
      },
      { text: 'done' },
    ],
    config,
  });
  await run(['exec', ...unconfined, 'go']);
  const decisions = threads()
    .flat()
    .filter((item) => item.type === 'decision' && item.call === 'call_a');
  const [decision] = decisions;
  assert.ok(decision?.type === 'decision');
  const { code, stdout } = await run(['why', decision.id, '--last']);
  assert.equal(code, 0);
  for (const line of [
    /^who +tool shell, call call_a$/m,
    /^what +spawn git push origin\n {10}ls\n/m,
    /^verdict +deny$/m,
    /^reason +pushing is for people$/m,
    /^rule +\{"action":"deny","command":"git push"\} \(policy rules\)$/m,
    /^layer +user$/m,
  ])
    assert.match(stdout, line);
  assert.ok(stdout.includes(`file      ${join(String(env['HOME']), 'config.json')}`));
  const byCall = await run(['why', 'call_b']);
  assert.match(byCall.stdout, /^verdict +allow$/m);
  assert.equal(
    JSON.parse((await run(['why', '--json', 'call_a'])).stdout)[0].decision.id,
    decision.id,
  );
  const missing = await run(['why', 'nothing']);
  assert.deepEqual([missing.code, missing.stdout], [1, '']);
  assert.match(missing.stderr, /no decision or call "nothing"/);
  assert.equal((await run(['why'])).code, 2);
});
