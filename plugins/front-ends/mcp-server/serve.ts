/** The server from its start to its end. */

import { randomBytes } from 'node:crypto';

import { createRequestStateCodec, type McpRequestContext } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

import type { Client } from '../../../core/index.ts';
import { makeToken } from '../serving/access.ts';
import type { Listener } from '../serving/listen.ts';
import type { Output } from '../terminal/output.ts';
import { shown } from '../terminal/style.ts';
import { Agent } from './agent.ts';
import { threadTools, turnTools } from './agent-tools.ts';
import type { Bounds } from './bounds.ts';
import { Changes, forward } from './changes.ts';
import { codexTools } from './codex-tools.ts';
import { HeldCalls } from './held-call.ts';
import { listen } from './http.ts';
import type { Place, ServeRequest } from './request.ts';
import { makeServer, stateSeconds, type CallState, type Service } from './server.ts';
import { LineTransport } from './stdio.ts';

/** What is served, to whom, and for how long. */
export interface Serving extends ServeRequest {
  readonly client: Client;
  readonly bounds: Bounds;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Serves until the host has gone or the signal is aborted; every turn has ended then. */
export async function serve(serving: Serving): Promise<void> {
  await using scope = new AsyncDisposableStack();
  const calls = new HeldCalls();
  scope.defer(() => calls.close());
  const service = serviceOf(serving, calls);
  const { signal, http } = serving;
  if (signal.aborted) return;
  if (http === undefined) return await serveStreams(service, serving, scope);
  await using _listener = await listenAt(http, service, serving);
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

const complain =
  ({ stderr }: Serving) =>
  (message: string) =>
    void stderr.write(`spindle mcp-server: ${shown(message)}\n`);

/** On stdin and stdout, for one host. */
async function serveStreams(
  service: Service,
  serving: Serving,
  scope: AsyncDisposableStack,
): Promise<void> {
  const { signal, stdout } = serving;
  const transport = new LineTransport(process.stdin, stdout);
  const stop = () => void transport.close();
  signal.addEventListener('abort', stop, { once: true });
  scope.defer(() => signal.removeEventListener('abort', stop));
  const log = complain(serving);
  const connect = ({ era }: McpRequestContext) => {
    const subscribed = new Set<string>();
    const server = makeServer(service, subscribed);
    // From 2026-07-28 on the entry knows what its host listens for.
    forward(server, service.changes, (uri) => era === 'modern' || subscribed.has(uri));
    return server;
  };
  const handle = serveStdio(connect, { transport, onerror: ({ message }) => log(message) });
  scope.defer(() => handle.close());
  await transport.ended;
}

/** Over HTTP, for everyone who has the token. Where it listens, and a new token, are told on stderr. */
async function listenAt(place: Place, service: Service, serving: Serving): Promise<Listener> {
  const { token, isNew } = makeToken({ SPINDLE_TOKEN: process.env['SPINDLE_MCP_TOKEN'] });
  const listener = await listen(service, { ...place, token, log: complain(serving) });
  const told = isNew ? `, token ${token} (SPINDLE_MCP_TOKEN sets one)` : '';
  await serving.stderr.write(`spindle mcp-server: listening on ${listener.address}${told}\n`);
  return listener;
}

function serviceOf({ client, bounds, version, isCodex }: Serving, calls: HeldCalls): Service {
  const agent = new Agent({ client, bounds });
  const own = [...turnTools(agent), ...threadTools(agent)];
  const tools = isCodex ? [...own, ...codexTools(agent)] : own;
  return {
    version,
    calls,
    changes: new Changes(),
    codec: createRequestStateCodec<CallState>({
      key: randomBytes(32),
      ttlSeconds: stateSeconds,
      bind: ({ mcpReq }) => mcpReq.method,
    }),
    tools: async () => tools,
  };
}
