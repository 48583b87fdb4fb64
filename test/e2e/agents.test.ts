/** Sub-agents, as the real binary runs, shows, interrupts and closes them. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';

import type { Item } from '../../core/index.ts';
import { ended } from '../fixtures/front-ends/run.ts';
import type { Answer, Part } from '../fixtures/model-server.ts';
import { makeE2e, unconfined, type E2eOptions } from './place.ts';

/** What a model of a parent and its sub-agents answers, by the last thing said by the user and by results since. */
function place(
  t: TestContext,
  play: (said: string, results: number) => Answer,
  options: Partial<E2eOptions> = {},
) {
  return makeE2e(t, {
    ...options,
    answers: ({ json }) => {
      const input = Array.isArray(json.input) ? json.input : [];
      const from = input.findLastIndex((item) => item.role === 'user');
      const said = JSON.stringify(input[from]?.content ?? '');
      const results = input.slice(from).filter((item) => item.type === 'function_call_output');
      return play(said, results.length);
    },
  });
}

const call = (name: string, args: object): Part => ({ call: name, args });
const task = (prompt: string, more: object = {}) => call('task', { prompt, ...more });
const childOf = (threads: readonly (readonly Item[])[]) =>
  threads.find(([first]) => first?.type === 'thread' && first.parent !== undefined) ?? [];

test('a sub-agent answers its parent, and exec shows what it did; its thread is shown and listed by the parent', async (t) => {
  const e2e = await place(t, (said, results) => {
    if (said.includes('count'))
      return results === 0 ? { parts: [task('look here'), task('look there')] } : { text: 'Both.' };
    return results === 0
      ? { parts: [call('shell', { command: 'echo found' })] }
      : { text: 'A sub-answer.' };
  });
  const { code, stdout, stderr } = await e2e.run(['exec', ...unconfined, 'count']);
  assert.deepEqual([code, stdout], [0, 'Both.\n'], stderr);
  assert.match(stderr, /look here: shell echo found/);
  assert.match(stderr, /^task look here/m);
  assert.match(stderr, /, and [\d,]+ of sub-agents$/m);
  assert.match(stderr, / {2}thread [0-9a-f-]{36}, 2 steps, [\d,]+ tokens/);
  const [first] = childOf(e2e.threads());
  assert.ok(first?.type === 'thread');
  const parent = first.parent?.thread ?? '';
  const list = await e2e.run(['thread', 'list', '--json']);
  assert.deepEqual(
    JSON.parse(list.stdout).map(({ id }: { readonly id: string }) => id),
    [parent],
  );
  const below = await e2e.run(['thread', 'list', '--parent', parent]);
  assert.match(below.stdout, /task: look here/);
  assert.match(below.stdout, /task: look there/);
  const usage = await e2e.run(['thread', 'show', parent, '--usage']);
  assert.match(usage.stdout, /^in threads of their own: [\d,]+ tokens of 2 sub-agents$/m);
  const shown = await e2e.run(['thread', 'show', first.id]);
  assert.match(shown.stdout, new RegExp(`^sub-agent task of thread ${parent}$`, 'm'));
  assert.match(shown.stdout, /echo found/);
  assert.match(shown.stdout, /A sub-answer\./);
});

test('what a sub-agent is denied because nobody is there makes exec exit with 3 and is shown', async (t) => {
  const e2e = await place(t, (said, results) => {
    if (said.includes('go')) return results === 0 ? { parts: [task('leave')] } : { text: 'No.' };
    return results === 0
      ? { parts: [call('read_file', { path: '../secret' })] }
      : { text: 'Denied.' };
  });
  const { code, stderr } = await e2e.run(['exec', 'go']);
  assert.equal(code, 3, stderr);
  assert.match(stderr, /denied: read .*outside the workspace/);
  assert.match(stderr, /1 effect denied, since nobody was there to ask/);
});

