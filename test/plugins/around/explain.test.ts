import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test, type TestContext } from 'node:test';

import { aroundModel, models, type Plugin } from '../../../core/index.ts';
import cacheGuard from '../../../plugins/around/cache-guard.ts';
import explain from '../../../plugins/around/explain.ts';
import retry from '../../../plugins/around/retry.ts';
import openaiChat from '../../../plugins/models/openai-chat.ts';
import openaiResponses from '../../../plugins/models/openai-responses.ts';
import scripted from '../../../plugins/models/scripted.ts';
import environment from '../../../plugins/prompts/environment.ts';
import history from '../../../plugins/prompts/history.ts';
import system from '../../../plugins/prompts/system.ts';
import { openModelThread, type ModelThread } from '../../contracts/model-thread.ts';
import { serve } from '../../contracts/served-model.ts';
import type { Answer, ModelServer } from '../../fixtures/model-server.ts';

interface Part {
  readonly kind: string;
  readonly name: string;
  readonly owner: string;
  readonly source: string;
  readonly bytes: number;
  readonly hash: string;
  readonly text: string;
}
interface Explanation {
  readonly bytes: number;
  readonly envelope: number;
  readonly hash: string;
  readonly request?: number;
  readonly parts: readonly Part[];
  readonly segments: readonly { readonly part?: number; readonly text: string }[];
  readonly fault?: string;
}

const providers = { 'openai-responses': openaiResponses, 'openai-chat': openaiChat };
type Provider = keyof typeof providers;

async function open(
  t: TestContext,
  provider: Provider,
  { answers, plugins = [] }: { answers: readonly Answer[]; plugins?: readonly Plugin[] },
): Promise<{ readonly server: ModelServer; readonly thread: ModelThread }> {
  const server = await serve(t, answers);
  const model = providers[provider]({ baseURL: server.url, model: 'stand-in', apiKey: 'k' });
  const rest = [system(), environment(), history(), retry(), cacheGuard(), explain(), ...plugins];
  const thread = await openModelThread(t, { plugins: [model, ...rest], settings: { provider } });
  return { server, thread };
}

async function explained({ client }: ModelThread, params: object): Promise<Explanation> {
  return (await client.call('prompt/explain', params)) as Explanation; // its promise
}

/** Every byte is some part's or the envelope's, and the sum is the body. */
function addsUp({ parts, bytes, envelope, segments }: Explanation, body: string): void {
  assert.equal(segments.map(({ text }) => text).join(''), body);
  assert.equal(bytes, Buffer.byteLength(body));
  assert.equal(
    parts.reduce((sum, part) => sum + part.bytes, envelope),
    bytes,
  );
}

for (const provider of ['openai-responses', 'openai-chat'] as const) {
  test(`${provider}: each request of fifty steps is explained as it left, byte for byte, and keeps one prefix while cwd, policy and instructions change`, async (t) => {
    const turns = 17;
    const answers = Array.from({ length: turns }, (_, at) => [
      {
        parts: [
          { reasoning: `thought ${at}` },
          { text: 'I look. é "\\n\u2028' },
          { call: 'echo', args: { text: `${at}` } },
        ],
      },
      {
        parts: [
          { call: 'echo', args: { text: 'a' } },
          { call: 'break', args: {} },
        ],
      },
      { text: `done ${at}` },
    ]).flat();
    const { server, thread } = await open(t, provider, { answers });
    for (let at = 0; at < turns; at++) {
      const settings = [
        {},
        { cwd: '/' },
        { approval: 'on-request' },
        { sandbox: 'read-only' },
        { instructions: `number ${at}` },
      ] as const;
      const { end, items } = await thread.turn(`ask ${at}: ok`, { settings: settings[at % 5] });
      assert.equal(end.error, undefined);
      assert.deepEqual(
        items.filter(({ type }) => type === 'notice'),
        [],
      );
    }
    const bodies = server.requests.map(({ body }) => body);
    assert.equal(bodies.length, turns * 3);
    for (const [at, body] of bodies.entries()) {
      const one = await explained(thread, { thread: thread.id, number: at + 1 });
      addsUp(one, body);
      assert.equal(one.fault, undefined);
      const before = bodies[at - 1];
      if (before !== undefined) assert.ok(body.startsWith(before.slice(0, -2)));
    }
    const last = await explained(thread, { thread: thread.id });
    assert.equal(last.request, turns * 3);
    assert.equal(server.requests.length, turns * 3, 'expected that explaining sends nothing');
  });
}

