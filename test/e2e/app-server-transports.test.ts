import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join as joinPath } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { join, place, serve, token } from './app-server.ts';
import type { E2e } from './place.ts';

const bearer = { authorization: `Bearer ${token}` };
const hello = { id: 1, method: 'initialize', params: { clientInfo: { name: 'raw' } } };

/** How a WebSocket is received: the status that refuses it, or the first message after `initialize`. */
async function greet(url: string, headers: Record<string, string>): Promise<number | string> {
  const socket = new WebSocket(url, { headers });
  const { promise, resolve, reject } = Promise.withResolvers<number | string>();
  socket.on('unexpected-response', (_, response) => {
    resolve(response.statusCode ?? 0);
    response.destroy();
  });
  socket.on('error', reject);
  socket.on('open', () => socket.send(JSON.stringify(hello)));
  socket.on('message', (data) => resolve((data as Buffer).toString()));
  return promise.finally(() => socket.on('error', () => {}).terminate());
}

const socketOf = ({ cwd }: E2e) => joinPath(cwd, '../s.sock');

async function everywhere(t: TestContext, answers: Parameters<typeof place>[1]['answers'] = []) {
  const e2e = await place(t, { answers });
  const path = socketOf(e2e);
  const serving = await serve(e2e, 'ws://127.0.0.1:0', 'http://127.0.0.1:0', `unix://${path}`);
  const [ws = '', http = ''] = serving.addresses;
  return { e2e, ...serving, ws, http, path };
}

