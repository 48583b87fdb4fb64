/** What front ends ask of the servers: how they are, what changed, and logging in. */

import {
  conflict,
  type Host,
  invalid,
  type JsonSchema,
  type RequestContext,
  type RequestHandler,
} from '../../core/index.ts';
import { type Catalog, tellTool } from './catalog.ts';
import { differencesOf } from './differences.ts';
import { beginLogin, isLoggedIn, type Pending } from './oauth.ts';
import { promptInput } from './prompt-commands.ts';
import type { McpState } from './remembered.ts';
import type { McpServer } from './server.ts';
import type { RemoteServer } from './server-config.ts';
import { clean } from './text.ts';

interface Means {
  readonly host: Host;
  readonly state: McpState;
  /** The scope that a server wants a login for, by its name. */
  readonly wanted: ReadonlyMap<string, string>;
}

const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const object = { type: 'object' } as const;
const withServer = (properties: JsonSchema = {}, required: readonly string[] = ['server']) => ({
  ...object,
  properties: { server: text, ...properties },
  required,
});

/** The parameters of them all. */
interface Params {
  readonly server?: string;
  readonly tools?: readonly string[];
  readonly redirectUrl?: string;
  readonly answer?: string;
  readonly scope?: string;
  readonly prompt?: string;
  readonly argument?: string;
  readonly ref?:
    | { readonly type: 'ref/prompt'; readonly name: string }
    | { readonly type: 'ref/resource'; readonly uri: string };
  readonly name?: string;
  readonly value?: string;
  readonly start?: boolean;
}

type Run = (params: Params, context: RequestContext) => unknown;

/** All requests, named `mcp/…`. */
export function mcpRequests(catalog: Catalog, means: Means): readonly RequestHandler[] {
  const pending = new Map<string, Pending>();
  const handler = (name: string, params: JsonSchema, run: Run): RequestHandler => ({
    name: `mcp/${name}`,
    params,
    result: object,
    run: async (given, context) => run(given ?? {}, context), // as `params` says
  });
  return [
    handler('status', withServer({ start: { type: 'boolean' } }, []), (params, { signal }) =>
      status(catalog, means, params, signal),
    ),
    handler('reload', withServer({}, []), (params, { signal }) =>
      reload(catalog, means, params, signal),
    ),
    handler('diff', withServer(), async ({ server = '' }) => ({
      tools: await differencesOf(catalog.server(server)),
    })),
    handler('accept', withServer({ tools: texts }), ({ server = '', tools }) => ({
      accepted: catalog.server(server).accept(tools),
    })),
    handler('tools', withServer(), ({ server = '' }) => toolsOf(catalog, server)),
    handler('login', withServer({ redirectUrl: text, answer: text, scope: text }), (params) =>
      login(catalog, { ...means, pending }, params),
    ),
    handler('logout', withServer(), async ({ server = '' }) => {
      const { config } = catalog.server(server);
      means.state.writeAuth(config.key, undefined);
      await catalog.server(server).stop();
      return {};
    }),
    handler('resources', withServer(), ({ server = '' }, { signal }) =>
      resources(catalog.server(server), signal),
    ),
    handler(
      'prompt',
      withServer({ prompt: text, argument: text }, ['server', 'prompt']),
      (params, { signal }) => prompt(catalog, params, signal),
    ),
    handler(
      'complete',
      withServer({ ref: object, name: text, value: text }),
      (params, { signal }) => complete(catalog, params, signal),
    ),
  ];
}

/** Every server's state. With `start` those that do not run are started first. */
async function status(
  catalog: Catalog,
  { state }: Means,
  { server, start = false }: Params,
  signal: AbortSignal,
): Promise<unknown> {
  const servers = server === undefined ? [...catalog.servers.values()] : [catalog.server(server)];
  if (start) await Promise.allSettled(servers.map((one) => one.ready(signal)));
  const direct = Map.groupBy(catalog.direct(), (tool) => tool.server);
  const told = servers.map((one) => {
    const offered = (direct.get(one) ?? []).map(({ name }) => name);
    return [one.config.name, { ...stateOf(one, state), offered }];
  });
  return { servers: Object.fromEntries(told) };
}

function stateOf(server: McpServer, state: McpState) {
  const { config, remembered, connection, startMs, why } = server;
  const isRemote = config.type !== 'stdio';
  const hasHeader =
    isRemote && Object.keys(config.headers).some((name) => name.toLowerCase() === 'authorization');
  return {
    state: server.state,
    ...(why === undefined ? {} : { why }),
    ...(startMs === undefined ? {} : { startMs }),
    type: config.type,
    from: config.from,
    tools: remembered.tools.filter(({ isGone }) => isGone !== true).length,
    changed: remembered.tools.filter(({ changed }) => changed !== undefined).length,
    resources: remembered.hasResources,
    prompts: remembered.prompts.map(({ name }) => clean(name, 100)),
    ...(isRemote ? { auth: hasHeader ? 'header' : authOf(config, state) } : {}),
    ...(remembered.title === undefined ? {} : { title: remembered.title }),
    ...(connection === undefined
      ? {}
      : { protocol: connection.client.getNegotiatedProtocolVersion() }),
    ...(server.confinement === undefined ? {} : { confined: server.confinement.level }),
  };
}

