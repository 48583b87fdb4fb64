import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import {
  createKernel,
  tools,
  type Effects,
  type Plugin,
  type ToolContext,
} from '../../../core/index.ts';
import local from '../../../plugins/machines/local.ts';
import audit, { options } from '../../../plugins/observers/audit.ts';
import { openToolThread } from '../../contracts/tool-thread.ts';
import { makeE2e, unconfined } from '../../e2e/place.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

type Line = Readonly<Record<string, unknown>>;

function folderFor(t: TestContext): string {
  const base = temporaryFolder(t);
  return join(base, 'audit');
}

function linesIn(folder: string): readonly Line[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const texts = names
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
  return texts.map((text) => JSON.parse(text) as Line);
}

const kindsIn = (folder: string) =>
  linesIn(folder).map(({ type, effect }) => Object(effect).kind ?? type);

/** A tool that does what a test says. */
function acting(run: (context: ToolContext) => Promise<void>): Plugin {
  const act = async (_args: unknown, context: ToolContext) => {
    await run(context);
    return { content: [{ type: 'text', text: 'done' }] } as const;
  };
  const tool = { name: 'act', description: 'acts', inputSchema: { type: 'object' }, run: act };
  return { name: 'acting', api: 1, setup: (host) => void host.add(tools, tool) };
}

test('whatever acts is on disk before it happens, with what was read before it', async (t) => {
  const folder = folderFor(t);
  const seen: unknown[] = [];
  const plugin = acting(async ({ effects }) => {
    await effects.read('a.txt');
    seen.push(kindsIn(folder));
    const { exited } = await effects.spawn({ argv: ['true'] });
    await exited;
    seen.push(kindsIn(folder));
    await effects.write('b.txt', 'b');
    seen.push(kindsIn(folder));
  });
  const thread = await openToolThread(t, {
    plugins: [audit({ directory: folder }), plugin],
    files: { 'a.txt': 'a' },
  });
  await thread.call('act', {});
  assert.deepEqual(seen, [[], ['log', 'read', 'spawn'], ['log', 'read', 'spawn', 'write']]);
  const written = linesIn(folder).at(-1);
  const { effect, verdict, policy, rule, reason, origin, thread: id } = written ?? {};
  assert.deepEqual(effect, {
    kind: 'write',
    path: join(thread.cwd, 'b.txt'),
    inside: true,
    remove: false,
  });
  assert.deepEqual([verdict, policy, rule, reason], ['allow', 'all', 'all', 'a test']);
  assert.deepEqual([origin, id], [{ kind: 'tool', name: 'act' }, thread.id]);
});

test('what was denied is there, and so is every decision of the thread, in its order', async (t) => {
  const folder = folderFor(t);
  const plugin = acting(async ({ effects }) => {
    await effects.write('no.txt', '').catch(() => {});
    await effects.read('a.txt');
  });
  const thread = await openToolThread(t, {
    plugins: [audit({ directory: folder }), plugin],
    files: { 'a.txt': 'a' },
    policy: ({ kind }) => ({
      verdict: kind === 'write' ? 'deny' : 'allow',
      reason: 'r',
      rule: 'u',
    }),
  });
  await thread.call('act', {});
  const decisions = (await thread.items()).filter((item) => item.type === 'decision');
  await thread.kernel[Symbol.asyncDispose]();
  const lines = linesIn(folder).filter(({ type }) => type === 'decision');
  assert.deepEqual(
    lines.map(({ id }) => id),
    decisions.map(({ id }) => id),
  );
  assert.deepEqual(
    lines.map(({ verdict }) => verdict),
    ['deny', 'allow'],
  );
});

