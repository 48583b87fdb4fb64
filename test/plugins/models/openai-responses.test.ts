import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { ModelEvent, PartBody } from '../../../core/index.ts';
import openaiResponses, {
  options,
  type ResponsesOptions,
} from '../../../plugins/models/openai-responses.ts';
import { modelFaults, setEnv } from '../../contracts/model-faults.ts';
import { modelContract } from '../../contracts/models.ts';
import { keepsPrefix } from '../../contracts/model-prefix.ts';
import { openModel, openModelThread, type ModelThread } from '../../contracts/model-thread.ts';
import { sampleSettings } from '../../contracts/sample-items.ts';
import { serve, servedAnswer } from '../../contracts/served-model.ts';
import type { Answer, ModelServer } from '../../fixtures/model-server.ts';

const provider = 'openai-responses';

modelFaults(provider, (config) => openaiResponses(config));

keepsPrefix(provider, (config) => openaiResponses(config));

modelContract(provider, async (t, answers) => {
  const server = await serve(t, answers.map(servedAnswer));
  return { plugin: openaiResponses({ baseURL: server.url, apiKey: 'sk-test' }), provider };
});

async function open(
  t: TestContext,
  script: readonly Answer[],
  config: ResponsesOptions = {},
): Promise<{ readonly server: ModelServer; readonly thread: ModelThread }> {
  const server = await serve(t, script);
  const thread = await openModelThread(t, {
    plugins: [openaiResponses({ baseURL: server.url, apiKey: 'sk-test', ...config })],
    settings: { provider, model: 'gpt-5.1' },
    system: ['You are a tester.', 'Say "as" it is\nand no more.'],
  });
  return { server, thread };
}

const outputs = (events: readonly ModelEvent[]) =>
  events.flatMap((event) => (event.type === 'output' ? [event.output] : []));

const tool = (name: string, description: string) => ({
  type: 'function',
  name,
  description,
  parameters: {
    type: 'object',
    properties: { text: { type: 'string' } },
    additionalProperties: false,
  },
  strict: false,
});

test('a request holds this and nothing else', async (t) => {
  const { server, thread } = await open(t, [{ text: 'Hello' }]);
  const { end } = await thread.turn('Hi', { settings: { effort: 'high' } });
  assert.equal(end.error, undefined);
  const [request] = server.requests;
  assert.deepEqual(request?.json, {
    model: 'gpt-5.1',
    stream: true,
    store: false,
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: thread.id,
    reasoning: { effort: 'high' },
    parallel_tool_calls: true,
    tool_choice: 'auto',
    instructions: 'You are a tester.\n\nSay "as" it is\nand no more.',
    tools: [tool('echo', 'Says it back.'), tool('break', 'Fails.')],
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
  });
  assert.equal(request.path, '/v1/responses');
  assert.equal(request.headers.authorization, 'Bearer sk-test');
  assert.equal(request.headers.accept, 'text/event-stream');
  assert.equal(request.headers['content-length'], String(Buffer.byteLength(request.body)));
});

const said = (text: string) => ({ role: 'user', content: [{ type: 'input_text', text }] });

test('the answer comes back whole: reasoning sealed, texts with their phase, calls with results', async (t) => {
  const { server, thread } = await open(t, [
    {
      parts: [
        { reasoning: 'I think', encrypted: 'sealed words' },
        { text: 'I look', phase: 'commentary' },
        { call: 'echo', args: '{ "text":"a" }', id: 'call_a' },
        { call: 'break', args: {}, id: 'call_b' },
      ],
    },
    { parts: [{ text: 'Done', phase: 'final_answer' }] },
    { text: 'Bye' },
  ]);
  await thread.turn('go');
  await thread.turn('thanks');
  assert.deepEqual(server.requests[2]?.json.input, [
    { type: 'message', ...said('go') },
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'I think' }],
      encrypted_content: 'sealed words',
    },
    {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'I look' }],
      phase: 'commentary',
    },
    { type: 'function_call', call_id: 'call_a', name: 'echo', arguments: '{ "text":"a" }' },
    { type: 'function_call', call_id: 'call_b', name: 'break', arguments: '{}' },
    { type: 'function_call_output', call_id: 'call_a', output: 'a' },
    { type: 'function_call_output', call_id: 'call_b', output: 'Error:\nit is broken' },
    {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Done' }],
      phase: 'final_answer',
    },
    { type: 'message', ...said('thanks') },
  ]);
});

