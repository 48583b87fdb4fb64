import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { z } from 'zod';
import * as fc from 'fast-check';
import { KernelError } from '../../../../core/index.ts';
import { RpcError, type Session } from '../../../../plugins/front-ends/app-server/session.ts';
import { maxMessageBytes } from '../../../../plugins/front-ends/app-server/transport.ts';
import { HttpSessions } from '../../../../plugins/front-ends/app-server/transports/http.ts';
import { method, startServer, type Said } from './peer.ts';

const echo = method((params) => params);
const codeOf = ({ error }: Said) => error?.code;

test('before initialize everything is refused, and a second initialize too', async (t) => {
  const peer = (await startServer(t, { methods: { echo } })).connect();
  assert.equal(codeOf(await peer.ask(0, 'echo')), -32600);
  assert.equal(codeOf(await peer.ask(1, 'initialize')), -32602);
  await peer.hello();
  assert.deepEqual((await peer.ask(2, 'echo', { a: 1 })).result, { a: 1 });
  const again = await peer.ask(3, 'initialize', { clientInfo: { name: 'x' } });
  assert.equal(codeOf(again), -32600);
});

test('a fault of initialize is told with its path', async (t) => {
  const peer = (await startServer(t, { methods: {} })).connect();
  const faults = [
    [{ clientInfo: { name: 1 } }, 'clientInfo.name'],
    [{ clientInfo: { name: 'x', version: [] } }, 'clientInfo.version'],
    [
      { clientInfo: { name: 'x' }, capabilities: { experimentalApi: 1 } },
      'capabilities.experimentalApi',
    ],
    [
      { clientInfo: { name: 'x' }, capabilities: { optOutNotificationMethods: ['a', 1] } },
      'capabilities.optOutNotificationMethods[1]',
    ],
    [
      { clientInfo: { name: 'x' }, capabilities: { deltaIntervalMs: -1 } },
      'capabilities.deltaIntervalMs',
    ],
  ] as const;
  for (const [id, [params, path]] of faults.entries()) {
    const { error } = await peer.ask(id, 'initialize', params);
    assert.deepEqual([error?.code, error?.data], [-32602, { path }]);
  }
  const nulls = { clientInfo: { name: 'x', title: null }, capabilities: null };
  assert.notEqual((await peer.ask(9, 'initialize', nulls)).result, undefined);
});

test('an unknown method, bad parameters and what a method throws have the right codes', async (t) => {
  const methods = {
    strict: method(() => ({}), z.object({ list: z.array(z.object({ text: z.string() })) })),
    kernel: method(() => {
      throw new KernelError('not_found', 'no such thread');
    }),
    broken: method(() => {
      throw new TypeError('x is undefined');
    }),
    own: method(() => {
      throw new RpcError(-32050, 'mine', { a: 1 });
    }),
  };
  const { connect, logged } = await startServer(t, { methods });
  const peer = await connect().hello();
  assert.equal(codeOf(await peer.ask(1, 'toString')), -32601);
  const bad = await peer.ask(2, 'strict', { list: [{ text: 'a' }, { text: 5 }] });
  assert.equal(bad.error?.code, -32602);
  assert.equal((bad.error.data as { path: string }).path, 'list[1].text');
  assert.equal(codeOf(await peer.ask(3, 'strict')), -32602);
  const kernel = await peer.ask(4, 'kernel');
  assert.deepEqual([kernel.error?.code, kernel.error?.data], [-32600, { code: 'not_found' }]);
  assert.equal(codeOf(await peer.ask(5, 'broken')), -32603);
  assert.deepEqual(logged, ['broken: x is undefined']);
  assert.deepEqual((await peer.ask(6, 'own')).error, {
    code: -32050,
    message: 'mine',
    data: { a: 1 },
  });
});

test('what is no request is answered with the right error, and the connection lives on', async (t) => {
  const peer = await (await startServer(t, { methods: { echo } })).connect().hello();
  const bad = [
    ['{', -32700, null],
    ['"x"', -32600, null],
    ['null', -32600, null],
    ['[]', -32600, null],
    ['[{"id":1,"method":"echo"}]', -32600, null],
    ['{"id":1}', -32600, 1],
    ['{"id":1,"method":5}', -32600, 1],
    ['{"id":1.5,"method":"echo"}', -32600, null],
    ['{"id":null,"method":"echo"}', -32600, null],
    ['{"id":{},"method":"echo"}', -32600, null],
    ['{"id":"a","method":"echo","params":[1]}', -32602, 'a'],
    ['{"id":"a","method":"echo","params":"x"}', -32602, 'a'],
    ['{"id":77,"result":{}}', -32600, null],
    ['{"id":"77","error":{}}', -32600, null],
  ] as const;
  for (const [line, code, id] of bad) {
    peer.send(line);
    const said = await peer.next();
    assert.deepEqual([codeOf(said), said.id], [code, id], line);
  }
  peer.send({ method: 'a/notification/nobody/knows' }, '', '   ');
  assert.deepEqual((await peer.ask(1, 'echo', { a: 1 })).result, { a: 1 });
});

