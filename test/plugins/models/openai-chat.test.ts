import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { ModelEvent, PartBody } from '../../../core/index.ts';
import openaiChat, { options, type ChatOptions } from '../../../plugins/models/openai-chat.ts';
import { modelContract } from '../../contracts/models.ts';
import { modelFaults, setEnv } from '../../contracts/model-faults.ts';
import { keepsPrefix } from '../../contracts/model-prefix.ts';
import { openModel, openModelThread, type ModelThread } from '../../contracts/model-thread.ts';
import { sampleSettings } from '../../contracts/sample-items.ts';
import { serve, servedAnswer } from '../../contracts/served-model.ts';
import type { Answer, ModelServer } from '../../fixtures/model-server.ts';

const provider = 'openai-chat';
const settings = { ...sampleSettings, model: 'llama', effort: undefined };

modelContract(provider, async (t, answers) => {
  const server = await serve(t, answers.map(servedAnswer));
  return { plugin: openaiChat({ baseURL: server.url }), provider };
});

modelFaults(provider, (config) => openaiChat(config));

keepsPrefix(provider, (config) => openaiChat(config));

async function open(
  t: TestContext,
  script: readonly Answer[],
  config: ChatOptions = {},
): Promise<{ readonly server: ModelServer; readonly thread: ModelThread }> {
  const server = await serve(t, script);
  const thread = await openModelThread(t, {
    plugins: [openaiChat({ baseURL: server.url, ...config })],
    settings: { provider, model: 'llama' },
    system: ['You are a tester.', 'Say "as" it is\nand no more.'],
  });
  return { server, thread };
}

/** What one answer, given as the events of its stream, comes to. */
async function readEvents(t: TestContext, events: readonly object[]) {
  const parts = events.map((event) => ({ event: { ...event } }));
  const server = await serve(t, [{ parts, end: 'none' }]);
  const { stream } = await openModel(t, openaiChat({ baseURL: server.url }));
  return Array.fromAsync(stream([], { settings }));
}

const choice = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
});

const callsOf = (events: readonly ModelEvent[]) =>
  events.flatMap((event) =>
    event.type === 'output' && event.output.type === 'call'
      ? [[event.output.call, event.output.name, event.output.args]]
      : [],
  );

test('a request holds this and nothing else', async (t) => {
  const { server, thread } = await open(t, [{ text: 'Hello' }], { apiKey: 'sk-1234' });
  const { end } = await thread.turn('Hi', { settings: { effort: 'high' } });
  assert.equal(end.error, undefined);
  const parameters = {
    type: 'object',
    properties: { text: { type: 'string' } },
    additionalProperties: false,
  };
  const tool = (name: string, description: string) => ({
    type: 'function',
    function: { name, description, parameters },
  });
  const [request] = server.requests;
  assert.deepEqual(request?.json, {
    model: 'llama',
    stream: true,
    stream_options: { include_usage: true },
    reasoning_effort: 'high',
    tools: [tool('echo', 'Says it back.'), tool('break', 'Fails.')],
    messages: [
      { role: 'system', content: 'You are a tester.\n\nSay "as" it is\nand no more.' },
      { role: 'user', content: 'Hi' },
    ],
  });
  assert.equal(request.path, '/v1/chat/completions');
  assert.equal(request.headers.authorization, 'Bearer sk-1234');
});

const call = (id: string, name: string, args: string) => ({
  id,
  type: 'function',
  function: { name, arguments: args },
});

test('a text and the calls after it are one message, results follow, thoughts go back as they came', async (t) => {
  const { server, thread } = await open(t, [
    {
      parts: [
        { reasoning: 'I think' },
        { text: 'I look' },
        { call: 'echo', args: '{ "text":"a" }', id: 'call_a' },
        { call: 'echo', args: '{"text": ', id: 'call_b' },
      ],
    },
    { parts: [{ call: 'break', args: {}, id: 'call_c' }] },
    { text: 'Done' },
    { text: 'Bye' },
  ]);
  await thread.turn('go');
  await thread.turn('thanks');
  const messages = server.requests[3]!.json.messages!;
  const broken = messages[4];
  assert.match(String(broken?.content), /^Error/u);
  assert.deepEqual(messages.slice(1), [
    { role: 'user', content: 'go' },
    {
      role: 'assistant',
      content: 'I look',
      tool_calls: [
        call('call_a', 'echo', '{ "text":"a" }'),
        call('call_b', 'echo', '{"malformed":"{\\"text\\": "}'),
      ],
      reasoning_content: 'I think',
    },
    { role: 'tool', tool_call_id: 'call_a', content: 'a' },
    broken,
    { role: 'assistant', content: null, tool_calls: [call('call_c', 'break', '{}')] },
    { role: 'tool', tool_call_id: 'call_c', content: 'Error:\nit is broken' },
    { role: 'assistant', content: 'Done' },
    { role: 'user', content: 'thanks' },
  ]);
});

