/** The configured servers in a kernel: what they add to it, and when. */

import {
  aroundModel,
  aroundTool,
  aroundTurn,
  commands,
  type Host,
  prompts,
  requests,
  textOf,
  type Tool,
  tools,
} from '../../core/index.ts';
import { Catalog, type Few, type OfferedTool, tellTool } from './catalog.ts';
import { commandName, promptCommand } from './prompt-commands.ts';
import type { Sdk } from './connect.ts';
import type { McpOptions } from './mcp.ts';
import { memoryState } from './remembered.ts';
import { mcpRequests } from './requests.ts';
import { mentionsIn, readMentions, resourceTool } from './resources.ts';
import { runTool } from './run-tool.ts';
import { isUnknown, toolCall, toolSearch, wantedOf } from './search.ts';
import { McpServer } from './server.ts';
import type { RemoteServer } from './server-config.ts';
import { serverSource } from './server-source.ts';
import { authFor } from './oauth.ts';

/** Adds them. They end with the plugin. */
export function addServers(
  host: Host,
  { servers: configs = [], state = memoryState(), ...options }: McpOptions,
): void {
  const { roots = [], sandbox = 'workspace-write', version = '0' } = options;
  const few: Few = { tools: options.directTools ?? 20, bytes: options.directBytes ?? 8000 };
  const servers: McpServer[] = [];
  const notices: string[] = [];
  const wanted = new Map<string, string>();
  const catalog = { now: new Catalog([], few, () => false) };
  for (const config of configs) {
    const shared = {
      host,
      state,
      roots,
      version,
      mode: sandbox,
      auth: (server: RemoteServer, sdk: Sdk) => {
        const onWanted = (scope: string) => wanted.set(server.name, scope);
        return authFor(server, sdk, { state, effects: host.effects, onWanted });
      },
      onChanged: () => offer(),
      notice: (message: string) => {
        host.log(message);
        notices.push(message);
      },
    };
    servers.push(new McpServer(config, shared));
  }
  // At once: one after the other, those that are slow to go would outlast what a stop may take.
  host.scope.defer(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  });
  const others = new Set(host.get(tools).keys());
  catalog.now = new Catalog(servers, few, (name) => others.has(name));
  for (const request of mcpRequests(catalog.now, { host, state, wanted }))
    host.add(requests, request);
  const offer = offering(host, catalog.now);
  offer();
  addFixed(host, catalog.now, notices);
}

/** Adds tools and commands as they become known. What was added stays, so that no running thread loses it. */
function offering(host: Host, catalog: Catalog): () => void {
  const added = new Set<string>();
  return () => {
    for (const tool of catalog.direct()) {
      if (added.has(tool.name)) continue;
      added.add(tool.name);
      host.add(tools, asTool(tool, host));
    }
    for (const server of catalog.servers.values()) {
      if (server.config.fault !== undefined) continue;
      for (const prompt of server.remembered.prompts) {
        const name = `/${commandName(server.config.name, prompt.name)}`;
        if (added.has(name)) continue;
        added.add(name);
        host.add(commands, promptCommand(server, prompt));
      }
    }
  };
}

function asTool(offered: OfferedTool, host: Host): Tool {
  const { description, inputSchema, changes } = tellTool(offered);
  const { annotations } = offered.definition;
  if (changes.length > 0)
    host.log(
      `the schema of ${offered.name} was made simpler for providers, without ${changes.join(', ')}`,
    );
  return {
    name: offered.name,
    description,
    inputSchema,
    ...(annotations === undefined ? {} : { annotations }),
    run: (args, context) => runTool(offered, args, context),
  };
}

/** What is there whatever the servers turn out to offer. */
function addFixed(host: Host, catalog: Catalog, notices: string[]): void {
  host.add(tools, toolSearch(catalog));
  host.add(tools, toolCall(catalog));
  host.add(tools, resourceTool(catalog));
  host.add(prompts, serverSource(catalog, notices));
  // Other wrappers see the call under the tool's own name.
  host.add(
    aroundTool,
    async (call, { signal }, next) => {
      if (call.name !== 'tool_call') return next(call);
      const { name, args } = wantedOf(call.args);
      const found = await catalog.find(name, signal);
      return next({ ...call, name: found.name, args });
    },
    'first',
  );
  host.add(aroundTurn, async (turn, next) => {
    const text = textOf(turn.input);
    if (mentionsIn(text, catalog).length === 0) return next();
    return next(await readMentions(text, catalog, turn));
  });
  host.add(aroundModel, async function* (request, context, next) {
    let isFirst = true;
    for await (const event of next(request, context)) {
      if (isFirst) startUnknown(catalog);
      isFirst = false;
      yield event;
    }
  });
}

/** The first request has left: servers that have never told what they offer are started now. */
function startUnknown(catalog: Catalog): void {
  for (const server of catalog.servers.values())
    if (server.state === 'configured' && isUnknown(server)) void server.ready().catch(() => {});
}
