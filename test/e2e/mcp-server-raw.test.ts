import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { Answer } from '../fixtures/model-server.ts';
import { shows } from '../fixtures/front-ends/run.ts';
import { rawHost, type RawMessage, type RawOptions } from '../fixtures/mcp-hosts/raw-host.ts';
import { makeE2e, unconfined, type E2eOptions } from './place.ts';

const touch: readonly Answer[] = [
  { parts: [{ call: 'shell', args: { command: 'touch asked' } }] },
  { text: 'Done.' },
];

interface Options extends Partial<RawOptions>, Partial<E2eOptions> {
  readonly argv?: readonly string[];
}

async function place(t: TestContext, { argv = [], ...options }: Options) {
  const e2e = await makeE2e(t, { answers: touch, ...options });
  const child = e2e.start('mcp-server', ...unconfined, '--approval', 'untrusted', ...argv);
  const host = await rawHost(child, { capabilities: {}, version: '2025-11-25', ...options });
  const spindle = (args: object, more: object = {}) =>
    host.ask('tools/call', { name: 'spindle', arguments: args, ...more });
  return { e2e, child, host, spindle };
}

const dataOf = ({ result }: RawMessage) =>
  Object(result?.['structuredContent']) as {
    readonly answer?: string;
    readonly denied?: readonly { readonly allow?: string; readonly reason: string }[];
  };
const accepting = () => ({ result: { action: 'accept', content: {} } });

test('what a task asks and how it goes is told with the task that it belongs to, under the token of its call', async (t) => {
  const { e2e, host, spindle } = await place(t, {
    capabilities: { elicitation: {} },
    answer: accepting,
  });
  const made = await spindle({ prompt: 'x' }, { task: {}, _meta: { progressToken: 'mine' } });
  const { taskId } = Object(made.result?.['task']) as { readonly taskId: string };
  const ended = await host.ask('tasks/result', { taskId });
  assert.equal(dataOf(ended).answer, 'Done.');
  assert.ok(existsSync(join(e2e.cwd, 'asked')));
  const told = host.messages.filter(({ method }) =>
    ['notifications/progress', 'elicitation/create'].includes(method ?? ''),
  );
  const metas = told.map(({ params }) => params?.['_meta']);
  assert.deepEqual(
    new Set(metas.map((meta) => JSON.stringify(meta))),
    new Set([JSON.stringify({ 'io.modelcontextprotocol/related-task': { taskId } })]),
  );
  const progress = told.filter(({ method }) => method === 'notifications/progress');
  assert.ok(progress.length >= 4, 'before and after the question');
  assert.ok(progress.every(({ params }) => params?.['progressToken'] === 'mine'));
  const steps = progress.map(({ params }) => Number(params?.['progress']));
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(steps).size, steps.length);
});

test('a host that only opens addresses is asked by no form: the effect is denied with the rule that would allow it', async (t) => {
  const { e2e, host, spindle } = await place(t, {
    capabilities: { elicitation: { url: {} } },
    answer: accepting,
  });
  const { denied = [] } = dataOf(await spindle({ prompt: 'x' }));
  assert.match(denied[0]?.reason ?? '', /nobody is there to ask/);
  assert.match(denied[0]?.allow ?? '', /touch/);
  assert.ok(!existsSync(join(e2e.cwd, 'asked')));
  assert.ok(host.messages.every(({ method }) => method !== 'elicitation/create'));
});

test('the messages of a batch are answered one by one', async (t) => {
  const { child, host } = await place(t, { version: '2025-03-26' });
  const [one, two] = ['one', 'two'].map((id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
  child.stdin?.write(`${JSON.stringify([one, 'no message', two])}\n`);
  await host.ask('ping');
  const told = host.messages.map(({ id, error }) => error?.code ?? id);
  for (const answer of ['one', -32600, 'two']) assert.ok(told.includes(answer), told.join());
});

test('a question of an MCP server that the agent uses says whose it is', async (t) => {
  const server = join(import.meta.dirname, '../fixtures/mcp/raw.ts');
  const things = { command: process.execPath, args: [server, 'elicits'], allow: true };
  const messages: unknown[] = [];
  const { spindle } = await place(t, {
    answers: [{ parts: [{ call: 'tool_call', args: { name: 'things/echo' } }] }, { text: 'Done.' }],
    config: { mcpServers: { things } },
    capabilities: { elicitation: {} },
    answer: ({ params }) => {
      messages.push(params?.['message']);
      return { result: { action: 'decline' } };
    },
    argv: ['--approval', 'on-request'],
  });
  await spindle({ prompt: 'x' });
  assert.match(String(messages[0]), /^MCP server things asks: question 1$/);
});

test('an argument that is null is one that is left out', async (t) => {
  const { spindle } = await place(t, { answers: [{ text: 'Done.' }] });
  const done = await spindle({ prompt: 'x', cwd: null, model: null, outputSchema: null });
  assert.equal(dataOf(done).answer, 'Done.');
});

test('hosts are told when a thread comes to the list, and may subscribe only to what there can be', async (t) => {
  const { host, spindle } = await place(t, { answers: [{ text: 'Done.' }] });
  const subscribed = (uri: string) => host.ask('resources/subscribe', { uri });
  assert.equal((await subscribed('spindle://nothing')).error?.code, -32602);
  assert.deepEqual((await subscribed('spindle://threads')).result, {});
  assert.deepEqual((await subscribed('spindle://thread/x/turn/y/diff')).result, {});
  await spindle({ prompt: 'x' });
  const methods = host.messages.map(({ method }) => method);
  assert.ok(methods.includes('notifications/resources/list_changed'));
});

test('a host whose model can call no tools is asked for words alone, and its model is told so', async (t) => {
  const noKey = { OPENAI_API_KEY: '', OPENAI_BASE_URL: '', OPENAI_MODEL: '' };
  const asked: RawMessage[] = [];
  const { spindle } = await place(t, {
    argv: ['--sampling'],
    env: noKey,
    capabilities: { sampling: {} },
    answer: (message) => {
      asked.push(message);
      const content = { type: 'text', text: 'I can only say it.' };
      return { result: { role: 'assistant', model: 'm', stopReason: 'endTurn', content } };
    },
  });
  assert.equal(dataOf(await spindle({ prompt: 'x' })).answer, 'I can only say it.');
  const [{ params } = {}] = asked;
  assert.match(String(params?.['systemPrompt']), /can call no tools/);
  assert.deepEqual([params?.['tools'], params?.['toolChoice']], [undefined, undefined]);
});

test('the address stands alone at the end of its line, whether it was attached to --http or not', async (t) => {
  const e2e = await makeE2e(t, { answers: [] });
  for (const argv of [['--http'], ['--http', '127.0.0.1:0'], ['--http=127.0.0.1:0']]) {
    const child = e2e.start('mcp-server', ...argv);
    const told = await shows(child.stderr, /listening on .*\n/);
    assert.match(told, /token \S{20,} \(.*\n.*listening on http:\/\/127\.0\.0\.1:\d+\/mcp\n$/);
    child.kill('SIGTERM');
  }
});

test('a --root that is no folder stops the start', async (t) => {
  const e2e = await makeE2e(t, { answers: [] });
  const { code, stderr } = await e2e.run(['mcp-server', '--root', 'nowhere']);
  assert.equal(code, 2);
  assert.match(stderr, /expected a folder after --root, but got .*nowhere/);
});