test('a WebSocket needs the token, no foreign page, and no token in its address', async (t) => {
  const { ws, http } = await everywhere(t);
  assert.equal(await greet(ws, {}), 401);
  assert.equal(await greet(ws, { authorization: 'Bearer wrong' }), 401);
  assert.equal(await greet(`${ws}/?token=${token}`, bearer), 400);
  assert.equal(await greet(ws, { ...bearer, origin: 'https://evil.example' }), 403);
  assert.equal(await greet(ws, { ...bearer, host: 'evil.example' }), 403);
  assert.match(String(await greet(ws, bearer)), /"userAgent":"spindle/);
  const page = { ...bearer, origin: http };
  assert.match(String(await greet(http.replace('http', 'ws'), page)), /"userAgent":"spindle/);
});

test('a Unix socket takes JSON Lines and WebSocket, and what is too long ends its own connection alone', async (t) => {
  const { path, ws } = await everywhere(t);
  assert.match(String(await greet(`ws+unix:${path}:/`, {})), /"userAgent":"spindle/);
  const lines = await join(t, { socket: path });
  const socket = new WebSocket(ws, { headers: bearer });
  socket.on('error', () => {});
  await once(socket, 'open');
  socket.send('x'.repeat(40 * 1024 * 1024));
  const [code] = (await once(socket, 'close')) as [number];
  assert.ok(code === 1009 || code === 1006, String(code));
  assert.deepEqual((await lines.request('thread/loaded/list', {})).data, []);
});

test('stdio is one of several, and a signal ends them all and takes the socket away', async (t) => {
  const e2e = await place(t, { answers: [] });
  const path = socketOf(e2e);
  const { child } = await serve(e2e, `unix://${path}`);
  const both = e2e.start('app-server', '--listen', 'stdio://', '--listen', 'ws://127.0.0.1:0');
  both.stdin!.write(`${JSON.stringify(hello)}\n`);
  const [line] = (await once(createInterface({ input: both.stdout! }), 'line')) as [string];
  assert.match(line, /"id":1,"result"/);
  const { child: third, addresses } = await serve(e2e, 'ws://127.0.0.1:0');
  const guest = new WebSocket(addresses[0]!, { headers: bearer });
  await once(guest, 'open');
  const dismissed = once(guest, 'close');
  for (const one of [child, both, third]) {
    one.kill('SIGTERM');
    assert.deepEqual(await once(one, 'exit'), [143, null]);
  }
  assert.ok(!existsSync(path));
  assert.equal((await dismissed)[0], 1001, 'who is connected is told that the server goes');
});

test('a signal in mid-turn interrupts it, and clients are told how it ended before the server goes', async (t) => {
  const sleeping = { parts: [{ call: 'shell', args: { command: 'sleep 60' } }] };
  const e2e = await place(t, { answers: [sleeping] });
  const child = e2e.start('app-server', '--sandbox', 'danger-full-access');
  const exit = once(child, 'exit');
  const send = (message: object) => child.stdin!.write(`${JSON.stringify(message)}\n`);
  const seen: string[] = [];
  send(hello);
  send({ id: 2, method: 'thread/start', params: {} });
  for await (const line of createInterface({ input: child.stdout! })) {
    const { id, method, result, params } = JSON.parse(line);
    if (method !== undefined) seen.push(`${method} ${params.turn?.status ?? params.item?.type}`);
    const input = [{ type: 'text', text: 'sleep' }];
    const threadId = result?.thread?.id;
    if (id === 2) send({ id: 3, method: 'turn/start', params: { threadId, input } });
    if (seen.at(-1) === 'item/started commandExecution') child.kill('SIGTERM');
  }
  assert.deepEqual(await exit, [143, null]);
  assert.ok(seen.includes('item/completed commandExecution'));
  assert.ok(seen.includes('turn/completed interrupted'));
});

test('what cannot be listened on is told, and the exit code says so', async (t) => {
  const e2e = await place(t, { answers: [] });
  const bad = await e2e.run(['app-server', '--listen', 'tcp://x']);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /expected to listen on stdio:\/\/, unix:\/\/PATH/);
  const { addresses } = await serve(e2e, 'ws://127.0.0.1:0');
  const taken = await e2e.run(['app-server', '--listen', addresses[0]!]);
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /cannot listen on/);
});

interface Page {
  readonly post: (message: object) => Promise<Record<string, unknown>>;
  readonly events: (after?: string) => Promise<IncomingMessage>;
}

/** A browser, as far as HTTP goes: it has a cookie, and then a session. */
async function browse(http: string): Promise<Page> {
  const send = (path: string, headers: Record<string, string>, body?: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const method = body === undefined ? 'GET' : 'POST';
    request(`${http}${path}`, { method, headers: { origin: http, ...headers } }, resolve)
      .on('error', reject)
      .end(body);
    return promise;
  };
  const loggedIn = await send('/session', bearer, '');
  const [cookie = ''] = (loggedIn.headers['set-cookie'] ?? [''])[0]!.split(';');
  let session = '';
  return {
    post: async (message) => {
      const headers = { cookie, ...(session === '' ? {} : { 'spindle-session': session }) };
      const response = await send('/rpc', headers, JSON.stringify(message));
      session = String(response.headers['spindle-session'] ?? session);
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
      return response.statusCode === 202 ? {} : (JSON.parse(text) as Record<string, unknown>);
    },
    events: (after) =>
      send(`/events?session=${session}`, { cookie, ...(after ? { 'last-event-id': after } : {}) }),
  };
}

interface Seen {
  readonly id: string;
  readonly message: { readonly method: string; readonly params: Record<string, unknown> };
}

/** Events as they come over the stream (HTML Living Standard, "Interpreting an event stream"). */
async function* eventsOf(response: IncomingMessage): AsyncGenerator<Seen> {
  let id = '';
  for await (const line of createInterface({ input: response })) {
    if (line.startsWith('id: ')) id = line.slice(4);
    if (line.startsWith('data: '))
      yield { id, message: JSON.parse(line.slice(6)) as Seen['message'] };
  }
}

test('a browser follows a turn over server-sent events through a disconnect, and misses and repeats nothing', async (t) => {
  const text = 'The quick brown fox jumps over the lazy dog.';
  const { e2e, http } = await everywhere(t, [{ parts: [{ text, deltas: 9 }], holdAfter: 8 }]);
  const page = await browse(http);
  await page.post(hello);
  await page.post({ method: 'initialized' });
  const started = await page.post({ id: 2, method: 'thread/start', params: {} });
  const threadId = (started['result'] as { thread: { id: string } }).thread.id;
  const first = await page.events();
  const input = [{ type: 'text', text: 'Go.' }];
  await page.post({ id: 3, method: 'turn/start', params: { threadId, input } });
  const ids: number[] = [];
  let said = '';
  let last = '';
  const take = ({ id, message: { method, params } }: Seen) => {
    ids.push(Number(id));
    last = id;
    if (method === 'item/agentMessage/delta') said += String(params['delta']);
    return method;
  };
  for await (const event of eventsOf(first)) if (take(event) === 'item/agentMessage/delta') break;
  first.destroy();
  e2e.server.release();
  const again = await page.events(last);
  for await (const event of eventsOf(again)) if (take(event) === 'turn/completed') break;
  again.destroy();
  assert.equal(said, text);
  assert.deepEqual(
    ids,
    ids.map((_, index) => ids[0]! + index),
    'one after the other',
  );
});

test('a browser that answers a question by POST lets the turn go on', async (t) => {
  const { http } = await everywhere(t, [
    { parts: [{ call: 'shell', args: { command: 'touch made' } }] },
    { text: 'Done.' },
  ]);
  const page = await browse(http);
  assert.deepEqual(Object.keys(await page.post(hello)), ['id', 'result']);
  const started = await page.post({ id: 2, method: 'thread/start', params: {} });
  const threadId = (started['result'] as { thread: { id: string } }).thread.id;
  const stream = await page.events();
  const input = [{ type: 'text', text: 'Go.' }];
  await page.post({ id: 3, method: 'turn/start', params: { threadId, input } });
  for await (const { message } of eventsOf(stream)) {
    const { method, params } = message;
    if (method === 'item/commandExecution/requestApproval')
      await page.post({ id: (message as { id?: number }).id, result: { decision: 'accept' } });
    if (method !== 'turn/completed') continue;
    assert.equal((params['turn'] as { status: string }).status, 'completed');
    break;
  }
  stream.destroy();
});
