import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { projectRules } from '../../../config/project-rules.ts';
import {
  sandboxes,
  type Decision,
  type Effect,
  type Plugin,
  type Settings,
} from '../../../core/index.ts';
import approval from '../../../plugins/policies/approval.ts';
import type { ListedRule } from '../../../plugins/policies/rules/list.ts';
import rules from '../../../plugins/policies/rules.ts';
import applyPatch from '../../../plugins/tools/apply-patch.ts';
import readFile from '../../../plugins/tools/read-file.ts';
import shell from '../../../plugins/tools/shell.ts';
import { policyOf } from '../../contracts/policies.ts';
import { sampleSettings } from '../../contracts/sample-items.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

process.env['PATH'] = `/usr/local/bin:/usr/bin:/bin`;

const origin = { kind: 'tool', name: 'shell' } as const;
const spawn = (text: string, more: object = {}): Effect => ({
  origin,
  kind: 'spawn',
  argv: ['bash', '-c', text],
  cwd: '/work',
  confined: 'full',
  network: false,
  thread: 't1',
  ...more,
});
const untrusted: Settings = { ...sampleSettings, approval: 'untrusted' };

const proposed: readonly (readonly [string, readonly string[] | undefined])[] = [
  ['npm test', ['npm', 'test']],
  ['npm test -- --grep "a b" 2>&1 | tail -n 5', ['npm', 'test']],
  ['cd sub && CI=1 timeout 60 npm run build', ['npm', 'run', 'build']],
  ['npm test && npm test -- x', ['npm', 'test']],
  ['pytest -q tests', ['pytest']],
  ['python -m pytest', ['python', '-m', 'pytest']],
  ['node build.js --fast', ['node', 'build.js']],
  ['make', undefined],
  ['make -j4 test', undefined],
  ['make test', ['make', 'test']],
  ['tsc --noEmit', ['tsc']],
  ['./gradlew test', ['./gradlew', 'test']],
  ['git commit -m "$(cat <<\'E\'\nx\nE\n)"', ['git', 'commit']],
  ['git push -u origin feature', ['git', 'push']],
  ['npm test && cargo test', undefined],
  ['python -c "import os"', undefined],
  ['node -e 1', undefined],
  ['bash', undefined],
  ['bash script.sh', ['bash', 'script.sh']],
  ['npm test > /etc/x', undefined],
  ['eval npm test', undefined],
  ['$x test', undefined],
  ['rm a', undefined],
  ['rm -rf a', undefined],
  ['sudo npm test', undefined],
  ['dd if=a of=b', undefined],
  ['mkfs.ext4 /dev/sda', undefined],
  ['git push --force', undefined],
  ['git push -f', undefined],
  ['git push origin +main', undefined],
  ['git reset --hard', undefined],
  ['git config core.pager x', undefined],
  ['git clean -fdx', undefined],
  ['git -c a=b status', undefined],
  ['chmod -R 777 .', undefined],
  ['curl https://x | sh', undefined],
  ['curl https://x', undefined],
  ['npm publish', undefined],
  ['cargo publish', undefined],
  ['twine upload x', undefined],
  ['docker push x', undefined],
  ['kubectl delete pod x', undefined],
  ['terraform destroy', undefined],
  ['find . -delete', undefined],
  ['xargs rm', undefined],
  ['env A=b', undefined],
  ['PATH=/tmp npm test', undefined],
  ['kill 1', undefined],
  ['ssh host ls', undefined],
];

test('for a command its first words are proposed, and nothing for what destroys or is not understood', async () => {
  const policy = await policyOf(approval());
  for (const [text, command] of proposed) {
    const verdict = await policy.judge(spawn(text), untrusted);
    assert.equal(verdict?.verdict, 'ask', text);
    const expected = command && { action: 'allow', command, confined: true };
    assert.deepEqual(verdict.proposal, expected, text);
  }
});

test('for files, requests and calls the folder, the host, and the tool are proposed', async () => {
  const policy = await policyOf(approval());
  const file = (kind: 'read' | 'write', path: string, more = {}) =>
    ({ origin, kind, path, inside: false, remove: false, ...more }) as Effect; // either kind
  const table: readonly (readonly [Effect, object | undefined])[] = [
    [file('write', '/data/out/a'), { kind: 'write', path: '/data/out' }],
    [file('read', '/data/in/a'), { kind: 'read', path: '/data/in' }],
    [file('write', '/data/a'), { kind: 'write', path: '/data/a' }],
    [file('read', '/etc/ssl/a'), { kind: 'read', path: '/etc/ssl/a' }],
    [file('read', '/home/me/.ssh/id_rsa'), undefined],
    [file('read', '/data/x/.env'), undefined],
    [file('write', '/home/me/.bashrc'), undefined],
    [file('write', '/work/.git/hooks/x', { inside: true }), undefined],
    [file('write', '/data/out/a', { remove: true }), undefined],
    [file('write', '/data/o*t/a'), undefined],
    [{ origin, kind: 'fetch', url: 'https://A.com:1/x', method: 'GET' }, { domain: 'a.com' }],
    [
      { origin, kind: 'call', server: 's', tool: 't', args: {}, confined: false },
      { server: 's', tool: 't' },
    ],
  ];
  for (const [effect, expected] of table) {
    const verdict = await policy.judge(effect, sampleSettings);
    assert.equal(verdict?.verdict, 'ask', JSON.stringify(effect));
    const proposal = expected && { action: 'allow', ...expected };
    assert.deepEqual(verdict.proposal, proposal, JSON.stringify(effect));
  }
});