test('thoughts stay here when the options say so', async (t) => {
  const { server, thread } = await open(
    t,
    [{ parts: [{ reasoning: 'I think' }, { text: 'a' }] }, { text: 'b' }],
    { sendReasoning: false },
  );
  await thread.turn('go');
  await thread.turn('on');
  assert.doesNotMatch(server.requests[1]!.body, /I think/u);
});

const fragment = (role: 'system' | 'developer' | 'user', text: string): PartBody => ({
  type: 'fragment',
  plugin: 'p',
  source: 's',
  stability: 'turn',
  pinned: false,
  role,
  text,
});

test('what is told before anything was said is one system message, what is told later the users', async (t) => {
  const server = await serve(t, [{ text: 'a' }]);
  const { stream } = await openModel(t, openaiChat({ baseURL: server.url }));
  const user = { type: 'user', content: [{ type: 'text', text: 'Hi' }], how: 'start' } as const;
  const bodies = [
    fragment('system', 'S'),
    fragment('user', 'U'),
    fragment('developer', 'D\n"d"'),
    user,
    fragment('developer', 'L'),
  ];
  await Array.fromAsync(stream(bodies, { settings }));
  assert.deepEqual(server.requests[0]!.json.messages, [
    { role: 'system', content: 'S\n\nD\n"d"' },
    { role: 'user', content: 'U' },
    { role: 'user', content: 'Hi' },
    { role: 'user', content: 'L' },
  ]);
});

const callPart = (id: string): PartBody => ({ type: 'call', id, call: id, name: 'x', args: '{}' });

const result = (id: string, content: Extract<PartBody, { type: 'result' }>['content']) =>
  ({ type: 'result', call: id, name: 'x', content, isError: false, durationMs: 1 }) as const;

test('images go as data URLs; those of results follow all results of an answer', async (t) => {
  const server = await serve(t, [{ text: 'I see' }]);
  const { stream } = await openModel(t, openaiChat({ baseURL: server.url }));
  const image = { type: 'image', data: 'AAAA', mimeType: 'image/png' } as const;
  const text = { type: 'text', text: 'look' } as const;
  const bodies: readonly PartBody[] = [
    { type: 'user', content: [text, image], how: 'start' },
    callPart('a'),
    callPart('b'),
    result('a', [image]),
    result('b', [text]),
  ];
  await Array.fromAsync(stream(bodies, { settings }));
  const shown = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
  assert.deepEqual(server.requests[0]!.json.messages, [
    { role: 'user', content: [{ type: 'text', text: 'look' }, shown] },
    {
      role: 'assistant',
      content: null,
      tool_calls: ['a', 'b'].map((id) => {
        return { id, type: 'function', function: { name: 'x', arguments: '{}' } };
      }),
    },
    { role: 'tool', tool_call_id: 'a', content: 'The image follows.' },
    { role: 'tool', tool_call_id: 'b', content: 'look' },
    { role: 'user', content: [shown] },
  ]);
});

test('a wanted shape, a bound and the ban on calls go into the request', async (t) => {
  const server = await serve(t, [{ text: '{}' }]);
  const { stream } = await openModel(t, openaiChat({ baseURL: server.url, output: 99 }));
  const tools = [{ name: 'x', description: 'y', inputSchema: { type: 'object' } }];
  const outputSchema = { type: 'object' };
  const body = { type: 'tools', tools, hash: '' } as const;
  await Array.fromAsync(stream([body], { settings, outputSchema, toolChoice: 'none' }));
  assert.partialDeepStrictEqual(server.requests[0]!.json, {
    max_tokens: 99,
    tool_choice: 'none',
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'answer', strict: true, schema: outputSchema },
    },
  });
});

test('without tools nothing is said of tools', async (t) => {
  const server = await serve(t, [{ text: 'a' }]);
  const thread = await openModelThread(t, {
    plugins: [openaiChat({ baseURL: server.url, tools: false })],
    settings: { provider, model: 'llama' },
  });
  assert.equal((await thread.turn('Hi')).end.error, undefined);
  assert.deepEqual(Object.keys(server.requests[0]!.json), [
    'model',
    'stream',
    'stream_options',
    'messages',
  ]);
});