function authOf(server: RemoteServer, state: McpState): string {
  const { grant, idp } = server.oauth ?? {};
  if (idp !== undefined || grant === 'client_credentials') return 'credentials';
  return isLoggedIn(server, state) ? 'login' : 'none';
}

/** Ends servers and starts them anew. */
async function reload(
  catalog: Catalog,
  means: Means,
  params: Params,
  signal: AbortSignal,
): Promise<unknown> {
  const { server } = params;
  const servers = server === undefined ? [...catalog.servers.values()] : [catalog.server(server)];
  await Promise.all(servers.map((one) => one.stop()));
  return status(catalog, means, { ...params, start: true }, signal);
}

function toolsOf(catalog: Catalog, name: string) {
  const server = catalog.server(name);
  const offered = catalog.toolsOf(server);
  const names = new Map(offered.map((one) => [one.definition.name, one.name]));
  const simplified = offered.flatMap((one) => {
    const { changes } = tellTool(one);
    return changes.length === 0 ? [] : [{ name: one.name, without: changes }];
  });
  const tools = server.remembered.tools.map(({ definition, changed, isGone }) => ({
    name: names.get(definition.name) ?? null,
    tool: clean(definition.name, 200),
    description: clean(definition.description ?? '', 1000),
    inputSchema: definition.inputSchema,
    state:
      isGone === true
        ? 'gone'
        : changed !== undefined
          ? 'changed'
          : names.has(definition.name)
            ? 'offered'
            : 'hidden',
  }));
  return { tools, simplified, instructions: server.remembered.instructions ?? null };
}

/** Begins with `redirectUrl` and gives the address to open; ends with the `answer` that came back there. */
async function login(
  catalog: Catalog,
  { host, state, wanted, pending }: Means & { readonly pending: Map<string, Pending> },
  { server: name = '', redirectUrl, answer, scope = wanted.get(name) || undefined }: Params,
): Promise<unknown> {
  const server = catalog.server(name);
  const { config } = server;
  if (config.type === 'stdio')
    throw invalid`${name} is a program of this machine: it takes no login`;
  if (config.fault !== undefined) throw invalid`MCP server ${name} cannot be used: ${config.fault}`;
  if (answer !== undefined) {
    const begun = pending.get(name);
    if (begun === undefined)
      throw conflict`no login of ${name} is under way: begin it with redirectUrl`;
    pending.delete(name);
    await begun.finish(answer);
    await server.stop();
    return { state: 'done' };
  }
  if (redirectUrl === undefined)
    throw invalid`expected redirectUrl, where the user is sent back to`;
  const sdk = await import('@modelcontextprotocol/client');
  const begun = await beginLogin({
    server: config,
    state,
    sdk,
    redirectUrl,
    effects: host.effects,
    ...(scope === undefined ? {} : { scope }),
  });
  if (begun === undefined) return { state: 'done' };
  pending.set(name, begun);
  return { state: 'open', url: begun.url };
}

async function resources(server: McpServer, signal: AbortSignal): Promise<unknown> {
  const { client } = await server.ready(signal);
  const { resources: all } = await client.listResources(undefined, { signal });
  return {
    resources: all.slice(0, 1000).map(({ uri, name, title, description, mimeType }) => ({
      uri: clean(uri, 2000),
      name: clean(title ?? name, 200),
      ...(description === undefined ? {} : { description: clean(description, 500) }),
      ...(mimeType === undefined ? {} : { mimeType }),
    })),
  };
}

async function prompt(
  catalog: Catalog,
  { server: name = '', prompt: wanted = '', argument = '' }: Params,
  signal: AbortSignal,
) {
  const server = catalog.server(name);
  await server.ready(signal);
  const known = server.remembered.prompts.find((one) => one.name === wanted);
  if (known === undefined) throw invalid`MCP server ${name} has no prompt "${wanted}"`;
  return { input: await promptInput(server, known, argument, signal) };
}

/** What an argument of a prompt, or a part of a resource's template, may be. */
async function complete(
  catalog: Catalog,
  { server = '', ref, name = '', value = '' }: Params,
  signal: AbortSignal,
) {
  const { client } = await catalog.server(server).ready(signal);
  if (ref === undefined)
    throw invalid`expected ref: {"type": "ref/prompt", "name": …} or {"type": "ref/resource", "uri": …}`;
  if (client.getServerCapabilities()?.completions === undefined) return { values: [] };
  const { completion } = await client.complete({ ref, argument: { name, value } }, { signal });
  return { values: completion.values.slice(0, 100).map((one) => clean(one, 500)) };
}