test('sealed reasoning goes back only to the host that sealed it', async (t) => {
  const server = await serve(t, [{ parts: [{ reasoning: 'r' }, { text: 'one' }] }, {}]);
  const { stream } = await openModel(t, openaiResponses({ baseURL: server.url }));
  const settings = { ...sampleSettings, model: 'gpt-5' };
  const [reasoning] = outputs(await Array.fromAsync(stream([], { settings })));
  assert.partialDeepStrictEqual(reasoning, { type: 'reasoning', opaque: { data: 'sealed rs_1' } });
  const other = await openModel(t, openaiResponses({ baseURL: 'http://127.0.0.1:9/v1' }));
  const here = await openModel(t, openaiResponses({ baseURL: server.url }));
  const part = { ...reasoning!, n: 0, at: 0 };
  assert.equal(other.model.encode(part), '');
  assert.match(here.model.encode(part), /"encrypted_content":"sealed rs_1"/u);
});

test('a model that does not think is asked for no sealed reasoning and told no effort', async (t) => {
  const { server, thread } = await open(t, [{ text: 'Hello' }]);
  await thread.turn('Hi', { settings: { model: 'gpt-4.1', effort: 'high' } });
  const { include, reasoning } = server.requests[0]!.json;
  assert.deepEqual([include, reasoning], [undefined, undefined]);
});

test('options go into each request', async (t) => {
  const { server, thread } = await open(t, [{ text: 'Hello' }], {
    webSearch: true,
    reasoningSummary: 'auto',
    serviceTier: 'flex',
    output: 4000,
    organization: 'org-1',
    headers: { 'x-team': 'blue', 'user-agent': 'mine' },
  });
  await thread.turn('Hi');
  const [request] = server.requests;
  assert.partialDeepStrictEqual(request!.json, {
    reasoning: { summary: 'auto' },
    service_tier: 'flex',
    max_output_tokens: 4000,
  });
  assert.deepEqual(request!.json.tools?.at(-1), { type: 'web_search' });
  assert.equal(request!.headers['openai-organization'], 'org-1');
  assert.equal(request!.headers['x-team'], 'blue');
  assert.equal(request!.headers['user-agent'], 'mine');
});

test('a hosted web search is kept and goes back as it came', async (t) => {
  const { server, thread } = await open(t, [
    { parts: [{ webSearch: 'node 24' }, { call: 'echo', args: { text: 'a' } }] },
    { text: 'Found' },
  ]);
  const { items } = await thread.turn('search');
  const hosted = items.find((item) => item.type === 'hosted');
  assert.partialDeepStrictEqual(hosted, { name: 'web_search', summary: 'node 24' });
  assert.deepEqual(server.requests[1]!.json.input![1], {
    id: 'ws_1',
    type: 'web_search_call',
    action: { type: 'search', query: 'node 24' },
    status: 'completed',
  });
});

test('without tools nothing is said of tools, and a search alone is offered', async (t) => {
  const server = await serve(t, [{ text: 'a' }, { text: 'b' }]);
  const settings = { ...sampleSettings, model: 'gpt-5' };
  for (const webSearch of [false, true]) {
    const config = { baseURL: server.url, webSearch };
    const { stream } = await openModel(t, openaiResponses(config));
    await Array.fromAsync(stream([], { settings, toolChoice: 'none' }));
  }
  const [first, second] = server.requests;
  for (const name of ['tools', 'tool_choice', 'parallel_tool_calls'])
    assert.equal(name in first!.json, false);
  assert.deepEqual(second!.json.tools, [{ type: 'web_search' }]);
});

test('where the model must not call, the tools stay as they are', async (t) => {
  const server = await serve(t, [{ text: 'a' }]);
  const { stream } = await openModel(t, openaiResponses({ baseURL: server.url }));
  const tools = [{ name: 'x', description: 'y', inputSchema: { type: 'object' } }];
  const body = { type: 'tools', tools, hash: '' } as const;
  const settings = { ...sampleSettings, model: 'gpt-5' };
  await Array.fromAsync(stream([body], { settings, toolChoice: 'none' }));
  assert.equal(server.requests[0]!.json['tool_choice'], 'none');
  assert.equal(server.requests[0]!.json.tools?.length, 1);
});