test('what a person answered to an approval is there, with what was asked', async (t) => {
  const folder = folderFor(t);
  const plugin = acting(({ effects }) => effects.write('b.txt', ''));
  const thread = await openToolThread(t, {
    plugins: [audit({ directory: folder }), plugin],
    policy: () => ({ verdict: 'ask', reason: 'who knows', rule: 'ask for all' }),
    answer: () => ({ decision: 'deny', remark: 'not today' }),
  });
  await thread.call('act', {});
  const approval = linesIn(folder).find(({ type }) => type === 'approval') ?? {};
  const { decision, remark, by, effect, rule, thread: id } = approval;
  assert.deepEqual(
    [decision, remark, by, rule, id],
    ['deny', 'not today', 'test', 'ask for all', thread.id],
  );
  assert.equal(Object(effect).kind, 'write');
});

/** A kernel with the log and one plugin, whose effects are given. */
async function open(t: TestContext, folder: string) {
  let effects: Effects | undefined;
  const plugin: Plugin = { name: 'mine', api: 1, setup: (host) => void ({ effects } = host) };
  const plugins = [local(), audit({ directory: folder }), plugin].map((one) => ({ plugin: one }));
  const kernel = await createKernel({ plugins, settings: { cwd: tmpdir(), roots: [tmpdir()] } });
  t.after(() => kernel[Symbol.asyncDispose]());
  assert.ok(effects);
  return { kernel, effects };
}

test('effects outside any thread are there too', async (t) => {
  const folder = folderFor(t);
  const { effects } = await open(t, folder);
  await assert.rejects(effects.write(join(tmpdir(), 'never'), ''), { code: 'denied' });
  const { verdict, origin, by, thread } = linesIn(folder).at(-1) ?? {};
  assert.deepEqual([verdict, by, thread], ['deny', 'nobody', undefined]);
  assert.deepEqual(origin, { kind: 'plugin', name: 'mine' });
});

test('where nothing happens nothing is made; what was only read is written when the kernel ends', async (t) => {
  const folder = folderFor(t);
  const quiet = await open(t, folder);
  await quiet.kernel[Symbol.asyncDispose]();
  assert.ok(!existsSync(folder));
  const { kernel, effects } = await open(t, folder);
  await effects.stat(tmpdir());
  assert.ok(!existsSync(folder));
  await kernel[Symbol.asyncDispose]();
  assert.deepEqual(kindsIn(folder), ['log', 'read']);
});

test('what was only read is written a second later', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const folder = folderFor(t);
  const { effects } = await open(t, folder);
  await effects.stat(tmpdir());
  t.mock.timers.tick(1000);
  assert.deepEqual(kindsIn(folder), ['log', 'read']);
});

test('a command of 1 MB leaves its beginning, its length and its hash', async (t) => {
  const folder = folderFor(t);
  const { effects } = await open(t, folder);
  await assert.rejects(effects.spawn({ argv: ['true', 'x'.repeat(1_000_000)] }));
  await assert.rejects(effects.fetch(`http://127.0.0.1:1/${'y'.repeat(1_000_000)}`));
  const last = JSON.stringify(linesIn(folder).at(-1));
  assert.ok(last.length < 20_000);
  assert.match(last, /y… \(1000019 characters, sha256 [0-9a-f]{64}\)/);
});

test('a log that cannot be written is told once and stops no effect', async (t) => {
  const folder = folderFor(t);
  writeFileSync(folder, 'a file where the folder should be');
  const warnings: string[] = [];
  const hear = ({ message }: Error) => void warnings.push(message);
  process.on('warning', hear);
  t.after(() => process.off('warning', hear));
  const plugin = acting(async ({ effects }) => {
    await effects.write('a.txt', '');
    await effects.write('b.txt', '');
  });
  const thread = await openToolThread(t, { plugins: [audit({ directory: folder }), plugin] });
  const warned = once(process, 'warning');
  const { isError } = await thread.call('act', {});
  assert.equal(isError, false);
  await warned;
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? '',
    /^the audit log in .*audit cannot be written \(.*\): it is tried again/,
  );
  rmSync(folder);
  await thread.call('act', {});
  assert.equal(kindsIn(folder).filter((kind) => kind === 'write').length, 4);
});

