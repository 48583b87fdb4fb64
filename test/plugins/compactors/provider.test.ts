import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { Item, Plugin } from '../../../core/index.ts';
import explain from '../../../plugins/around/explain.ts';
import provider, { options } from '../../../plugins/compactors/provider.ts';
import type { ProviderCompaction } from '../../../plugins/compactors/provider-slot.ts';
import prune from '../../../plugins/compactors/prune.ts';
import summary from '../../../plugins/compactors/summary.ts';
import openaiChat from '../../../plugins/models/openai-chat.ts';
import openaiResponses from '../../../plugins/models/openai-responses.ts';
import { compactorContract } from '../../contracts/compactors.ts';
import { openModelThread, type ModelThread } from '../../contracts/model-thread.ts';
import { sampleSettings } from '../../contracts/sample-items.ts';
import { serve } from '../../contracts/served-model.ts';
import {
  errorAnswer,
  type Answer,
  type ModelRequest,
  type ModelServer,
  type RequestItem,
} from '../../fixtures/model-server.ts';

const sealed = { provider: 'there', data: [{ type: 'compaction', encrypted_content: 'x' }] };
const way: ProviderCompaction = {
  name: sampleSettings.provider,
  compact: () => Promise.resolve(sealed),
};

/** The plugin beside a model whose host can compact. */
function beside(plugin: Plugin, offered: ProviderCompaction): Plugin {
  const get = (() => new Map([[offered.name, offered]])) as never; // of the one slot that is read
  return { ...plugin, setup: (host) => plugin.setup({ ...host, get }) };
}

compactorContract('provider', { plugin: () => beside(provider(), way) });

interface Opened {
  readonly server: ModelServer;
  readonly thread: ModelThread;
}

/** Long answers, and a summary when it may call nothing. */
const script = ({ body }: ModelRequest): Answer =>
  body.includes('"tool_choice":"none"')
    ? { text: `Task: talk. ${'Findings: it was about nothing much. '.repeat(6)}` }
    : { text: 'word '.repeat(400) };

/** A thread whose window is compacted by hand. `compact` is what the host answers; without it, what the real one does. */
async function open(
  t: TestContext,
  { compact, model = 'openai-responses' }: { compact?: Answer; model?: string } = {},
): Promise<Opened> {
  const server = await serve(t, { script, ...(compact === undefined ? {} : { compact }) });
  const config = { baseURL: server.url, model: 'stand-in', apiKey: 'k' };
  const both = [openaiResponses({ ...config, compact: true }), openaiChat(config)];
  const plugins = [...both, provider({ tailTokens: 0 }), summary(), prune(), explain()];
  const settings = { provider: model };
  const thread = await openModelThread(t, { plugins, settings, system: ['be brief'] });
  for (const said of ['first', 'second', 'third']) {
    const { end } = await thread.turn(said);
    assert.equal(end.status, 'completed', JSON.stringify(end));
  }
  return { server, thread };
}

/** What was sent, item by item. */
function inputOf(request: ModelRequest | undefined): readonly RequestItem[] {
  const { input = [] } = request?.json ?? {};
  return typeof input === 'string' ? [] : input;
}

async function compactNow({ client, id: thread }: ModelThread, remark?: string) {
  const { last } = await client.request('thread/read', { thread, limit: 0 });
  await client.request('thread/compact', { thread, remark });
  const { items } = await client.request('thread/read', { thread, after: last });
  const moved = items.findLast((item) => item.type === 'window');
  return { by: moved?.by, notices: noticesIn(items) };
}

function noticesIn(items: readonly Item[]): readonly string[] {
  return items.flatMap((item) =>
    item.type === 'notice' ? [`${item.plugin}: ${item.message}`] : [],
  );
}

function compactions({ requests }: ModelServer) {
  return requests.filter(({ path }) => path === '/v1/responses/compact');
}