test('usage, with cached and reasoning tokens, and the model that answered are told', async (t) => {
  const usage = { input: 100, cached: 64, output: 20, reasoning: 8 };
  const { thread } = await open(t, [{ text: 'Hello', usage }]);
  const step = (await thread.turn('Hi')).items.find((item) => item.type === 'step');
  assert.deepEqual(step?.usage, usage);
  assert.equal(step?.model, 'llama');
});

const piece = (index: number | undefined, id: string | undefined, name?: string, args?: unknown) =>
  ({ index, id, function: { name, arguments: args } }) as const;
/** What each of the streams below comes to. */
const bothCalls = [
  ['a', 'x', '{"n":1}'],
  ['b', 'y', '{"n":2}'],
];
const streams: Readonly<Record<string, readonly object[][]>> = {
  'piece by piece': [
    [piece(0, 'a', 'x', '')],
    [piece(0, undefined, undefined, '{"n"')],
    [piece(0, undefined, undefined, ':1}')],
    [piece(1, 'b', 'y', '{"n":')],
    [piece(1, undefined, undefined, '2}')],
  ],
  'interleaved by index': [
    [piece(0, 'a', 'x', '{"n"'), piece(1, 'b', 'y', '{"n"')],
    [piece(1, '', '', ':2}'), piece(0, '', '', ':1}')],
  ],
  'all in one chunk': [[piece(0, 'a', 'x', '{"n":1}'), piece(1, 'b', 'y', '{"n":2}')]],
  'the same index for all': [[piece(0, 'a', 'x', '{"n":1}')], [piece(0, 'b', 'y', '{"n":2}')]],
  'no index': [
    [piece(undefined, 'a', 'x', '{"n"')],
    [piece(undefined, undefined, undefined, ':1}')],
    [piece(undefined, 'b', 'y', '{"n":2}')],
  ],
  'the id again with each piece': [
    [piece(undefined, 'a', 'x', '{"n"')],
    [piece(undefined, 'a', 'x', ':1}')],
    [piece(undefined, 'b', 'y', '{"n":2}')],
  ],
  'objects for arguments': [[piece(0, 'a', 'x', { n: 1 }), piece(1, 'b', 'y', { n: 2 })]],
};

test('calls are put together however a server cuts, counts and names their pieces', async (t) => {
  for (const [how, chunks] of Object.entries(streams)) {
    const events = chunks.map((tool_calls) => choice({ tool_calls }));
    const seen = await readEvents(t, [...events, choice({}, 'tool_calls')]);
    assert.deepEqual(callsOf(seen), bothCalls, how);
    const shown = seen.filter((event) => event.type === 'delta');
    assert.ok(shown.every(({ kind, name }) => kind === 'args' && ['x', 'y'].includes(name!)));
  }
});

test('calls without ids and arguments are still calls', async (t) => {
  const calls = [{ function: { name: 'echo' } }, { function: { name: 'echo', arguments: null } }];
  const end = choice({}, 'stop');
  assert.deepEqual(callsOf(await readEvents(t, [choice({ tool_calls: calls }), end])), [
    ['', 'echo', '{}'],
    ['', 'echo', '{}'],
  ]);
  const server = await serve(t, [
    { parts: [{ event: choice({ tool_calls: calls }, 'tool_calls') }], end: 'none' },
    { text: 'ok' },
  ]);
  const thread = await openModelThread(t, {
    plugins: [openaiChat({ baseURL: server.url })],
    settings: { provider, model: 'llama' },
  });
  assert.equal((await thread.turn('go')).end.error, undefined);
  const ids = server.requests[1]!.json.messages!.flatMap((message) => message.tool_call_id ?? []);
  assert.equal(new Set(ids).size, 2);
});

test('thoughts are found in every field that servers use', async (t) => {
  const deltas: readonly object[] = [
    { reasoning_content: 'hm' },
    { reasoning: 'hm' },
    { reasoning: 'hm', reasoning_content: 'hm' },
    { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] },
  ];
  for (const delta of deltas) {
    const said = choice({ content: [{ type: 'text', text: 'so' }] }, 'stop');
    const events = await readEvents(t, [choice(delta), said]);
    const outputs = events.flatMap((event) => (event.type === 'output' ? [event.output] : []));
    assert.partialDeepStrictEqual(outputs, [
      { type: 'reasoning', text: 'hm' },
      { type: 'assistant', text: 'so' },
    ]);
  }
});

