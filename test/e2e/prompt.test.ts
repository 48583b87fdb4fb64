/** `spindle prompt`, the cache guard and prices, as the real binary runs them. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { type E2e, makeE2e, unconfined } from './place.ts';
import { remove } from '../fixtures/folders.ts';

interface Explanation {
  readonly bytes: number;
  readonly envelope: number;
  readonly parts: readonly { readonly bytes: number; readonly source: string }[];
  readonly segments: readonly { readonly text: string }[];
}

async function explained(place: E2e, ...argv: readonly string[]): Promise<Explanation> {
  const { code, stdout, stderr } = await place.run(['prompt', 'explain', '--json', ...argv]);
  assert.deepEqual([code, stderr], [0, '']);
  return JSON.parse(stdout);
}

const call = { call: 'shell', args: { command: 'echo out' } };

for (const provider of ['openai-responses', 'openai-chat']) {
  test(`${provider}: what is explained of a stored thread is what the model's server received, byte for byte`, async (t) => {
    const place = await makeE2e(t, {
      answers: [{ parts: [{ text: 'I look.' }, call] }, { text: 'Done.' }, { text: 'Again.' }],
      files: { 'AGENTS.md': '# Rules\nBe kind — always.\n' },
      config: { provider },
    });
    assert.equal((await place.run(['exec', ...unconfined, 'look around'])).code, 0);
    assert.equal((await place.run(['exec', 'resume', '--last', 'and again'])).code, 0);
    const bodies = place.server.requests.map(({ body }) => body);
    assert.equal(bodies.length, 3);
    for (const [at, body] of bodies.entries()) {
      const one = await explained(place, '--last', `--request=${at + 1}`);
      assert.equal(one.segments.map(({ text }) => text).join(''), body);
      const bytes = one.parts.reduce((sum, part) => sum + part.bytes, one.envelope);
      assert.deepEqual([bytes, one.bytes], [Buffer.byteLength(body), Buffer.byteLength(body)]);
    }
    const { parts } = await explained(place, '--last');
    assert.ok(parts.some(({ source }) => source === join(place.cwd, 'AGENTS.md')));
    assert.equal(place.server.requests.length, 3, 'expected that explaining sends nothing');
  });
}

test('the table names every part with plugin, source, bytes and hash, and ends with their sum', async (t) => {
  const place = await makeE2e(t, { answers: [], files: { 'AGENTS.md': 'Be kind.' } });
  const { code, stdout, stderr } = await place.run(['prompt', 'explain', 'say hello']);
  assert.deepEqual([code, stderr], [0, '']);
  const [title, head, ...rows] = stdout.trimEnd().split('\n');
  assert.equal(title, 'the next request of a new thread to openai-responses stand-in');
  assert.match(head ?? '', /^PART +NAME +PLUGIN +SOURCE +ROLE +READ +PINNED +BYTES +TOKENS +HASH$/);
  assert.match(
    stdout,
    /^fragment +system +system +spindle +system +fixed +yes +[\d,]+ +\d+ +[0-9a-f]{12}$/m,
  );
  assert.match(stdout, /^fragment +agents-md +agents-md +\/\S+AGENTS\.md +user /m);
  assert.match(stdout, /^tool +shell +shell +tool +fixed +yes /m);
  assert.match(stdout, /^user +user +start +user /m);
  const bytes = rows.map((row) =>
    Number(/ ([\d,]+)(?: +[\d,]+(?: +[0-9a-f]{12})?)?$/.exec(row)?.[1]?.replaceAll(',', '')),
  );
  const total = bytes.pop();
  assert.equal(
    bytes.reduce((sum, one) => sum + one, 0),
    total,
  );
  assert.equal(place.server.requests.length, 0);
});

const weather = (
  text: string,
) => `export default () => ({ name: 'weather', api: 1, setup: (host) => host.add(
  { name: 'tools', kind: 'named', combine: () => {} },
  { name: 'weather', description: '${text}', inputSchema: { type: 'object' }, run: () => ({ content: [] }) }) });`;

test('two homes and two clones have the same lock, also without a key; --check names what an update of a plugin changes', async (t) => {
  const config = { plugins: { weather: { use: './weather.mjs' } } };
  const locks: string[] = [];
  for (const [user, env] of [
    ['one', {}],
    ['two', { OPENAI_API_KEY: '', OPENAI_BASE_URL: '' }],
  ] as const) {
    const files = { 'AGENTS.md': `of ${user}` };
    const place = await makeE2e(t, { answers: [], config, files, env });
    const plugin = join(place.env['SPINDLE_HOME'] ?? '', 'weather.mjs');
    writeFileSync(plugin, weather('Tells it.'));
    assert.equal((await place.run(['prompt', 'lock'])).code, 0);
    locks.push(readFileSync(join(place.cwd, 'spindle.prompt.lock'), 'utf8'));
    const same = await place.run(['prompt', 'lock', '--check', '--provider=openai-chat']);
    assert.deepEqual([same.code, same.stderr], [0, ''], same.stdout);
    writeFileSync(plugin, weather('Tells it, and the time.'));
    const { code, stdout } = await place.run(['prompt', 'lock', '--check']);
    assert.equal(code, 1);
    assert.match(stdout, /^changed: tool weather \(weather\), \d+ bytes, now \d+\n$/);
  }
  assert.equal(locks[0], locks[1]);
});

test('a lock file that is none, or is not there, is told', async (t) => {
  const place = await makeE2e(t, { answers: [], files: { 'bad.lock': '{}' } });
  const bad = await place.run(['prompt', 'lock', 'bad.lock', '--check']);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /expected a lock file of version 1 at \S+bad\.lock: write it anew/);
  const none = await place.run(['prompt', 'lock', '--check']);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /spindle\.prompt\.lock: no such file/);
});

test('diff shows the parts that differ between folders, configuration files and threads', async (t) => {
  const place = await makeE2e(t, {
    answers: [{ text: 'Hi.' }, { text: 'Hi.' }],
    files: { 'a/AGENTS.md': 'Be kind.\nBe brief.\n', 'b/AGENTS.md': 'Be kind.\nBe bold.\n' },
  });
  writeFileSync(join(place.cwd, 'less.json'), JSON.stringify({ plugins: { plan: false } }));
  const same = await place.run(['prompt', 'diff', 'a', 'a']);
  assert.deepEqual([same.code, same.stdout], [0, 'No difference.\n']);
  const less = await place.run(['prompt', 'diff', '.', 'less.json']);
  assert.match(less.stdout, /^- tool update_plan \(plan\) removed$/m);
  assert.doesNotMatch(less.stdout, /tool shell/);
  mkdirSync(join(place.cwd, 'a', '.git'));
  const { stdout } = await place.run(['prompt', 'diff', 'a', 'b', '--json']);
  const { differences } = JSON.parse(stdout);
  assert.ok(differences.some(({ patch }: { readonly patch: string }) => patch.includes('Be bold')));
  await place.run(['exec', 'say hi']);
  await place.run(['exec', 'say ho']);
  const [first, second] = place.threads().map(([item]) => (item?.type === 'thread' ? item.id : ''));
  const threads = await place.run(['prompt', 'diff', first ?? '', second ?? '']);
  assert.equal(threads.code, 0, threads.stderr);
  assert.match(
    threads.stdout,
    /^~ user start \(user\) changed\n  @@ -1 \+1 @@\n  -say h[io]\n  \+say h[io]$/m,
  );
  const wrong = await place.run(['prompt', 'diff', 'a', 'nowhere']);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /there is no "nowhere"/);
});

const rewriter = `let count = 0;
export default () => ({ name: 'rewriter', api: 1, setup: (host) => host.add(
  { name: 'aroundModel', kind: 'chain', combine: () => {} },
  (request, on, next) => next({ ...request, parts: request.parts.map((one) =>
    one.part.type === 'user' ? { ...one, text: one.text.replace('look', 'look ' + count++) } : one) }, on)) });`;

test('exec: a plugin that rewrites what was sent gets a notice with its name and cost; --strict-cache makes it exit code 1', async (t) => {
  const place = await makeE2e(t, {
    answers: [{ parts: [call] }, { text: 'Done.' }, { parts: [call] }, { text: 'Done.' }],
    config: { plugins: { rewriter: { use: './rewriter.mjs' } } },
  });
  writeFileSync(join(place.env['SPINDLE_HOME'] ?? '', 'rewriter.mjs'), rewriter);
  const told = await place.run(['exec', ...unconfined, 'look around']);
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stderr, /rewriter changed the user item at ordinal \d+ .*about \d+ tokens/);
  const strict = await place.run(['exec', '--strict-cache', ...unconfined, 'look around']);
  assert.equal(strict.code, 1);
  assert.match(strict.stderr, /rewriter changed .* \(--strict-cache\)/);
  assert.equal(place.server.requests.length, 3);
});

test('a fork after an item that is not there is refused, and no thread is made', async (t) => {
  const place = await makeE2e(t, { answers: [{ text: 'Hello.' }] });
  await place.run(['exec', 'say hello']);
  const last = (place.threads()[0]?.length ?? 0) - 1;
  for (const after of [last + 1, 999]) {
    const { code, stdout, stderr } = await place.run([
      'thread',
      'fork',
      '--last',
      `--after=${after}`,
    ]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, new RegExp(`has no item ${after}\\b`, 'u'));
  }
  assert.equal(place.threads().length, 1);
  const whole = await place.run(['thread', 'fork', '--last', `--after=${last}`]);
  assert.equal(whole.code, 0, whole.stderr);
});

test('usage has what each request cost when the model has a price', async (t) => {
  const usage = { input: 1500, cached: 1000, output: 30, reasoning: 10 };
  const place = await makeE2e(t, {
    answers: [{ text: 'Hello.', usage }],
    config: { prices: { 'stand-in': { input: 2, cached: 0.5, output: 10 } } },
  });
  await place.run(['exec', 'say hello']);
  const { stdout } = await place.run(['thread', 'show', '--last', '--usage']);
  assert.match(stdout, /TIME +COST +MODEL$/m);
  assert.match(stdout, /^ +1 +1 +500 +1,000 +20 +10 +.* +0\.0018 +stand-in$/m);
  const json = await place.run(['thread', 'show', '--last', '--usage', '--json']);
  const { requests, total } = JSON.parse(json.stdout);
  assert.deepEqual([requests[0].cost, total.cost], [0.0018, 0.0018]);
});

test('the lock covers the tools of MCP servers, which start for it: an update of one is found', async (t) => {
  const raw = join(import.meta.dirname, '../fixtures/mcp/raw.ts');
  const notes = join(mkdtempSync(join(tmpdir(), 'spindle-notes-')), 'notes');
  t.after(() => remove(dirname(notes)));
  const things = { command: process.execPath, args: [raw, 'changing', notes], sandbox: false };
  const config = { mcpServers: { things } };
  const place = await makeE2e(t, { answers: [], config });
  const check = () => place.run(['prompt', 'lock', '--check']);
  const locked = await place.run(['prompt', 'lock']);
  assert.equal(locked.code, 0, locked.stderr);
  assert.match(readFileSync(join(place.cwd, 'spindle.prompt.lock'), 'utf8'), /things__turns/);
  const changed = await check();
  assert.equal(changed.code, 1, changed.stdout);
  assert.match(changed.stdout, /^removed: tool things__turns \(mcp\), \d+ bytes$/m);
  assert.match(changed.stdout, /things changed 1 tool, .*"spindle mcp diff things" shows how/);
  const accepted = await place.run(['mcp', 'accept', 'things']);
  assert.equal(accepted.code, 0, accepted.stderr);
  const { code, stdout } = await check();
  assert.equal(code, 1, stdout);
  assert.match(stdout, /^changed: tool things__turns/m);
  assert.doesNotMatch(stdout, /things__stays/);
});
