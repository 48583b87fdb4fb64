import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import OpenAI, { APIUserAbortError, AuthenticationError, RateLimitError } from 'openai';
import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { makeCertificates } from '../../../fixtures/certificates.ts';
import {
  badKey,
  contextTooLong,
  rateLimited,
  serverError,
  startModelServer,
} from '../../../fixtures/model-server.ts';
import type { Answer, ModelServer } from '../../../fixtures/model-server.ts';
import { startProxy } from '../../../fixtures/proxy.ts';

function clientOf(server: ModelServer, apiKey = 'sk-test'): OpenAI {
  return new OpenAI({ baseURL: server.url, apiKey, maxRetries: 0 });
}

async function responseEvents(
  server: ModelServer,
  extra: Partial<OpenAI.Responses.ResponseCreateParamsStreaming> = {},
): Promise<ResponseStreamEvent[]> {
  const body = { model: 'm', input: 'hi', ...extra, stream: true } as const;
  return Array.fromAsync(await clientOf(server).responses.create(body));
}

const CHAT = {
  model: 'm',
  messages: [{ role: 'user' as const, content: 'hi' }],
  stream: true as const,
  stream_options: { include_usage: true },
} satisfies OpenAI.ChatCompletionCreateParamsStreaming;

async function chatChunks(server: ModelServer): Promise<OpenAI.ChatCompletionChunk[]> {
  return Array.fromAsync(await clientOf(server).chat.completions.create(CHAT));
}

const types = (events: readonly { readonly type: string }[]): string[] =>
  events.map(({ type }) => type);