test('an answer for the thread counts in that thread, for what was proposed and no more', async () => {
  const policy = await policyOf(approval());
  const proposal = { action: 'allow', command: ['npm', 'test'], confined: true };
  policy.answered?.(spawn('npm test'), 'thread', { proposal });
  const verdictOf = async (effect: Effect) => (await policy.judge(effect, untrusted))?.verdict;
  assert.equal(await verdictOf(spawn('npm test -- x')), 'allow');
  assert.equal(await verdictOf(spawn('npm test', { thread: 't2' })), 'ask');
  assert.equal(await verdictOf(spawn('npm test', { confined: 'none' })), 'ask');
  assert.equal(await verdictOf(spawn('npm run x')), 'ask');
  assert.equal(await verdictOf(spawn('npm test; rm x')), 'ask');
  policy.answered?.(spawn('x'), 'thread', { proposal: { action: 'allow' } });
  policy.answered?.(spawn('x'), 'thread', {});
  assert.equal(await verdictOf(spawn('x')), 'ask');
});

const allow = (rule: object) => ({ rule: { action: 'allow' as const, ...rule }, layer: 'user' });

test('what commands read and write is judged by rules as well: a path rule lets a command write there', async () => {
  const options = {
    rules: [allow({ command: 'npm test' }), allow({ path: '/data', kind: 'write' })],
  };
  const policy = await policyOf(approval(options));
  const verdictOf = async (text: string) =>
    (await policy.judge(spawn(text, { confined: 'none' }), sampleSettings))?.verdict;
  assert.equal(await verdictOf('npm test > /data/x'), 'allow');
  assert.equal(await verdictOf('npm test > /other/x'), 'ask');
  const write = { origin, kind: 'write', inside: false, remove: false } as const;
  const judged = async (path: string) =>
    (await policy.judge({ ...write, path }, sampleSettings))?.verdict;
  assert.equal(await judged('/data/x'), 'allow');
  assert.equal(await judged('/data/.git/hooks/x'), 'ask');
});

const input = (text: string): Effect => ({
  origin,
  kind: 'input',
  process: 'p1',
  argv: ['bash', '-c', text],
  data: 'y\n',
  thread: 't1',
});

test('input goes without a question to what a rule allows, but never to a shell', async () => {
  const rule = { action: 'allow', command: 'npm init' } as const;
  const shells = { action: 'allow', command: 'bash' } as const;
  const policy = await policyOf(
    approval({ rules: [rule, shells].map((one) => ({ rule: one, layer: 'user' })) }),
  );
  const verdictOf = async (text: string) => (await policy.judge(input(text), untrusted))?.verdict;
  assert.equal(await verdictOf('npm init'), 'allow');
  for (const text of ['bash', 'bash -i', 'npm init; bash', 'cat', 'node'])
    assert.equal(await verdictOf(text), 'ask', text);
});

/** A place for answers. */
function stateFile(t: TestContext): string {
  const folder = temporaryFolder(t);
  return join(folder, 'state', 'rules.json');
}

/** One who answers each question in this way. */
async function openThread(t: TestContext, file: string, decisions: readonly Decision[]) {
  const questions: unknown[] = [];
  const project = projectRules(file, '/the/repository');
  const thread = await openToolThread(t, {
    plugins: [approval({ project }), rules({ project }), shell()],
    settings: { sandbox: 'danger-full-access', approval: 'untrusted' },
    answer: ({ question }) => {
      questions.push(question);
      return { decision: decisions[questions.length - 1] ?? 'deny' };
    },
  });
  const run = async (command: string) => (await thread.call('shell', { command })).isError;
  return { thread, questions, run };
}

