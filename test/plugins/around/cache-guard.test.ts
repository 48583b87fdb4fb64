import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import {
  aroundModel,
  createKernel,
  prompts,
  tools,
  type EncodedPart,
  type Host,
  type Item,
  type ModelRequest,
  type Plugin,
  type Tool,
} from '../../../core/index.ts';
import cacheGuard, { options } from '../../../plugins/around/cache-guard.ts';
import prune from '../../../plugins/compactors/prune.ts';
import local from '../../../plugins/machines/local.ts';
import scripted from '../../../plugins/models/scripted.ts';
import history from '../../../plugins/prompts/history.ts';
import { aroundModelContract } from '../../contracts/around-model.ts';
import { openModelThread, type ModelThread } from '../../contracts/model-thread.ts';

aroundModelContract('cache-guard', () => cacheGuard());
aroundModelContract('cache-guard (strict)', () => cacheGuard({ strict: true }));

const answers = Array.from({ length: 6 }, (_, at) => ({ text: `answer ${at}` }));

async function open(
  t: TestContext,
  plugins: readonly Plugin[],
  { strict = false, ...more }: { readonly strict?: boolean; readonly tools?: readonly Tool[] } = {},
): Promise<ModelThread> {
  const all = [scripted({ steps: answers }), cacheGuard({ strict }), ...plugins];
  return openModelThread(t, {
    plugins: all,
    settings: { provider: 'scripted' },
    system: ['Be brief.'],
    ...more,
  });
}

function warnings(items: readonly Item[]): readonly string[] {
  return items.flatMap((item) => (item.type === 'notice' ? [item.message] : []));
}

/** Wraps the model; `change` is told how many requests there were. */
function wrapper(change: (request: ModelRequest, count: number) => readonly EncodedPart[]): Plugin {
  let count = 0;
  return {
    name: 'rewriter',
    api: 1,
    setup: (host) =>
      void host.add(aroundModel, (request, on, next) =>
        next({ ...request, parts: change(request, ++count) }, on),
      ),
  };
}

const shout = ({ parts }: ModelRequest, type: string) =>
  parts.map((one) => (one.part.type === type ? { ...one, text: `${one.text}!` } : one));

test('a thread that only grows gives no notice', async (t) => {
  const thread = await open(t, [history()], { strict: true });
  for (const said of ['one', 'two', 'three']) {
    const { end, items } = await thread.turn(said);
    assert.equal(end.error, undefined);
    assert.deepEqual(warnings(items), []);
  }
});

test('a wrapper that changes what was sent is named, with what it cost; then the new text is the one to keep', async (t) => {
  const late = wrapper((request, count) =>
    count < 2 ? request.parts : shout(request, 'fragment'),
  );
  const thread = await open(t, [history(), late]);
  await thread.turn('one');
  const [notice, ...others] = warnings((await thread.turn('two')).items);
  assert.deepEqual(others, []);
  const pattern =
    /^rewriter changed the system text from \S+ on its way to the model: about (\d+) tokens/;
  const [, tokens] = pattern.exec(notice ?? '') ?? [];
  assert.ok(Number(tokens) > 50, `${notice}: expected the tools to be lost with the system text`);
  assert.deepEqual(warnings((await thread.turn('three')).items), []);
});

test('a change in the middle costs what comes after it, not what is before', async (t) => {
  const late = wrapper((request, count) => (count < 2 ? request.parts : shout(request, 'user')));
  const thread = await open(t, [history(), late]);
  await thread.turn('one');
  const [notice] = warnings((await thread.turn('two')).items);
  const [, item, tokens] = /changed the (\w+) item .* about (\d+) tokens/.exec(notice ?? '') ?? [];
  assert.equal(item, 'user');
  assert.ok(Number(tokens) < 50, notice);
});

