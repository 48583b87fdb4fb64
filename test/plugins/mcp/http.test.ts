import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { McpServer as OldMcpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

import type { RemoteServer } from '../../../plugins/mcp/server-config.ts';
import { makeCertificates } from '../../fixtures/certificates.ts';
import { startProxy } from '../../fixtures/proxy.ts';
import { textOfResult } from '../../contracts/tool-thread.ts';
import { openMcpThread, remote } from './mcp-thread.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** A server on this machine; gives its address. */
async function serve(t: TestContext, handle: Handle): Promise<string> {
  const server: Server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks = await Array.fromAsync<Buffer>(request);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}

function oldServer(): OldMcpServer {
  const server = new OldMcpServer({ name: 'old', version: '1' });
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => ({
    content: [{ type: 'text', text: `old ${text}` }],
  }));
  return server;
}

test('the older SDK line is a server over Streamable HTTP, with its headers and no other', async (t) => {
  const seen: IncomingMessage['headers'][] = [];
  const url = await serve(t, async (request, response) => {
    seen.push(request.headers);
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    await oldServer().connect(transport);
    await transport.handleRequest(request, response, await bodyOf(request));
  });
  const thread = await openMcpThread(t, [
    remote('old', `${url}/mcp`, { headers: { 'x-team': 'blue' } }),
  ]);
  const result = await thread.call('tool_call', { name: 'old__echo', arguments: { text: 'hi' } });
  assert.match(textOfResult(result), /old hi/);
  assert.ok(seen.length > 2 && seen.every((headers) => headers['x-team'] === 'blue'));
  const [decided] = (await thread.items()).filter((item) => item.type === 'decision');
  assert.equal(decided?.effect['confined'], false, 'a server elsewhere is never inside');
});

test('a server that knows only SSE is reached by that', async (t) => {
  let transport: SSEServerTransport | undefined;
  const url = await serve(t, async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    if (request.method === 'GET' && pathname === '/sse') {
      transport = new SSEServerTransport('/messages', response);
      const server = oldServer();
      await server.connect(transport);
      return;
    }
    if (request.method === 'POST' && pathname === '/messages') {
      await transport?.handlePostMessage(request, response, await bodyOf(request));
      return;
    }
    response.writeHead(405).end();
  });
  const thread = await openMcpThread(t, [remote('old', `${url}/sse`)]);
  const result = await thread.call('tool_call', { name: 'old__echo', arguments: { text: 'x' } });
  assert.match(textOfResult(result), /old x/);
});

/** A server of 2026; its tool `hang` never answers. */
function serveNew(t: TestContext): Promise<string> {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'new', version: '1' });
    server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
      content: [{ type: 'text', text: `new ${text}` }],
    }));
    server.registerTool('hang', {}, () => Promise.withResolvers<never>().promise);
    return server;
  });
  return serve(t, async (request, response) => {
    const body = await bodyOf(request);
    const answer = await handler.fetch(
      new Request(`http://127.0.0.1${request.url}`, {
        method: request.method ?? 'GET',
        headers: Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    for await (const chunk of answer.body ?? []) response.write(chunk);
    response.end();
  });
}

test('a server of 2026 that is late with one call answers when it is asked whether it lives, and goes on', async (t) => {
  const thread = await openMcpThread(t, [remote('new', await serveNew(t), { timeout: 200 })]);
  const late = await thread.call('tool_call', { name: 'new__hang' });
  assert.match(textOfResult(late), /took longer than its limit of 200 ms and was cancelled/);
  const status = await thread.client.call('mcp/status', {});
  assert.partialDeepStrictEqual(status, { servers: { new: { state: 'ready' } } });
});

test('a server of 2026 is spoken to in that version', async (t) => {
  const thread = await openMcpThread(t, [remote('new', await serveNew(t))]);
  const result = await thread.call('tool_call', { name: 'new__echo', arguments: { text: 'x' } });
  assert.match(textOfResult(result), /new x/);
  const status = await thread.client.call('mcp/status', {});
  assert.partialDeepStrictEqual(status, { servers: { new: { protocol: '2026-07-28' } } });
});

test('a server that has forgotten the connection is connected to anew, once', async (t) => {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const url = await serve(t, async (request, response) => {
    const id = String(request.headers['mcp-session-id'] ?? '');
    const body = await bodyOf(request);
    const known = sessions.get(id);
    if (id !== '' && known === undefined) {
      response.writeHead(404).end();
      return;
    }
    const transport =
      known ??
      new StreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (made) => void sessions.set(made, transport),
      });
    if (known === undefined) await oldServer().connect(transport);
    await transport.handleRequest(request, response, body);
  });
  const thread = await openMcpThread(t, [remote('old', url)]);
  const call = () => thread.call('tool_call', { name: 'old__echo', arguments: { text: 'x' } });
  assert.match(textOfResult(await call()), /old x/);
  sessions.clear();
  assert.match(textOfResult(await call()), /old x/);
});