test('a rule about a tool holds for sub-agents, whose effects are recorded as theirs', async (t) => {
  const e2e = await place(
    t,
    (said, results) => {
      if (said.includes('go'))
        return results === 0 ? { parts: [task('run', { agent: 'runner' })] } : { text: 'No.' };
      return results === 0 ? { parts: [call('shell', { command: 'true' })] } : { text: 'Denied.' };
    },
    {
      config: {
        rules: [{ action: 'deny', tool: 'shell' }],
        plugins: { agents: { options: { roles: { runner: { description: 'runs' } } } } },
      },
    },
  );
  await e2e.run(['exec', ...unconfined, 'go']);
  const decisions = childOf(e2e.threads()).filter((item) => item.type === 'decision');
  const decision = decisions.find(({ effect }) => effect.kind === 'spawn');
  assert.deepEqual(decision?.origin, { kind: 'agent', name: 'runner', tool: 'shell' });
  assert.equal(decision?.verdict, 'deny');
  assert.match(decision?.rule ?? '', /"tool":"shell"/);
});

const waiting = (t: TestContext) =>
  place(t, (said, results) => {
    if (said.includes('again')) return { text: 'Went on.' };
    if (said.includes('go')) return results === 0 ? { parts: [task('wait')] } : { text: 'Done.' };
    return { hang: true };
  });

test('Ctrl-C ends the turns of parent and sub-agent', async (t) => {
  const e2e = await waiting(t);
  const child = e2e.start('exec', ...unconfined, 'go');
  const end = ended(child);
  await e2e.server.waitForRequest(2);
  child.kill('SIGINT');
  assert.equal((await end).code, 130);
  for (const items of e2e.threads()) {
    const last = items.at(-1);
    assert.ok(last?.type === 'end' && last.status === 'interrupted', JSON.stringify(last));
  }
});

test('after kill -9 a resumed parent has its call closed, and so has the thread of its sub-agent', async (t) => {
  const e2e = await waiting(t);
  const child = e2e.start('exec', ...unconfined, 'go');
  await e2e.server.waitForRequest(2);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.notEqual(childOf(e2e.threads()).at(-1)?.type, 'end');
  const { code, stderr } = await e2e.run(['exec', ...unconfined, 'resume', '--last', 'again']);
  assert.equal(code, 0, stderr);
  const parent = e2e.threads().find(([first]) => first?.type === 'thread' && !first.parent) ?? [];
  const result = parent.find((item) => item.type === 'result');
  assert.ok(result?.isError);
  assert.ok(parent.some((item) => item.type === 'assistant' && item.text === 'Went on.'));
  const last = childOf(e2e.threads()).at(-1);
  assert.ok(last?.type === 'end' && last.status === 'interrupted', JSON.stringify(last));
});

const role = (name: string) =>
  `---\nname: ${name}\ndescription: Plays ${name}.\nmodel: model-of-${name}\ntools: [shell]\n---\nYou are ${name}.\n`;

test("roles of files are told and played: the user's always, the repository's after trust; bad ones are named", async (t) => {
  const e2e = await place(
    t,
    (said, results) =>
      said.includes('go') && results === 0
        ? { parts: [task('play', { agent: 'mine' }), task('play', { agent: 'theirs' })] }
        : { text: 'Played.' },
    {
      files: {
        '../home/.agents/agents/mine.md': role('mine'),
        '../home/agents/broken.md': '---\nname: broken\ntools: 3\n---\nx\n',
        '.agents/agents/theirs.md': role('theirs'),
      },
    },
  );
  execFileSync('git', ['init', '--quiet'], { cwd: e2e.cwd });
  const before = await e2e.run(['agent', 'list']);
  assert.match(before.stdout, /^mine +user +told +model-of-mine/m);
  assert.match(before.stdout, /^theirs +repository +not trusted/m);
  assert.match(before.stdout, /^left out: .*agents\/broken\.md:2: description: expected a text/m);
  assert.match(before.stdout, /maxDepth 1, maxAtOnce 6/);
  await e2e.run(['exec', ...unconfined, 'go']);
  assert.match(JSON.stringify(e2e.server.requests[0]?.json.input), /- mine: Plays mine\./);
  assert.doesNotMatch(JSON.stringify(e2e.server.requests[0]?.json.input), /Plays theirs/);
  const models = () => e2e.server.requests.map(({ json }) => json['model']);
  assert.ok(models().includes('model-of-mine') && !models().includes('model-of-theirs'));
  const asMine = e2e.server.requests.find(({ json }) => json['model'] === 'model-of-mine');
  assert.match(JSON.stringify(asMine?.json), /You are mine\./);
  await e2e.run(['exec', ...unconfined, '--trust', 'go']);
  assert.ok(models().includes('model-of-theirs'));
});