test('whatever is said, one line gets at most one answer and nothing breaks', async (t) => {
  const { connect, logged } = await startServer(t, { methods: { echo } });
  const peer = await connect().hello();
  const key = fc.constantFrom('id', 'method', 'params', 'result', 'error', 'jsonrpc');
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('echo', 'initialize', 0, 1));
  const line = fc.oneof(
    fc.dictionary(key, value).map((one) => JSON.stringify(one)),
    fc.json(),
    fc.string().map((text) => text.replaceAll(/[\r\n]/g, ' ')),
  );
  let id = 0;
  const holds = fc.asyncProperty(line, async (text) => {
    const last = `end-${id++}`;
    peer.send(text, { id: last, method: 'echo' });
    const answers: Said[] = [];
    do answers.push(await peer.next());
    while (answers.at(-1)?.id !== last);
    assert.ok(answers.length <= 2, JSON.stringify(answers));
  });
  await fc.assert(holds, { numRuns: 300 });
  assert.deepEqual(logged, []);
});

test('a line that is too long is refused, is not kept, and the next one is answered', async (t) => {
  const peer = await (await startServer(t, { methods: { echo } })).connect().hello();
  const piece = 'x'.repeat(1024 * 1024);
  for (let sent = 0; sent <= maxMessageBytes; sent += piece.length) {
    if (!peer.input.write(piece)) await new Promise((resolve) => peer.input.once('drain', resolve));
  }
  peer.send('');
  assert.equal(codeOf(await peer.next()), -32600);
  assert.deepEqual((await peer.ask(1, 'echo', { a: 1 })).result, { a: 1 });
});

test('an answer that is too long for the way is refused, and the client stays', async (t) => {
  const long = method(() => 'x'.repeat(70 * 1024 * 1024));
  const { connect } = await startServer(t, { methods: { long, echo } });
  const peer = await connect().hello();
  const answer = await peer.ask(1, 'long');
  assert.deepEqual(
    [codeOf(answer), /ask for less/.test(answer.error?.message ?? '')],
    [-32600, true],
  );
  assert.deepEqual((await peer.ask(2, 'echo', { a: 1 })).result, { a: 1 });
});

test('an id that is in use is refused, and free again after its answer', async (t) => {
  const gate = Promise.withResolvers<void>();
  const wait = method(() => gate.promise);
  const peer = await (await startServer(t, { methods: { wait, echo } })).connect().hello();
  peer.send({ id: 1, method: 'wait' }, { id: 1, method: 'echo' }, { id: '1', method: 'echo' });
  assert.deepEqual([codeOf(await peer.next()), (await peer.next()).id], [-32600, '1']);
  gate.resolve();
  assert.deepEqual(await peer.next(), { id: 1, result: {} });
  assert.deepEqual((await peer.ask(1, 'echo')).result, {});
});

test('too many requests at once answer -32001, and there is room again after one', async (t) => {
  const gate = Promise.withResolvers<void>();
  const wait = method(() => gate.promise);
  const peer = await (await startServer(t, { methods: { wait, echo } })).connect().hello();
  for (let id = 0; id < 300; id++) peer.send({ id, method: 'wait' });
  const refused = await peer.next();
  assert.deepEqual([refused.id, codeOf(refused)], [256, -32001]);
  gate.resolve();
  await peer.find(({ id }) => id === 255);
  assert.deepEqual((await peer.ask('after', 'echo')).result, {});
});

test('a client that writes the jsonrpc member gets it, another does not', async (t) => {
  const { connect } = await startServer(t, { methods: { echo } });
  const [one, other] = [connect(), connect()];
  const hello = { id: 1, method: 'initialize', params: { clientInfo: { name: 'x' } } };
  one.send({ jsonrpc: '2.0', ...hello });
  other.send(hello);
  assert.equal(((await one.next()) as { jsonrpc?: string }).jsonrpc, '2.0');
  assert.ok(!('jsonrpc' in (await other.next())));
});

test('notifications are stamped, and those that a client muted are not sent', async (t) => {
  const { server, connect } = await startServer(t, { methods: { echo } });
  const peer = await connect().hello({ optOutNotificationMethods: ['a/muted'] });
  server.broadcast('a/muted', {});
  server.broadcast('a/heard', { n: 1 });
  const { emittedAtMs, ...rest } = await peer.next();
  assert.deepEqual(rest, { method: 'a/heard', params: { n: 1 } });
  assert.equal(typeof emittedAtMs, 'number');
});