describe('the stand-in model, asked by the official client over Responses', () => {
  test('streams a text with every event of the real API in its order', async () => {
    await using server = await startModelServer({ script: [{ text: 'Hello' }] });
    const events = await responseEvents(server);
    assert.deepEqual(types(events), [
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    assert.deepEqual(
      events.map(({ sequence_number: number }) => number),
      [...events.keys()],
    );
    const last = events.at(-1);
    assert.ok(last?.type === 'response.completed');
    assert.equal(last.response.status, 'completed');
    assert.partialDeepStrictEqual(last.response.output, [
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] },
    ]);
  });

  test('its events are ones that the client can put together again', async () => {
    const parts = [
      { reasoning: 'Let me think.' },
      { text: 'Calling.' },
      { call: 'shell', args: { cmd: 'ls' }, deltas: 5 },
      { webSearch: 'node 24' },
    ];
    await using server = await startModelServer({ script: [{ parts }] });
    const stream = clientOf(server).responses.stream({ model: 'm', input: 'hi' });
    const response = await stream.finalResponse();
    assert.deepEqual(types(response.output), [
      'reasoning',
      'message',
      'function_call',
      'web_search_call',
    ]);
    assert.equal(response.output_text, 'Calling.');
    assert.partialDeepStrictEqual(response.output[2], { name: 'shell', arguments: '{"cmd":"ls"}' });
  });

  test('gives encrypted reasoning only to a request that includes it', async () => {
    const answer: Answer = { parts: [{ reasoning: 'Hm.', encrypted: 'opaque' }] };
    await using server = await startModelServer({ script: [answer, answer] });
    const [plain, sealed] = [
      await responseEvents(server),
      await responseEvents(server, { include: ['reasoning.encrypted_content'] }),
    ].map((events) => events.at(-1));
    assert.ok(plain?.type === 'response.completed' && sealed?.type === 'response.completed');
    assert.equal('encrypted_content' in plain.response.output[0]!, false);
    assert.partialDeepStrictEqual(sealed.response.output[0], {
      encrypted_content: 'opaque',
      summary: [{ type: 'summary_text', text: 'Hm.' }],
    });
  });

  test('streams several calls with ids of their own, or with those of the script', async () => {
    const parts = [
      { call: 'a', args: {} },
      { call: 'b', args: '{"broken":', deltas: 3 },
      { call: 'c', args: {}, id: 'twice' },
      { call: 'd', args: {}, id: 'twice' },
    ];
    await using server = await startModelServer({ script: [{ parts }] });
    const events = await responseEvents(server);
    const done = events.filter((event) => event.type === 'response.output_item.done');
    assert.deepEqual(
      done.map(({ item }) => item.type === 'function_call' && [item.call_id, item.arguments]),
      [
        ['call_1', '{}'],
        ['call_2', '{"broken":'],
        ['twice', '{}'],
        ['twice', '{}'],
      ],
    );
    const deltas = events.filter(
      (event) => event.type === 'response.function_call_arguments.delta',
    );
    const second = deltas.filter((event) => event.output_index === 1);
    assert.deepEqual(second.map(({ delta }) => delta).join(''), '{"broken":');
    assert.equal(second.length, 3);
  });

  test('reports scripted token counts, and estimates the others', async () => {
    const usage = { input: 100, cached: 64, output: 7, reasoning: 3 };
    await using server = await startModelServer({ script: [{ text: 'a', usage }, {}] });
    const last = (await responseEvents(server)).at(-1);
    assert.ok(last?.type === 'response.completed');
    assert.partialDeepStrictEqual(last.response.usage, {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 64 },
      output_tokens: 7,
      output_tokens_details: { reasoning_tokens: 3 },
      total_tokens: 107,
    });
    const empty = (await responseEvents(server)).at(-1);
    assert.ok(empty?.type === 'response.completed');
    assert.deepEqual(empty.response.output, []);
    assert.ok((empty.response.usage?.input_tokens ?? 0) > 0);
  });

  test('ends incomplete, failed, with an error event, or without a word', async () => {
    const error = { code: 'context_length_exceeded', message: 'too long' };
    const script: Answer[] = [
      { text: 'cut', end: 'incomplete' },
      { text: 'x', end: 'failed', error },
      { text: 'x', end: 'error', error },
      { text: 'x', end: 'none' },
    ];
    await using server = await startModelServer({ script });
    const incomplete = (await responseEvents(server)).at(-1);
    assert.ok(incomplete?.type === 'response.incomplete');
    assert.deepEqual(incomplete.response.incomplete_details, { reason: 'max_output_tokens' });
    assert.partialDeepStrictEqual(incomplete.response.output[0], { status: 'incomplete' });
    const failed = (await responseEvents(server)).at(-1);
    assert.ok(failed?.type === 'response.failed');
    assert.deepEqual(failed.response.error, error);
    await assert.rejects(responseEvents(server), { name: 'Error', code: error.code });
    assert.equal((await responseEvents(server)).at(-1)?.type, 'response.output_item.done');
  });

  test('puts unknown events and raw bytes in their place', async () => {
    const parts = [
      { event: { type: 'response.telepathy.delta', thought: 1 } },
      { raw: ': a comment\n\n' },
      { text: 'a' },
    ];
    await using server = await startModelServer({ script: [{ parts }] });
    const events: { type: string; thought?: number }[] = await responseEvents(server);
    assert.partialDeepStrictEqual(events[2], { type: 'response.telepathy.delta', thought: 1 });
    assert.equal(events[3]?.type, 'response.output_item.added');
  });

  test('sends 20,000 deltas of a repeated text', async () => {
    const parts = [{ text: 'word ', times: 20_000 }];
    await using server = await startModelServer({ script: [{ parts }] });
    const events = await responseEvents(server);
    assert.equal(
      types(events).filter((type) => type === 'response.output_text.delta').length,
      20_000,
    );
  });

  test('answers a request without stream with the whole response', async () => {
    await using server = await startModelServer({ script: [{ text: 'Hello' }] });
    const response = await clientOf(server).responses.create({ model: 'm', input: 'hi' });
    assert.deepEqual([response.status, response.output_text], ['completed', 'Hello']);
  });

  test('compacts to one opaque item', async () => {
    await using server = await startModelServer({ script: [] });
    const compacted = await clientOf(server).responses.compact({ model: 'gpt-5', input: 'hi' });
    assert.equal(compacted.object, 'response.compaction');
    assert.partialDeepStrictEqual(compacted.output, [
      { type: 'compaction', encrypted_content: 'sealed cmp_1' },
    ]);
  });
});