test('the host compacts what goes; its item comes back unchanged, time and again, beside pins and the newest', async (t) => {
  const { server, thread } = await open(t);
  assert.deepEqual(await compactNow(thread), { by: 'provider', notices: [] });
  const [asked] = compactions(server);
  assert.equal(asked?.json.instructions, 'be brief');
  assert.equal(inputOf(asked).length, 6);
  await thread.turn('fourth');
  const sent = inputOf(server.requests.at(-1));
  const item = { id: 'cmp_1', type: 'compaction', encrypted_content: 'sealed cmp_1' };
  assert.deepEqual(
    sent.filter(({ type }) => type === 'compaction'),
    [item],
  );
  const texts = JSON.stringify(sent);
  for (const said of ['first', 'third', 'fourth', 'as the harness recorded it'])
    assert.ok(texts.includes(said), said);
  assert.ok(!texts.includes('only it can read'), 'expected no text in the place of the item');
  assert.ok(!texts.includes('word word'));

  const body = server.requests.at(-1)?.body ?? '';
  const told = Object(await thread.client.call('prompt/explain', { thread: thread.id }));
  const segments = told.segments as readonly { readonly text: string }[];
  assert.equal(segments.map(({ text }) => text).join(''), body);

  await compactNow(thread);
  assert.deepEqual(
    inputOf(compactions(server)[1]).find(({ type }) => type === 'compaction'),
    item,
  );
  await thread.turn('fifth');
  const later = inputOf(server.requests.at(-1));
  const ids = later.flatMap(({ type, id }) => (type === 'compaction' ? [id] : []));
  assert.deepEqual(ids, ['cmp_2']);
});

for (const [what, compact, notice] of [
  [
    'fails',
    errorAnswer(500, { code: null, message: 'no luck' }),
    /provider: it gave no window: .*500.*no luck/,
  ],
  ['answers no compaction', { body: { output: [] } }, /expected a compaction from .*has none/],
  ['answers no JSON', { body: 'hello' }, /provider: it gave no window/],
] as const) {
  test(`a host that ${what} gives a notice, and the summary has its turn`, async (t) => {
    const { server, thread } = await open(t, { compact });
    const { by, notices } = await compactNow(thread);
    assert.equal(by, 'summary');
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', notice);
    await thread.turn('more');
    await compactNow(thread);
    assert.equal(compactions(server).length, 2, 'expected it to be asked again');
  });
}

test('a host that has no such address is told of once, and not asked again', async (t) => {
  const compact = errorAnswer(404, { code: 'unknown_url', message: 'Invalid URL' });
  const { server, thread } = await open(t, { compact });
  const first = await compactNow(thread);
  assert.equal(first.by, 'summary');
  assert.match(first.notices.join(), /provider: it gave no window: .*answered 404/);
  await thread.turn('more');
  assert.deepEqual(await compactNow(thread), { by: 'summary', notices: [] });
  assert.equal(compactions(server).length, 1);
});

test('a remark on what to keep, and a model without such a way, are for the summary', async (t) => {
  const { server, thread } = await open(t);
  const { notices } = await compactNow(thread, 'keep the port');
  assert.deepEqual([notices, compactions(server)], [[], []]);
  const chat = await open(t, { model: 'openai-chat' });
  assert.deepEqual(await compactNow(chat.thread), { by: 'summary', notices: [] });
});

test('another model reads in the place of the item that it has to look again', async (t) => {
  const { server, thread } = await open(t);
  await compactNow(thread);
  await thread.turn('you now', { settings: { provider: 'openai-chat' } });
  const { path, body } = server.requests.at(-1) ?? { path: '', body: '' };
  assert.equal(path, '/v1/chat/completions');
  assert.match(body, /compacted by openai-responses[^"]*look at the files again/);
  assert.ok(!body.includes('sealed cmp'));
  await thread.turn('and you again', { settings: { provider: 'openai-responses' } });
  assert.match(server.requests.at(-1)?.body ?? '', /sealed cmp_1/);
});

test('its options are checked', async () => {
  const schema = await options();
  assert.ok(schema.safeParse({ tailTokens: 1, userTokens: 0 }).success);
  assert.ok(!schema.safeParse({ tail: 1 }).success);
});
