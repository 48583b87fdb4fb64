/** The client library against a server that does what no good one would. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import {
  connect,
  ConnectionLost,
  type ConnectOptions,
} from '../../../plugins/front-ends/client.ts';

interface Asked {
  readonly id?: number;
  readonly method: string;
  /** Writes a message. */
  readonly tell: (message: object) => void;
  readonly socket: Socket;
}

const turn = { id: 'u', items: [], status: 'inProgress' };

/** The answers of a server on a socket, to what it is asked, by method; others answer `{}`. */
async function served(t: TestContext, answers: Record<string, (asked: Asked) => object>) {
  const folder = mkdtempSync(join(tmpdir(), 'spindle-client-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 's.sock');
  const server = createServer((socket) => {
    const tell = (message: object) => void socket.write(`${JSON.stringify(message)}\n`);
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => {
      const { id, method } = JSON.parse(line) as Asked; // the client's
      const answer = answers[method]?.({ id, method, tell, socket }) ?? { result: {} };
      if (id !== undefined) tell({ id, ...answer });
    });
  });
  t.after(() => server.close());
  server.listen(path);
  await once(server, 'listening');
  const options = { to: { socket: path }, info: { name: 'test' }, reconnectForMs: 0 };
  return { server, options: options satisfies ConnectOptions };
}

async function all<T>(events: AsyncIterable<T>): Promise<void> {
  for await (const _ of events);
}

test('a turn whose server is gone for good ends with an error, and the client is closed once', async (t) => {
  const { options } = await served(t, {
    'turn/start': ({ socket }) => {
      setImmediate(() => socket.destroy());
      return { result: { turn } };
    },
  });
  const states: string[] = [];
  await using client = await connect({ ...options, onState: (state) => states.push(state) });
  await assert.rejects(all(client.turn({ threadId: 't', input: 'go' })), ConnectionLost);
  await client[Symbol.asyncDispose]();
  assert.equal(states.filter((state) => state === 'closed').length, 1);
});

test('a turn whose thread is gone when the server is back ends', async (t) => {
  const { options } = await served(t, {
    'thread/start': () => ({ result: { thread: { id: 't' } } }),
    'thread/resume': () => ({ error: { code: -32600, message: 'there is no such thread' } }),
    'turn/start': ({ socket }) => {
      setImmediate(() => socket.destroy());
      return { result: { turn } };
    },
  });
  await using client = await connect({ ...options, reconnectForMs: 5000 });
  await client.request('thread/start', {});
  await all(client.turn({ threadId: 't', input: 'go' }));
});

test('a request after one that was lost waits for the connection that is made anew', async (t) => {
  let asked = 0;
  const { options } = await served(t, {
    'thread/list': ({ socket }) => {
      if (asked++ === 0) socket.destroy();
      return { result: { data: [] } };
    },
  });
  await using client = await connect({ ...options, reconnectForMs: 5000 });
  await assert.rejects(client.request('thread/list', {}), ConnectionLost);
  assert.deepEqual(await client.request('thread/list', {}), { data: [] });
});

test('a server that refuses the handshake is let go', async (t) => {
  const { server, options } = await served(t, {
    initialize: () => ({ error: { code: -32602, message: 'not you' } }),
  });
  const left = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close'));
  await assert.rejects(connect(options), /not you/);
  await left;
});

test('a listener that throws is warned of, and the others and the connection live on', async (t) => {
  const { options } = await served(t, {
    'thread/list': ({ tell }) => {
      tell({ method: 'thread/archived', params: { threadId: 't' } });
      return { result: { data: [] } };
    },
  });
  await using client = await connect(options);
  client.on('thread/archived', () => {
    throw new Error('a listener of the test');
  });
  const heard: string[] = [];
  client.on('thread/archived', ({ threadId }) => heard.push(threadId));
  const warned = once(process, 'warning');
  await client.request('thread/list', {});
  assert.match(String((await warned)[0]), /a listener of the test/);
  assert.deepEqual(heard, ['t']);
  await client.request('thread/list', {});
});