describe('the stand-in model, asked by the official client over Chat Completions', () => {
  test('streams text, the finish reason and the usage in a chunk of its own', async () => {
    await using server = await startModelServer({ script: [{ text: 'Hello' }] });
    const chunks = await chatChunks(server);
    assert.deepEqual(
      chunks.map(({ choices: [choice] }) => choice && [choice.delta.content, choice.finish_reason]),
      [['', null], ['Hel', null], ['lo', null], [undefined, 'stop'], undefined],
    );
    assert.equal(chunks.at(0)?.choices[0]?.delta.role, 'assistant');
    assert.ok((chunks.at(-1)?.usage?.prompt_tokens ?? 0) > 0);
  });

  test('streams tool calls as fragments that the client can put together again', async () => {
    const parts = [
      { reasoning: 'Hm.' },
      { call: 'a', args: { x: 1 }, deltas: 4 },
      { call: 'b', args: { y: 2 } },
    ];
    await using server = await startModelServer({ script: [{ parts }] });
    const tools = ['a', 'b'].map((name) => ({
      type: 'function' as const,
      function: { name, parameters: {} },
    }));
    const stream = clientOf(server).chat.completions.stream({ ...CHAT, tools });
    const { choices } = await stream.finalChatCompletion();
    assert.equal(choices[0]?.finish_reason, 'tool_calls');
    assert.partialDeepStrictEqual(choices[0].message.tool_calls, [
      { id: 'call_1', function: { name: 'a', arguments: '{"x":1}' } },
      { id: 'call_2', function: { name: 'b', arguments: '{"y":2}' } },
    ]);
  });

  test('says when the answer was cut for its length, and fails in mid-stream', async () => {
    const script: Answer[] = [
      { text: 'cut', end: 'incomplete' },
      { text: 'x', end: 'failed' },
    ];
    await using server = await startModelServer({ script });
    const chunks = await chatChunks(server);
    assert.equal(chunks.at(-2)?.choices[0]?.finish_reason, 'length');
    await assert.rejects(chatChunks(server), { code: 'server_error' });
  });

  test('answers a request without stream with the whole completion', async () => {
    await using server = await startModelServer({ script: [{ text: 'Hello' }] });
    const answer = await clientOf(server).chat.completions.create({
      ...CHAT,
      stream: false,
      stream_options: null,
    });
    assert.equal(answer.choices[0]?.message.content, 'Hello');
  });
});