test('a wrapper is named when it had changed, or left out, what it now lets through', async (t) => {
  const changes = [
    (request: ModelRequest) => shout(request, 'user'),
    ({ parts }: ModelRequest) => parts.filter(({ part }) => part.type !== 'tools'),
  ];
  for (const change of changes) {
    const first = wrapper((request, count) => (count > 1 ? request.parts : change(request)));
    const thread = await open(t, [history(), first]);
    await thread.turn('one');
    assert.match(warnings((await thread.turn('two')).items)[0] ?? '', /^rewriter changed /);
  }
});

test('strict makes it an error of the turn that names the plugin, and nothing reaches the model', async (t) => {
  const late = wrapper((request, count) => (count === 2 ? shout(request, 'user') : request.parts));
  const thread = await open(t, [history(), late], { strict: true });
  await thread.turn('one');
  const { end } = await thread.turn('two');
  assert.equal(end.status, 'failed');
  assert.equal(end.error?.code, 'invalid');
  assert.equal(end.error?.plugin, 'rewriter');
  assert.match(end.error?.message ?? '', /--strict-cache/);
  assert.equal((await thread.turn('three')).end.error, undefined);
});

test('a tool that comes when a thread without tools has begun is named with its plugin', async (t) => {
  const hosts: Host[] = [];
  const late: Plugin = { name: 'late', api: 1, setup: (host) => void hosts.push(host) };
  const thread = await open(t, [history(), late], { tools: [] });
  await thread.turn('one');
  hosts[0]?.add(tools, weather);
  const [notice] = warnings((await thread.turn('two')).items);
  assert.match(notice ?? '', /^late changed the tools, at "weather": about \d+ tokens/);
});

test('a window that no source keeps is told, with the item that is gone', async (t) => {
  const plugins = [local(), scripted({ steps: answers }), cacheGuard()];
  const kernel = await createKernel({
    plugins: plugins.map((plugin) => ({ plugin })),
    settings: { provider: 'scripted' },
  });
  t.after(() => kernel[Symbol.asyncDispose]());
  const client = kernel.client('test');
  const { id: thread } = await client.request('thread/start', { ephemeral: true });
  using events = client.subscribe({ thread });
  const items: Item[] = [];
  const said = ['one', 'two'];
  const say = async () => {
    const text = said.shift();
    if (text === undefined) return false;
    await client.request('turn/start', { thread, input: [{ type: 'text', text }] });
    return true;
  };
  await say();
  for await (const event of events) {
    if (event.type === 'item/appended') items.push(event.item);
    if (
      event.type === 'thread/status' &&
      event.status.state === 'idle' &&
      items.at(-1)?.type === 'end'
    )
      if (!(await say())) break;
  }
  const [notice] = warnings(items);
  assert.match(notice ?? '', /^history no longer keeps the user item at ordinal \d+/);
});

test('after a compaction or a revert there is nothing to compare with, and what a compactor asks is no part of the thread', async (t) => {
  const thread = await open(t, [history(), prune(), filler], { strict: true });
  const { client, id } = thread;
  await thread.turn('one');
  await thread.turn('two');
  await client.request('thread/compact', { thread: id });
  assert.equal((await thread.turn('three')).end.error, undefined);
  const { items } = await client.request('thread/read', { thread: id });
  assert.ok(items.some(({ type }) => type === 'window'));
  const turn = items.findLast((item) => item.type === 'turn')?.id ?? '';
  await client.request('thread/revert', { thread: id, turn });
  assert.equal((await thread.turn('four')).end.error, undefined);
});

const weather: Tool = {
  name: 'weather',
  description: 'Tells it.',
  inputSchema: {},
  run: () => ({ content: [] }),
};

/** Something to leave out. */
const filler: Plugin = {
  name: 'filler',
  api: 1,
  setup: (host) =>
    void host.add(prompts, {
      name: 'filler',
      stability: 'thread',
      read: () => [{ text: 'filler '.repeat(400), role: 'developer', source: 'filler' }],
    }),
};

test('its options are checked', async () => {
  const schema = await options();
  assert.ok(schema.safeParse({ strict: true }).success);
  assert.ok(!schema.safeParse({ stritc: true }).success);
});
