/** The server from its start to its end. */

import { randomBytes } from 'node:crypto';

import { createRequestStateCodec } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

import type { Client } from '../../../core/index.ts';
import type { Output } from '../terminal/output.ts';
import { shown } from '../terminal/style.ts';
import { Agent } from './agent.ts';
import { threadTools, turnTools } from './agent-tools.ts';
import type { Bounds } from './bounds.ts';
import { codexTools } from './codex-tools.ts';
import { HeldCalls } from './held-call.ts';
import type { ServeRequest } from './request.ts';
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
  const transport = new LineTransport(process.stdin, serving.stdout);
  const stop = () => void transport.close();
  serving.signal.addEventListener('abort', stop, { once: true });
  scope.defer(() => serving.signal.removeEventListener('abort', stop));
  if (serving.signal.aborted) return;
  const handle = serveStdio(() => makeServer(service), {
    transport,
    onerror: ({ message }) => void serving.stderr.write(`spindle mcp-server: ${shown(message)}\n`),
  });
  scope.defer(() => handle.close());
  await transport.ended;
}

function serviceOf({ client, bounds, version, isCodex }: Serving, calls: HeldCalls): Service {
  const agent = new Agent({ client, bounds });
  const own = [...turnTools(agent), ...threadTools(agent)];
  const tools = isCodex ? [...own, ...codexTools(agent)] : own;
  return {
    version,
    calls,
    codec: createRequestStateCodec<CallState>({
      key: randomBytes(32),
      ttlSeconds: stateSeconds,
      bind: ({ mcpReq }) => mcpReq.method,
    }),
    tools: async () => tools,
  };
}