test('a wanted shape of the answer is asked for strictly', async (t) => {
  const { server, thread } = await open(t, [{ text: '{"ok":true}' }]);
  const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
  await thread.turn('Hi', { outputSchema: schema });
  const format = { type: 'json_schema', name: 'answer', strict: true, schema };
  assert.deepEqual(server.requests[0]!.json['text'], { format });
});

test('images go as data URLs, in messages and in results', async (t) => {
  const server = await serve(t, [{ text: 'I see' }]);
  const { stream } = await openModel(t, openaiResponses({ baseURL: server.url }));
  const image = { type: 'image', data: 'AAAA', mimeType: 'image/png' } as const;
  const text = { type: 'text', text: 'look' } as const;
  const call = { type: 'call', id: 'i', call: 'c', name: 'x', args: '{}' } as const;
  const bodies: readonly PartBody[] = [
    { type: 'user', content: [text, image], how: 'start' },
    call,
    { ...call, type: 'result', content: [image], isError: false, durationMs: 1 },
  ];
  await Array.fromAsync(stream(bodies, { settings: { ...sampleSettings, model: 'gpt-5' } }));
  const url = 'data:image/png;base64,AAAA';
  const shown = { type: 'input_image', detail: 'auto', image_url: url };
  assert.partialDeepStrictEqual(server.requests[0]!.json.input, [
    { content: [{ type: 'input_text', text: 'look' }, shown] },
    {},
    { type: 'function_call_output', output: [shown] },
  ]);
});

test('half of a surrogate pair is replaced, since servers refuse it', async (t) => {
  const { server, thread } = await open(t, [
    { parts: [{ call: 'echo', args: '{"text":"\\ud83d"}' }] },
    { text: 'ok' },
  ]);
  await thread.turn('half \ud83d of it');
  assert.match(server.requests[1]!.body, /half \ufffd of it/u);
  assert.match(server.requests[1]!.body, /"output":"\ufffd"/u);
});

test('usage, with cached and reasoning tokens, and the model that answered are told', async (t) => {
  const usage = { input: 100, cached: 64, output: 20, reasoning: 8 };
  const { thread } = await open(t, [{ text: 'Hello', usage }]);
  const { items } = await thread.turn('Hi');
  const step = items.find((item) => item.type === 'step');
  assert.deepEqual(step?.usage, usage);
  assert.equal(step?.model, 'gpt-5.1');
});

test('unknown events and items are passed over, a refusal is a text', async (t) => {
  const { thread } = await open(t, [
    {
      parts: [
        { event: { type: 'response.telepathy.delta', delta: 'boo' } },
        {
          event: {
            type: 'response.output_item.done',
            output_index: 0,
            item: { id: 'x', type: 'telepathy' },
          },
        },
        { raw: ': a comment\n\nevent: ping\n\n' },
        { refusal: 'I will not' },
      ],
    },
  ]);
  const { items, end } = await thread.turn('Hi');
  assert.equal(end.error, undefined);
  assert.equal(items.find((item) => item.type === 'assistant')?.text, 'I will not');
});

test('several summaries of one thought are shown apart', async (t) => {
  const place = { item_id: 'rs', output_index: 0 };
  const events = [
    { type: 'response.reasoning_summary_part.added', ...place, summary_index: 0 },
    { type: 'response.reasoning_summary_text.delta', ...place, summary_index: 0, delta: 'One' },
    { type: 'response.reasoning_summary_part.added', ...place, summary_index: 1 },
    { type: 'response.reasoning_summary_text.delta', ...place, summary_index: 1, delta: 'Two' },
  ];
  const summary = ['One', 'Two'].map((text) => ({ type: 'summary_text', text }));
  const item = { id: 'rs', type: 'reasoning', summary };
  const done = { type: 'response.output_item.done', output_index: 0, item };
  const server = await serve(t, [{ parts: [...events, done].map((event) => ({ event })) }]);
  const { stream } = await openModel(t, openaiResponses({ baseURL: server.url }));
  const settings = { ...sampleSettings, model: 'gpt-5' };
  const seen = await Array.fromAsync(stream([], { settings }));
  const shown = seen.flatMap((event) => (event.type === 'delta' ? [event.text] : []));
  assert.equal(shown.join(''), 'One\n\nTwo');
  assert.partialDeepStrictEqual(outputs(seen), [{ type: 'reasoning', summary: ['One', 'Two'] }]);
});