test('options: a folder and nothing else', async () => {
  const schema = await options();
  assert.equal(schema.safeParse({ directory: '/x' }).success, true);
  assert.equal(schema.safeParse({ folder: '/x' }).success, false);
});

const command = (text: string) => ({ parts: [{ call: 'shell', args: { command: text } }] });

test('the program: a turn is in the log, show tells it, verify finds nothing, and then what was changed', async (t) => {
  const place = await makeE2e(t, { answers: [command('echo hello'), { text: 'done' }] });
  const folder = join(place.env['SPINDLE_HOME'] ?? '', 'audit');
  const none = await place.run(['audit', 'verify']);
  assert.deepEqual([none.code, none.stdout], [0, 'There is no audit log yet.\n']);
  await place.run(['exec', ...unconfined, 'go']);
  const [first] = place.threads()[0] ?? [];
  assert.ok(first?.type === 'thread');
  const shown = await place.run(['audit', 'show', '--thread', first.id.slice(0, 20)]);
  assert.match(shown.stdout, /allow +spawn bash -c echo hello\n +tool shell; approval: /);
  const other = await place.run(['audit', 'show', '--thread', 'ffff']);
  assert.deepEqual([other.code, other.stdout], [0, '']);
  const json = await place.run(['audit', 'show', '--json']);
  assert.deepEqual(
    json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line),
    linesIn(folder),
  );
  const good = await place.run(['audit', 'verify']);
  assert.match(good.stdout, /^1 file, \d+ lines: nothing was changed, removed or moved\. /);
  assert.equal(good.code, 0, good.stderr);

  const [name = ''] = readdirSync(folder).filter((one) => one.endsWith('.jsonl'));
  const file = join(folder, name);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('echo hello', 'echo harmless'));
  const line = text.split('\n').findIndex((one) => one.includes('echo hello')) + 1;
  const bad = await place.run(['audit', 'verify', file]);
  assert.equal(bad.code, 1);
  assert.ok(
    bad.stdout.startsWith(`${name}:${line}: it was changed after it was written\n`),
    bad.stdout,
  );
  writeFileSync(file, Buffer.from([0, 255, 10, 7]));
  const broken = await place.run(['audit', 'verify', '--json']);
  assert.equal(broken.code, 1);
  const { faults } = JSON.parse(broken.stdout) as { faults: readonly Line[] };
  assert.deepEqual(faults[0], {
    file: name,
    line: 1,
    message: 'it is damaged: no line of an audit log',
  });
  const gone = await place.run(['audit', 'verify', 'gone.jsonl']);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /expected a file of an audit log, but \S*gone\.jsonl is none/);
});

test('the program: the command that kills it is in the log, which is whole', async (t) => {
  const place = await makeE2e(t, { answers: [command('kill -9 $PPID; sleep 5')] });
  const killed = await place.run(['exec', ...unconfined, 'go']);
  assert.notEqual(killed.code, 0);
  const { stdout } = await place.run(['audit', 'show']);
  assert.match(stdout, /spawn bash -c kill -9 \$PPID/);
  const { code } = await place.run(['audit', 'verify']);
  assert.equal(code, 0);
});

test('while the log cannot be written, no more than 10,000 entries are kept, and how many were lost is told', async (t) => {
  const folder = folderFor(t);
  writeFileSync(folder, '');
  const warned = once(process, 'warning');
  const { kernel, effects } = await open(t, folder);
  for (let index = 0; index < 10_050; index++) await effects.stat(tmpdir());
  await assert.rejects(effects.write(join(tmpdir(), 'never'), ''), { code: 'denied' });
  await warned;
  rmSync(folder);
  await kernel[Symbol.asyncDispose]();
  const [first, second, ...rest] = linesIn(folder);
  assert.deepEqual([first?.['type'], second?.['type'], second?.['count']], ['log', 'lost', 51]);
  assert.equal(rest.length, 10_000);
});
