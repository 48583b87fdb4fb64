import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { KernelEvent, StatusEvent } from '../../core/index.ts';
import { Kernels } from '../../config/kernels.ts';
import { homeWith, put, repositoryWith } from './folders.ts';

/** A plugin that adds one tool. */
const plugin = (tool: string) => `
import { tools } from 'spindle';
const value = { name: '${tool}', description: '', inputSchema: { type: 'object' }, run: () => ({ content: [] }) };
export default () => ({ name: '${tool}', api: 1, setup: (host) => void host.add(tools, value) });
`;

const said = [{ type: 'text', text: 'hi' }] as const;

function fixture(t: TestContext) {
  const { env } = homeWith(t, { 'config.json': { provider: 'scripted' } });
  const [one = '', two = ''] = ['one', 'two'].map((name) =>
    repositoryWith(t, {
      '.spindlerc.json': { plugins: { [name]: { use: './tool.ts' } } },
      'tool.ts': plugin(name),
    }),
  );
  const kernels = new Kernels({ cwd: one, env, trust: true, needsModel: true });
  t.after(() => kernels[Symbol.asyncDispose]());
  return { env, one, two, kernels, client: kernels.client('test') };
}

type Client = ReturnType<Kernels['client']>;

/** Runs a turn to its end; gives the names of the tools that the model was offered. */
async function turn(client: Client, thread: string): Promise<readonly string[]> {
  using events = client.subscribe({ thread });
  await client.request('turn/start', { thread, input: said });
  let names: readonly string[] = [];
  for await (const event of events) {
    if (event.type !== 'item/appended') continue;
    if (event.item.type === 'tools') names = event.item.tools.map(({ name }) => name);
    if (event.item.type === 'end') break;
  }
  return names;
}

test('threads of two repositories run side by side, each with its own plugins', async (t) => {
  const { one, two, client } = fixture(t);
  const first = await client.request('thread/start', {});
  const second = await client.request('thread/start', { settings: { cwd: two } });
  assert.deepEqual([first.settings.cwd, second.settings.cwd], [one, two]);
  assert.deepEqual(second.settings.roots, [two]);
  const [mine, theirs] = await Promise.all([turn(client, first.id), turn(client, second.id)]);
  assert.ok(mine.includes('one') && !mine.includes('two'));
  assert.ok(theirs.includes('two') && !theirs.includes('one'));
  const { threads } = await client.request('kernel/describe', {});
  assert.deepEqual(new Set(threads.map(({ id }) => id)), new Set([first.id, second.id]));
});

test('events of all kernels reach a listener, of those that are opened later too', async (t) => {
  const { two, client } = fixture(t);
  const events: (KernelEvent | StatusEvent)[] = [];
  using _ = client.listen((event) => events.push(event));
  const { id } = await client.request('thread/start', { settings: { cwd: two } });
  assert.ok(events.some((event) => event.type === 'thread/started' && event.thread === id));
});

test('a stored thread goes on with the plugins of the folder it worked in', async (t) => {
  const { two, client } = fixture(t);
  const { id } = await client.request('thread/start', { settings: { cwd: two } });
  await turn(client, id);
  await client.request('thread/close', { thread: id });
  assert.throws(() => client.subscribe({ thread: id }), { code: 'not_found' });
  const { settings } = await client.request('thread/resume', { thread: id });
  assert.equal(settings.cwd, two);
  const { tools } = await described(client, id);
  assert.ok(tools.includes('two'));
});

async function described(client: Client, thread: string) {
  const { parts } = await client.request('thread/window', { thread });
  const tools = parts.flatMap(({ part }) => (part.type === 'tools' ? part.tools : []));
  return { tools: tools.map(({ name }) => name) };
}

test('a stored thread whose folder is gone goes on where the server is', async (t) => {
  const { two, client } = fixture(t);
  const { id } = await client.request('thread/start', { settings: { cwd: two } });
  await client.request('thread/close', { thread: id });
  rmSync(two, { recursive: true });
  assert.equal((await client.request('thread/resume', { thread: id })).id, id);
});

test('one kernel serves a folder until its configuration changes', async (t) => {
  const { one, kernels, client } = fixture(t);
  const before = await kernels.open();
  assert.equal(await kernels.open(one), before);
  const { id } = await client.request('thread/start', {});
  put(one, { '.spindlerc.json': { instructions: 'new', plugins: { one: { use: './tool.ts' } } } });
  const after = await kernels.open();
  assert.notEqual(after, before);
  assert.equal((await client.request('thread/start', {})).settings.instructions, 'new');
  assert.ok((await turn(client, id)).includes('one'), 'the older thread goes on in its kernel');
});

test('what a kernel cannot be opened for is the answer to the request, and the next one may', async (t) => {
  const { one, two, client } = fixture(t);
  const text = { plugins: { one: { use: './gone.ts' } } };
  put(two, { '.spindlerc.json': text });
  const start = () => client.request('thread/start', { settings: { cwd: two } });
  await assert.rejects(start(), { code: 'plugin', message: /gone\.ts/ });
  put(two, { 'gone.ts': plugin('back') });
  assert.ok((await turn(client, (await start()).id)).includes('back'));
  assert.equal((await client.request('thread/start', {})).settings.cwd, one);
});

test('a kernel without threads that is asked nothing is closed, and another is opened when one is needed', async (t) => {
  const { env, one } = fixture(t);
  const kernels = new Kernels({ cwd: one, env, trust: true, needsModel: true, idleMs: 1 });
  t.after(() => kernels[Symbol.asyncDispose]());
  const client = kernels.client('test');
  const { id } = await client.request('thread/start', {});
  const before = await kernels.open();
  await client.request('kernel/describe', {});
  assert.equal(await kernels.open(), before, 'it has a thread');
  await client.request('thread/close', { thread: id });
  while ((await kernels.open()) === before) await new Promise(setImmediate);
  const refused = before.kernel.client('test').request('kernel/describe', {});
  await assert.rejects(refused, { code: 'conflict' });
  assert.equal((await client.request('thread/resume', { thread: id })).id, id);
});

/** A plugin whose request tells where it is. */
const where = (name: string) => `
import { requests } from 'spindle';
const value = { name: 'where', params: {}, result: {}, run: async () => '${name}' };
export default () => ({ name: 'where', api: 1, setup: (host) => void host.add(requests, value) });
`;

test('a request of a plugin goes to the kernel of the folder that it names', async (t) => {
  const { one, two, client } = fixture(t);
  for (const [folder, name] of [
    [one, 'one'],
    [two, 'two'],
  ] as const)
    put(folder, {
      '.spindlerc.json': { plugins: { where: { use: './where.ts' } } },
      'where.ts': where(name),
    });
  assert.equal(await client.call('where', { cwd: two }), 'two');
  assert.equal(await client.call('where', {}), 'one');
});

test('where no model is configured threads can be read, and a notice says why no turn runs', async (t) => {
  const { env } = homeWith(t, {});
  const cwd = repositoryWith(t, {});
  const kernels = new Kernels({ cwd, env, needsModel: true });
  t.after(() => kernels[Symbol.asyncDispose]());
  const client = kernels.client('test');
  const notices: string[] = [];
  using _ = client.listen((event) => {
    if (event.type === 'notice') notices.push(event.notice.message);
  });
  assert.deepEqual((await client.request('thread/list', {})).threads, []);
  assert.match(notices.join('\n'), /no model is configured/);
});