test('what must come after the answer does, and not when there is none', async (t) => {
  const start = method(({ fails }: Record<string, unknown>, session, call) => {
    call.after(() => session.notify('started', {}));
    if (fails === true) throw new RpcError('invalidRequest', 'no');
    return { ok: true };
  });
  const peer = await (await startServer(t, { methods: { start, echo } })).connect().hello();
  peer.send({ id: 1, method: 'start' }, { id: 2, method: 'start', params: { fails: true } });
  const said = [await peer.next(), await peer.next(), await peer.next()];
  const kinds = said.map(({ id, method: name }) => name ?? id);
  assert.deepEqual(new Set(kinds), new Set([1, 2, 'started']));
  assert.ok(
    said.findIndex(({ id }) => id === 1) < said.findIndex(({ method: name }) => name === 'started'),
  );
  assert.deepEqual(await peer.ask(3, 'echo'), { id: 3, result: {} });
});

test('a client that has said all still gets its answers', async (t) => {
  const { connect } = await startServer(t, { methods: { echo } });
  const peer = connect();
  peer.send({ id: 1, method: 'initialize', params: { clientInfo: { name: 'x' } } });
  peer.send({ id: 2, method: 'echo', params: { a: 1 } });
  const left = peer.leave();
  assert.deepEqual((await peer.find(({ id }) => id === 2)).result, { a: 1 });
  await left;
});

/** Methods that ask the client. */
function asking() {
  const controller = new AbortController();
  const asked: Promise<unknown>[] = [];
  const ask = method((_params, session: Session, call) => {
    const { signal } = controller;
    call.after(() => asked.push(session.ask('may/I', { n: 1 }, { signal }).catch(String)));
  });
  return { controller, asked, methods: { ask, echo } };
}

test('a question is answered once: what comes later, or was never asked, changes nothing and is an error', async (t) => {
  const { asked, methods } = asking();
  const peer = await (await startServer(t, { methods })).connect().hello();
  await peer.ask(1, 'ask');
  assert.deepEqual(await peer.next(), { method: 'may/I', id: 0, params: { n: 1 } });
  peer.send(
    { id: 0, result: { yes: true } },
    { id: 0, result: { yes: false } },
    { id: 5, result: 1 },
  );
  const told = [await peer.next(), await peer.next()];
  assert.deepEqual(told.map(codeOf), [-32600, -32600]);
  assert.deepEqual(
    told.map(({ error }) => error?.message),
    ['question 0 was answered before', 'no question 5 was asked'],
  );
  assert.deepEqual(await asked[0], { yes: true });
  assert.deepEqual((await peer.ask(2, 'echo')).result, {});
});

test('a question ends with the error of the client, with the one who withdraws it, and with the client', async (t) => {
  const { asked, controller, methods } = asking();
  const { connect } = await startServer(t, { methods });
  const peer = await connect().hello();
  await peer.ask(1, 'ask');
  peer.send({ id: 0, error: { code: 5, message: 'I will not' } });
  await peer.ask(2, 'ask');
  await peer.ask(3, 'echo');
  assert.equal(await asked[0], 'RpcError: I will not');
  await peer.leave();
  assert.match(String(await asked[1]), /the client left before it answered/);
  const other = await connect().hello();
  await other.ask(1, 'ask');
  controller.abort(new Error('answered elsewhere'));
  assert.equal(await asked[2], 'Error: answered elsewhere');
  other.send({ id: 0, result: 'late' });
  assert.deepEqual(await other.ask(2, 'echo'), { id: 2, result: {} });
});

test('a client too many is let go, over streams and over HTTP', async (t) => {
  const { server, connect } = await startServer(t, { methods: {} });
  const sessions = new HttpSessions((transport) => void server.serve(transport));
  const http = createServer((request, response) => void sessions.answer(request, response));
  t.after(() => http.close());
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo; // it listens on a port
  const post = async () => {
    const body = JSON.stringify({
      id: 1,
      method: 'initialize',
      params: { clientInfo: { name: 'a' } },
    });
    return (await fetch(`http://127.0.0.1:${port}/rpc`, { method: 'POST', body })).status;
  };
  const peers = Array.from({ length: 999 }, connect);
  assert.equal(await post(), 200);
  const late = connect();
  await late.served;
  await assert.rejects(late.next(), /has closed the connection/);
  assert.equal(await post(), 503);
  await peers[0]?.leave();
  assert.equal(await post(), 200);
});