test('a server with a certificate of its own authority is reached with that, through a proxy that is named', async (t) => {
  await using certificates = await makeCertificates();
  await using proxy = await startProxy();
  const listener = createTlsServer(certificates, (request, response) => {
    void (async () => {
      const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
      await oldServer().connect(transport);
      await transport.handleRequest(request, response, await bodyOf(request));
    })();
  });
  await new Promise<void>((done) => void listener.listen(0, '127.0.0.1', done));
  t.after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  const url = `https://localhost:${(listener.address() as AddressInfo).port}/mcp`;
  const { ca } = certificates;
  const call = async (server: RemoteServer) => {
    const thread = await openMcpThread(t, [server]);
    const args = { name: 'old__echo', arguments: { text: 'x' } };
    return textOfResult(await thread.call('tool_call', args));
  };
  assert.match(await call(remote('old', url)), /did not start: .*certificate/i);
  assert.match(await call(remote('old', url, { ca, proxy: proxy.url })), /old x/);
  assert.ok(proxy.connects.length > 0);
});

test('a redirect to another origin is not followed, and nobody there hears of the headers', async (t) => {
  let heard = 0;
  const other = await serve(t, (_request, response) => {
    heard++;
    response.end();
  });
  const url = await serve(t, (_request, response) => {
    response.writeHead(307, { location: `${other}/mcp` }).end();
  });
  const thread = await openMcpThread(t, [
    remote('moved', url, { headers: { authorization: 'Bearer canary' } }),
  ]);
  const found = await thread.call('tool_search', { server: 'moved' });
  assert.match(textOfResult(found), /did not start: (?:HTTP 307: )?Redirect to .*not followed/);
  assert.equal(heard, 0);
});

test('a call that a server elsewhere answers with an error of HTTP says which, and the next call works', async (t) => {
  let isBroken = false;
  const url = await serve(t, async (request, response) => {
    if (isBroken) {
      response.writeHead(500).end('<b>out of order</b>');
      return;
    }
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    await oldServer().connect(transport);
    await transport.handleRequest(request, response, await bodyOf(request));
  });
  const thread = await openMcpThread(t, [remote('old', url)]);
  const call = () => thread.call('tool_call', { name: 'old__echo', arguments: { text: 'x' } });
  assert.match(textOfResult(await call()), /old x/);
  isBroken = true;
  assert.equal(textOfResult(await call()), 'HTTP 500: <b>out of order</b>');
  isBroken = false;
  assert.match(textOfResult(await call()), /old x/);
});

test('server-everything over HTTP: progress is shown', async (t) => {
  const url = await everything(t);
  const thread = await openMcpThread(t, [remote('everything', url)]);
  const shown: string[] = [];
  const args = {
    name: 'everything__trigger-long-running-operation',
    arguments: { duration: 0.4, steps: 4 },
  };
  const [result] = await thread.watch([{ name: 'tool_call', args }], (event) => {
    if (event.type === 'item/delta' && event.kind === 'output') shown.push(event.text);
  });
  assert.match(textOfResult(result!), /Long running operation completed/);
  assert.match(shown.join(''), /\(4\/4\)/);
});

/** Starts server-everything on a free port. */
async function everything(t: TestContext): Promise<string> {
  const port = await freePort();
  const file = join(
    import.meta.dirname,
    '../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js',
  );
  const child: ChildProcess = spawn(process.execPath, [file, 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  for await (const chunk of child.stderr ?? []) if (/listening/i.test(String(chunk))) break;
  return `http://127.0.0.1:${port}/mcp`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
