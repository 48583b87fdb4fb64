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
import { Changes } from './changes.ts';
import { stateSeconds, type CallState, type Service } from './carry.ts';
import { codexTools } from './codex-tools.ts';
import { CallThreads, directTools } from './direct-tools.ts';
import { type CallContext, HeldCalls } from './held-call.ts';
import { listen } from './http.ts';
import type { Place, ServeRequest } from './request.ts';
import { ownPrompts } from './own-prompts.ts';
import { PluginOffers } from './plugin-offers.ts';
import { makeConnection } from './server.ts';
import { LineTransport } from './stdio.ts';
import { threadResources, watchThreads } from './thread-resources.ts';
import { Tasks } from './tasks.ts';
import type { ServedTool } from './tool.ts';

/** What is served, to whom, and for how long. */
export interface Serving extends ServeRequest {
  readonly client: Client;
  readonly bounds: Bounds;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly stdout: Output;
  readonly stderr: Output;
}

interface Shared {
  readonly agent: Agent;
  readonly calls: HeldCalls;
  readonly changes: Changes;
  readonly offers: PluginOffers;
}

/** Serves until the host has gone or the signal is aborted; every turn has ended then. */
export async function serve(serving: Serving): Promise<void> {
  await using scope = new AsyncDisposableStack();
  const calls = new HeldCalls();
  scope.defer(() => calls.close());
  const changes = new Changes();
  const offers = new PluginOffers(serving.client);
  const agent = new Agent(serving);
  scope.use(watchThreads(agent, changes));
  const service = serviceOf(serving, { agent, calls, changes, offers });
  const { signal, http } = serving;
  if (signal.aborted) return;
  const ended = new AbortController();
  scope.defer(() => ended.abort());
  offers.watch(changes, ended.signal).catch(({ message }: Error) => complain(serving)(message));
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
  // From 2026-07-28 on the entry knows what its host listens for.
  const connect = ({ era }: McpRequestContext) => makeConnection(service, era === 'modern');
  const handle = serveStdio(connect, { transport, onerror: ({ message }) => log(message) });
  scope.defer(() => handle.close());
  await transport.ended;
}

/** Over HTTP, for everyone who has the token. Where it listens, and a new token, are told on stderr. */
async function listenAt(place: Place, service: Service, serving: Serving): Promise<Listener> {
  const { token, isNew } = makeToken({ SPINDLE_TOKEN: process.env['SPINDLE_MCP_TOKEN'] });
  const listener = await listen(service, { ...place, token, log: complain(serving) });
  // Nothing follows the address on its line: hosts read it from there.
  const made = isNew ? [`token ${token} (SPINDLE_MCP_TOKEN sets one)`] : [];
  const lines = [...made, `listening on ${listener.address}`];
  await serving.stderr.write(lines.map((one) => `spindle mcp-server: ${one}\n`).join(''));
  return listener;
}

function serviceOf(
  { version, isCodex, isExposed }: Serving,
  { agent, calls, changes, offers }: Shared,
): Service {
  const own = [...turnTools(agent), ...threadTools(agent), ...(isCodex ? codexTools(agent) : [])];
  const threads = new CallThreads(agent);
  const tools = async () => {
    const exposed = isExposed ? await directTools(agent, threads) : [];
    return unique([...own, ...(await offers.tools()), ...exposed]);
  };
  return {
    version,
    calls,
    tasks: new Tasks(calls),
    changes,
    codec: createRequestStateCodec<CallState>({
      key: randomBytes(32),
      ttlSeconds: stateSeconds,
      bind: ({ mcpReq }) => mcpReq.method,
    }),
    tools,
    prompts: async () => [...(await ownPrompts(agent, alone)), ...(await offers.prompts())],
    resources: [threadResources(agent, alone), offers.resources],
  };
}

/** What no call carries: no host is asked. */
const alone: CallContext = {
  signal: new AbortController().signal,
  abilities: () => ({}),
  ask: async () => ({}),
  progress: async () => {},
  log: async () => {},
};

/** The first of each name. */
const unique = (tools: readonly ServedTool[]) =>
  tools.filter(({ name }, at) => tools.findIndex((other) => other.name === name) === at);