describe('the stand-in model, when it fails', () => {
  test('answers with status, headers and the error object of the real API', async () => {
    const script = [rateLimited({ 'retry-after': '7' }), serverError(503), contextTooLong];
    await using server = await startModelServer({ script });
    await assert.rejects(responseEvents(server), (error) => {
      assert.ok(error instanceof RateLimitError);
      assert.deepEqual(
        [error.code, error.headers.get('retry-after')],
        ['rate_limit_exceeded', '7'],
      );
      return true;
    });
    await assert.rejects(responseEvents(server), { status: 503, type: 'server_error' });
    await assert.rejects(responseEvents(server), { status: 400, code: 'context_length_exceeded' });
  });

  test('echoes the key in a 401, scripted or because the key is not the one it takes', async () => {
    await using scripted = await startModelServer({ script: [badKey] });
    await assert.rejects(responseEvents(scripted), {
      status: 401,
      message: /provided: sk-test\./u,
    });
    await using guarded = await startModelServer({ script: [{}], key: 'sk-right' });
    await assert.rejects(responseEvents(guarded), AuthenticationError);
    assert.equal((await clientOf(guarded, 'sk-right').models.list()).data[0]?.id, 'stand-in');
  });

  test('cuts the stream after so many events', async () => {
    await using server = await startModelServer({ script: [{ text: 'Hello', cutAfter: 5 }] });
    const seen: string[] = [];
    await assert.rejects(async () => {
      const stream = await clientOf(server).responses.create({
        model: 'm',
        input: 'hi',
        stream: true,
      });
      for await (const { type } of stream) seen.push(type);
    }, /terminated/u);
    assert.equal(seen.length, 5);
  });

  test('holds the stream until it is released', async () => {
    await using server = await startModelServer({ script: [{ text: 'Hello', holdAfter: 5 }] });
    const stream = await clientOf(server).responses.create({
      model: 'm',
      input: 'hi',
      stream: true,
    });
    const events = stream[Symbol.asyncIterator]();
    for (let count = 0; count < 5; count++) await events.next();
    const sixth = events.next();
    const first = await Promise.race([
      sixth,
      new Promise((resolve) => setImmediate(resolve, 'held')),
    ]);
    assert.equal(first, 'held');
    server.release();
    assert.equal((await sixth).value?.type, 'response.output_text.delta');
  });

  test('hangs without headers until the client gives up', async () => {
    await using server = await startModelServer({ script: [{ hang: true }] });
    const abort = new AbortController();
    const body = { model: 'm', input: 'hi', stream: true } as const;
    const asked = clientOf(server).responses.create(body, { signal: abort.signal });
    const refused = assert.rejects(async () => asked, APIUserAbortError);
    await server.waitForRequest(1);
    abort.abort();
    await refused;
  });

  test('sends a line without end for as long as it is read', async () => {
    await using server = await startModelServer({ script: [{ endlessLine: true }] });
    const body = { model: 'm', input: 'hi', stream: true } as const;
    const response = await clientOf(server).responses.create(body).asResponse();
    assert.ok(response.body !== null);
    let read = 0;
    for await (const chunk of response.body) {
      assert.equal(Buffer.from(chunk).includes('\n'), false);
      read += chunk.length;
      if (read > 2 ** 22) break;
    }
  });

  test('refuses calls without results, results without calls, and bad tool names', async () => {
    const call = { type: 'function_call', call_id: 'c1', name: 'a', arguments: '{}' } as const;
    const output = { type: 'function_call_output', call_id: 'c1', output: 'ok' } as const;
    await using server = await startModelServer({ script: [{ text: 'fine' }] });
    await assert.rejects(
      responseEvents(server, { input: [call] }),
      /No tool output found for function call c1/u,
    );
    await assert.rejects(responseEvents(server, { input: [output] }), /No tool call found/u);
    const tool = { type: 'function', name: 'a b', parameters: {}, strict: false } as const;
    await assert.rejects(responseEvents(server, { tools: [tool] }), /tools\[0\]\.name/u);
    assert.equal(
      (await responseEvents(server, { input: [call, output] })).at(-1)?.type,
      'response.completed',
    );
    const asks = { id: 'c1', type: 'function', function: { name: 'a', arguments: '{}' } } as const;
    const assistant = { role: 'assistant' as const, tool_calls: [asks] };
    const messages = [assistant, ...CHAT.messages];
    const chat = clientOf(server).chat.completions.create({ ...CHAT, messages });
    await assert.rejects(async () => chat, /did not have response messages: c1/u);
  });

  test('says so when its script has no more answers or the address is not one it has', async () => {
    await using server = await startModelServer({ script: [{ times: 2 }] });
    await responseEvents(server);
    await responseEvents(server);
    await assert.rejects(responseEvents(server), {
      code: 'script_exhausted',
      message: /has 2 answers/u,
    });
    await assert.rejects(async () => clientOf(server).get('/nothing'), { status: 404 });
  });
});