test('tools are told one by one with their plugin, fragments with plugin and source, and hashes are those of the encoding', async (t) => {
  const { thread } = await open(t, 'openai-responses', { answers: [] });
  const { parts, fault } = await explained(thread, {});
  assert.equal(fault, undefined);
  const shown = parts.map(({ kind, name, owner, source }) => [kind, name, owner, source].join(' '));
  assert.ok(shown.includes('fragment system system spindle'), shown.join('\n'));
  assert.ok(
    shown.some((one) => /^tool echo \S+ $/.test(one)),
    shown.join('\n'),
  );
  assert.ok(!shown.some((one) => one.startsWith('user')));
  for (const { text, hash } of parts)
    assert.equal(hash, createHash('sha256').update(text).digest('hex').slice(0, 12));
});

test('a new thread is explained the same twice, with what is said to it when that is known, and nothing is sent', async (t) => {
  const { server, thread } = await open(t, 'openai-chat', { answers: [{ text: 'Hello.' }] });
  const [first, second] = [await explained(thread, {}), await explained(thread, {})];
  assert.deepEqual(first, second);
  const said = await explained(thread, { input: 'say hello' });
  assert.equal(said.parts.at(-1)?.kind, 'user');
  assert.equal(server.requests.length, 0);
  await thread.turn('say hello');
  const [left] = server.requests;
  assert.equal(said.segments.map(({ text }) => text).join(''), left?.body);
});

test('what a wrapper of the model changed is in the explanation', async (t) => {
  const louder: Plugin = {
    name: 'louder',
    api: 1,
    setup: (host) =>
      void host.add(aroundModel, (request, on, next) => {
        const parts = request.parts.map(({ part, text }) => ({
          part,
          text: text.replace('quiet', 'LOUD'),
        }));
        return next({ ...request, parts }, on);
      }),
  };
  const { server, thread } = await open(t, 'openai-responses', {
    answers: [{ text: 'ok' }],
    plugins: [louder],
  });
  await thread.turn('be quiet');
  const one = await explained(thread, { thread: thread.id });
  addsUp(one, server.requests[0]?.body ?? '');
  assert.match(one.parts.at(-1)?.text ?? '', /LOUD/);
});

test('a model that sends nothing has its parts explained, and no body', async (t) => {
  const plugins = [scripted({ steps: [{ text: 'Hello.' }] }), history(), explain()];
  const thread = await openModelThread(t, { plugins, settings: { provider: 'scripted' } });
  const { bytes, parts } = await explained(thread, { input: 'hi' });
  assert.equal(bytes, 0);
  assert.deepEqual(parts.map(({ kind }) => kind).slice(-1), ['user']);
});

test('a model that makes its body of something else than the encoded parts has it told as it is, with that fault', async (t) => {
  const strange: Plugin = {
    name: 'strange',
    api: 1,
    setup: (host) =>
      void host.add(models, {
        name: 'strange',
        traits: () => ({
          model: 'm',
          window: 1e5,
          output: 100,
          images: false,
          tools: true,
          efforts: [],
        }),
        encode: (part) => JSON.stringify(part.type),
        async *stream({ parts }, { effects }) {
          const body = JSON.stringify(parts.map(({ part }) => part.type));
          await effects.fetch('http://127.0.0.1:1', { method: 'POST', body });
          yield* [];
        },
      }),
  };
  const plugins = [strange, history(), explain()];
  const thread = await openModelThread(t, { plugins, settings: { provider: 'strange' } });
  const { fault, bytes, segments } = await explained(thread, { input: 'hi' });
  assert.match(fault ?? '', /^strange does not put its requests together from encoded parts/);
  const body = segments.map(({ text }) => text).join('');
  assert.equal(Buffer.byteLength(body), bytes);
  assert.deepEqual(JSON.parse(body).at(-1), 'user');
});

test('a request that the thread does not have is refused with those it has', async (t) => {
  const { thread } = await open(t, 'openai-responses', { answers: [{ text: 'ok' }] });
  await thread.turn('one');
  await assert.rejects(explained(thread, { thread: thread.id, number: 2 }), /from 1 to 1 .* got 2/);
  await assert.rejects(explained(thread, { thread: thread.id, number: 0 }), /1 or more/);
  await assert.rejects(explained(thread, { thread: 5 }), /to be texts/);
});