test('items that come only with the end of the answer count, and a server that does not stream is understood', async (t) => {
  const response = {
    object: 'response',
    model: 'm1',
    output: [
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Whole' }] },
    ],
  };
  const server = await serve(t, [
    { parts: [{ event: { type: 'response.completed', response } }], end: 'none' },
    { status: 200, body: response },
  ]);
  const { stream } = await openModel(t, openaiResponses({ baseURL: server.url, model: 'm' }));
  for (let count = 0; count < 2; count++) {
    const events = await Array.fromAsync(stream([]));
    assert.partialDeepStrictEqual(outputs(events), [{ type: 'assistant', text: 'Whole' }]);
    assert.deepEqual(events.at(-1), { type: 'done', stop: 'end', usage: undefined, model: 'm1' });
  }
});

test('a text that only deltas told counts, and an end without a response is one', async (t) => {
  const delta = {
    type: 'response.output_text.delta',
    item_id: 'm1',
    output_index: 0,
    delta: 'Told',
  };
  const server = await serve(t, [
    { parts: [{ event: delta }, { event: { type: 'response.completed' } }], end: 'none' },
  ]);
  const { stream } = await openModel(t, openaiResponses({ baseURL: server.url, model: 'm' }));
  assert.partialDeepStrictEqual(outputs(await Array.fromAsync(stream([]))), [
    { type: 'assistant', text: 'Told' },
  ]);
});

test('arguments that a server gives as an object are the JSON they stand for', async (t) => {
  const item = { type: 'function_call', id: 'f1', name: 'look', arguments: { at: 1 } };
  const server = await serve(t, [
    { parts: [{ event: { type: 'response.output_item.done', output_index: 0, item } }] },
  ]);
  const { stream } = await openModel(t, openaiResponses({ baseURL: server.url, model: 'm' }));
  assert.partialDeepStrictEqual(outputs(await Array.fromAsync(stream([]))), [
    { type: 'call', name: 'look', args: '{"at":1}' },
  ]);
});

test('a default model answers where none is named, and the thread is told once', async (t) => {
  setEnv(t, { OPENAI_MODEL: undefined });
  const { server, thread } = await open(t, [{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
  const notices = async (model?: string) => {
    const { items } = await thread.turn('Hi', { settings: { model } });
    return items.flatMap((item) => (item.type === 'notice' ? [item.message] : []));
  };
  assert.match((await notices()).join(), /^no model is named, so gpt-\S+ answers: --model NAME/u);
  assert.deepEqual(await notices(), []);
  assert.match(String(server.requests[1]!.json.model), /^gpt-/u);
  setEnv(t, { OPENAI_MODEL: 'm-env' });
  await notices();
  assert.equal(server.requests[2]!.json.model, 'm-env');
});

test('what is known of a model counts until the options say otherwise', async (t) => {
  const traits = async (model: string, config: ResponsesOptions = {}) => {
    const lone = await openModel(t, openaiResponses(config));
    return lone.model.traits({ ...sampleSettings, model });
  };
  assert.deepEqual(await traits('openai/gpt-4.1-mini'), {
    model: 'openai/gpt-4.1-mini',
    window: 1_047_576,
    output: 32_768,
    images: true,
    tools: true,
    efforts: [],
  });
  const { efforts: five } = await traits('gpt-5-mini');
  assert.deepEqual(five, ['minimal', 'low', 'medium', 'high']);
  assert.deepEqual((await traits('gpt-5.2')).efforts, ['none', 'low', 'medium', 'high', 'xhigh']);
  assert.equal((await traits('my-own')).tools, true);
  const told = { window: 8192, output: 1024, images: false, tools: false, efforts: ['turbo'] };
  assert.deepEqual(await traits('my-own', told), { model: 'my-own', ...told });
});

test('its options are checked', async () => {
  const schema = await options();
  const good = { baseURL: 'http://localhost:1/v1', webSearch: true, headers: { a: 'b' } };
  assert.deepEqual(schema.parse(good), good);
  for (const bad of [{ baseUrl: 'http://x/' }, { baseURL: 'localhost' }, { idleTimeoutMs: -1 }])
    assert.equal(schema.safeParse(bad).success, false);
});