describe('what the stand-in model received', () => {
  test('is kept whole: method, path, headers, body, time and connection', async () => {
    await using server = await startModelServer({
      script: (request) => ({ text: request.json.model ?? '' }),
    });
    const before = Date.now();
    const waiting = server.waitForRequest(2);
    await responseEvents(server, { model: 'one' });
    await chatChunks(server);
    const [first, second] = server.requests;
    assert.equal(await waiting, second);
    assert.deepEqual(
      [first?.method, first?.path, first?.json.model],
      ['POST', '/v1/responses', 'one'],
    );
    assert.deepEqual(JSON.parse(first?.body ?? ''), first?.json);
    assert.equal(first?.headers.authorization, 'Bearer sk-test');
    assert.ok(first.at >= before - 1 && first.at <= first.bodyAt && first.bodyAt <= Date.now() + 1);
  });

  test('is told apart by connection', async () => {
    await using server = await startModelServer({ script: [] });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const options of [{ agent }, { agent }, { agent: false as const }]) {
      const [response] = await once(httpRequest(`${server.url}/models`, options).end(), 'response');
      await json(response);
    }
    agent.destroy();
    assert.deepEqual(
      server.requests.map(({ connection }) => connection),
      [1, 1, 2],
    );
  });

  test('a wait for a request that never comes ends when the server closes', async () => {
    const server = await startModelServer({ script: [] });
    const refused = assert.rejects(server.waitForRequest(1));
    await server.close();
    await refused;
  });

  test('is told over HTTP when it runs as a process, which ends with its stdin', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'spindle-script-'));
    const file = join(folder, 'script.json');
    await writeFile(file, JSON.stringify([{ text: 'Hello' }]));
    const program = join(import.meta.dirname, '../../../fixtures/model-server.ts');
    const child = spawn(process.execPath, [program, file], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout, 'data');
    const url = String(line).trim();
    const client = new OpenAI({ baseURL: url, apiKey: 'k', maxRetries: 0 });
    const { output_text: said } = await client.responses.create({ model: 'm', input: 'hi' });
    assert.equal(said, 'Hello');
    const requests = await (await fetch(new URL('/_requests', url))).json();
    assert.partialDeepStrictEqual(requests, [{ path: '/v1/responses', json: { model: 'm' } }]);
    child.stdin.end();
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    await rm(folder, { recursive: true });
  });
});

describe('the stand-in model behind TLS and a proxy', () => {
  test('is trusted through its own authority and no other', async () => {
    await using certificates = await makeCertificates();
    await using server = await startModelServer({ script: [], tls: certificates });
    const get = async (ca?: string): Promise<unknown> => {
      const sent = httpsRequest(`${server.url}/models`, { ...(ca && { ca }), agent: false }).end();
      const [response] = await once(sent, 'response');
      return json(response);
    };
    assert.partialDeepStrictEqual(await get(certificates.ca), { data: [{ id: 'stand-in' }] });
    await assert.rejects(get(), { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  });

  test('is reached through a tunnel of the proxy, which tells who asked for what', async () => {
    await using certificates = await makeCertificates();
    await using server = await startModelServer({ script: [], tls: certificates });
    await using proxy = await startProxy({ credentials: 'me:secret' });
    const { hostname, port, username, password } = new URL(proxy.url);
    const target = new URL(server.url).host;
    const open = async (auth: string): Promise<[number | undefined, Socket]> => {
      const headers = { 'proxy-authorization': `Basic ${Buffer.from(auth).toString('base64')}` };
      const asked = httpRequest({ hostname, port, method: 'CONNECT', path: target, headers }).end();
      const [response, socket] = await once(asked, 'connect');
      return [response.statusCode, socket];
    };
    const [status, socket] = await open(`${username}:${password}`);
    assert.equal(status, 200);
    const secure = tlsConnect({ socket, ca: certificates.ca, servername: 'localhost' });
    await once(secure, 'secureConnect');
    secure.write('GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const [answer] = await once(secure, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 200 OK/u);
    assert.equal((await open('me:wrong'))[0], 407);
    assert.deepEqual(
      proxy.connects.map((connect) => connect.target),
      [target, target],
    );
  });

  test('is not reached when it is gone: the proxy answers 502, or what it is told to', async () => {
    const server = await startModelServer({ script: [] });
    const { host } = new URL(server.url);
    await server.close();
    for (const [refuse, wanted] of [[undefined, 502] as const, [403, 403] as const]) {
      await using proxy = await startProxy({ ...(refuse && { refuse }) });
      const { hostname, port } = new URL(proxy.url);
      const asked = httpRequest({ hostname, port, method: 'CONNECT', path: host }).end();
      const [response] = await once(asked, 'connect');
      assert.equal(response.statusCode, wanted);
    }
  });
});