test('an answer ends with its finish_reason or with [DONE], whichever a server knows', async (t) => {
  const done = { raw: 'data: [DONE]\n\n' };
  const text = { event: choice({ content: 'Hi' }) };
  const whole = { choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] };
  const answers: readonly Answer[] = [
    { parts: [text, done], end: 'none' },
    { parts: [text, done], end: 'none', holdAfter: 3 },
    { parts: [{ event: choice({ content: 'Hi' }, 'weird') }], end: 'none' },
    { status: 200, body: whole },
  ];
  const server = await serve(t, answers);
  const { stream } = await openModel(t, openaiChat({ baseURL: server.url }));
  for (const answer of answers) {
    const events = await Array.fromAsync(stream([], { settings }));
    assert.partialDeepStrictEqual(
      events.at(-1),
      { type: 'done', stop: 'end' },
      JSON.stringify(answer),
    );
  }
});

test('the key of the environment goes to no other address than its own', async (t) => {
  const server = await serve(t, [{ text: 'a' }, { text: 'b' }]);
  setEnv(t, { OPENAI_API_KEY: 'sk-openai', OPENAI_BASE_URL: undefined });
  const local = await openModel(t, openaiChat({ baseURL: server.url }));
  await Array.fromAsync(local.stream([], { settings }));
  setEnv(t, { OPENAI_BASE_URL: server.url });
  const shared = await openModel(t, openaiChat());
  await Array.fromAsync(shared.stream([], { settings }));
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    [undefined, 'Bearer sk-openai'],
  );
});

test('without an address it says what to set', async (t) => {
  setEnv(t, { OPENAI_BASE_URL: undefined });
  const { stream } = await openModel(t, openaiChat());
  await assert.rejects(Array.fromAsync(stream([], { settings })), {
    code: 'model_config',
    message: /set OPENAI_BASE_URL, or providers\.openai-chat\.baseURL/u,
  });
});

test('a server on this machine that offers one model is asked for its name, once', async (t) => {
  setEnv(t, { OPENAI_MODEL: undefined });
  const models = ['text-embed-x', 'qwen'];
  const server = await serve(t, { script: [{ text: 'a' }, { text: 'b' }], models });
  const thread = await openModelThread(t, {
    plugins: [openaiChat({ baseURL: server.url })],
    settings: { provider },
  });
  await thread.turn('Hi');
  await thread.turn('Hi');
  assert.deepEqual(
    server.requests.map(({ path, json }) => [path, json.model]),
    [
      ['/v1/models', undefined],
      ['/v1/chat/completions', 'qwen'],
      ['/v1/chat/completions', 'qwen'],
    ],
  );
});

test('without a name and with several models, or elsewhere, it says how to name one', async (t) => {
  setEnv(t, { OPENAI_MODEL: undefined });
  const nameless = { settings: { ...settings, model: undefined } };
  const server = await serve(t, { script: [], models: ['llama', 'qwen'] });
  const local = await openModel(t, openaiChat({ baseURL: server.url }));
  await assert.rejects(Array.fromAsync(local.stream([], nameless)), {
    code: 'model_config',
    message: /offers llama, qwen: pass --model NAME/u,
  });
  const far = await openModel(t, openaiChat({ baseURL: 'https://far.invalid/v1' }));
  assert.throws(() => far.model.traits(nameless.settings), {
    code: 'model_config',
    message: /pass --model NAME, set OPENAI_MODEL/u,
  });
  const gone = await openModel(t, openaiChat({ baseURL: 'http://127.0.0.1:9/v1' }));
  await assert.rejects(Array.fromAsync(gone.stream([], nameless)), { code: 'model_unreachable' });
});

test('two of them stand side by side under names of their own', async (t) => {
  const server = await serve(t, [{ text: 'a' }, { text: 'b' }]);
  const plugins = ['one', 'two'].map((name) => openaiChat({ name, baseURL: server.url }));
  const thread = await openModelThread(t, { plugins, settings: { provider: 'one', model: 'm' } });
  await thread.turn('Hi');
  const { items } = await thread.turn('Hi', { settings: { provider: 'two' } });
  assert.equal(items.find((item) => item.type === 'step')?.provider, 'two');
});

test('its options are checked', async () => {
  const schema = await options();
  const good = { baseURL: 'http://localhost:11434/v1', sendReasoning: false, window: 8192 };
  assert.deepEqual(schema.parse(good), good);
  assert.equal(schema.safeParse({ webSearch: true }).success, false);
});