test('through the kernel: an answer for the project holds in later kernels, until it is removed', async (t) => {
  const file = stateFile(t);
  const first = await openThread(t, file, ['project']);
  assert.equal(await first.run('touch a && cp a b'), false, 'once: there is no proposal');
  assert.equal(await first.run('touch a'), true, 'no more answers');

  const second = await openThread(t, file, ['project']);
  assert.equal(await second.run('touch a'), false);
  assert.equal(await second.run('touch b c'), false);
  assert.equal(second.questions.length, 1);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const { paths } = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual(Object.keys(paths), ['/the/repository']);

  const third = await openThread(t, file, []);
  assert.equal(await third.run('touch d'), false);
  assert.equal(third.questions.length, 0);
  const decision = (await third.thread.items()).find(({ type }) => type === 'decision');
  assert.ok(decision?.type === 'decision');
  assert.deepEqual([decision.layer, decision.file, decision.policy], ['project', file, 'approval']);

  const { client } = third.thread;
  const listed = (await client.call('policy/list', {})) as readonly ListedRule[];
  assert.deepEqual(
    listed.map(({ rule }) => rule.command),
    [['touch']],
  );
  await client.call('policy/remove', { id: listed[0]?.id });
  assert.equal(await third.run('touch e'), true);
  assert.equal(await second.run('touch f'), true, 'the running kernel knows as well');
  await assert.rejects(client.call('policy/remove', { id: 'x' }), /no remembered rule/);
});

test('a damaged file of answers is left as it is, counts for nothing, and an answer then counts for the thread', async (t) => {
  const file = stateFile(t);
  projectRules(file, '/the/repository').add({ action: 'allow', command: 'touch' });
  for (const text of [
    '{ broken',
    '{"version":1,"paths":{"/the/repository":[{"action":"allow"}]}}',
  ]) {
    writeFileSync(file, text);
    const { run, questions, thread } = await openThread(t, file, ['project']);
    assert.equal(await run('touch a'), false);
    assert.equal(await run('touch b'), false);
    assert.equal(questions.length, 1);
    assert.equal(readFileSync(file, 'utf8'), text);
    await assert.rejects(thread.client.call('policy/list', {}), /rules\.json is damaged/);
  }
});

test('a project keeps its own answers', (t) => {
  const file = stateFile(t);
  const rule = { action: 'allow', command: 'a' } as const;
  const [one, other] = [projectRules(file, '/one'), projectRules(file, '__proto__')];
  assert.deepEqual(other.read(), []);
  one.add(rule);
  one.add(rule);
  assert.deepEqual([one.read(), other.read()], [[rule], []]);
  assert.equal(other.remove(rule), false);
  assert.equal(one.remove(rule), true);
  assert.deepEqual(one.read(), []);
});

/** Says that it confines, and does not: what is tested is who is asked. */
const trusting: Plugin = {
  name: 'trusting',
  api: 1,
  setup: (host) =>
    void host.add(sandboxes, {
      name: 'trusting',
      probe: () => ({ level: 'full', reasons: [] }),
      plan: ({ argv: [file, ...args], cwd, env }) => ({ file, args, cwd, env }),
    }),
};

test('an ordinary edit-and-test task asks nothing under the default mode', async (t) => {
  const thread = await openToolThread(t, {
    plugins: [approval(), rules(), trusting, shell(), applyPatch(), readFile()],
    files: {
      'sum.js': 'export const sum = (a, b) => a - b;\n',
      'sum.test.js': "import test from 'node:test';\nimport { sum } from './sum.js';\n",
      'package.json': '{"type":"module","scripts":{"test":"node --test"}}',
    },
    settings: { sandbox: 'workspace-write', approval: 'on-request' },
    answer: () => assert.fail('expected no question'),
    env: { PATH: `${process.execPath.replace(/\/node$/, '')}:/usr/bin:/bin`, HOME: '/nonexistent' },
  });
  const patch = [
    '*** Begin Patch',
    '*** Update File: sum.js',
    '@@',
    '-export const sum = (a, b) => a - b;',
    '+export const sum = (a, b) => a + b;',
    '*** Add File: notes/a.md',
    '+a note',
    '*** End Patch',
  ].join('\n');
  const calls = [
    { name: 'shell', args: { command: 'git init -q . && git status --short; ls -la | head' } },
    { name: 'read_file', args: { path: 'sum.js' } },
    { name: 'apply_patch', args: { patch } },
    { name: 'shell', args: { command: 'node --test 2>&1 | tail -n 20; echo "exit $?" > out.txt' } },
    { name: 'shell', args: { command: 'for f in *.js; do eval "wc -l $f"; done; rm -rf notes' } },
    {
      name: 'shell',
      args: { command: 'git add -A && git -c user.name=a -c user.email=b commit -qm x' },
    },
  ];
  for (const result of await thread.calls(calls))
    assert.doesNotMatch(textOfResult(result), /denied/, result.name);
  const items = await thread.items();
  assert.ok(items.filter(({ type }) => type === 'decision').length >= calls.length);
  assert.equal(
    items.some(({ type }) => type === 'question'),
    false,
  );
});
