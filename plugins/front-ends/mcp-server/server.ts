/** One connection, or one request where there are no connections: the SDK's server over what all of them share. */

import {
  fromJsonSchema,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type CallToolResult,
  type GetPromptResult,
  type ReadResourceResult,
  type Server,
} from '@modelcontextprotocol/server';

import { messageOf } from '../../../core/index.ts';
import { carry, isAsking, type Handling, type Service } from './carry.ts';
import { forward } from './changes.ts';
import { HeldCall, type CallContext } from './held-call.ts';
import { linkOf, taskLinkOf } from './link.ts';
import { serveTasks } from './tasks.ts';
import { failed, type ServedTool } from './tool.ts';

const instructions =
  'Spindle is a coding agent. `spindle` gives it a task in a folder, `spindle-reply` goes on with the thread that its result names. Long tasks report progress; what needs a yes is asked by elicitation.';

const capabilities = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  completions: {},
  logging: {},
  tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
};

/** A server to be connected to one transport. */
function makeServer(service: Service, subscribed = new Set<string>()): McpServer {
  const made = new McpServer(
    { name: 'spindle', title: 'Spindle', version: service.version },
    {
      capabilities,
      instructions,
      requestState: { verify: (state, context) => service.codec.verify(state, context) },
      inputRequired: { legacyShim: false },
    },
  );
  // What there is changes while it runs, so that its own registry is of no use.
  const { server } = made;
  serveTools(server, service);
  servePrompts(server, service);
  serveResources(server, service, subscribed);
  serveCompletions(server, service);
  serveTasks(made, service.tasks);
  return made;
}

/** A server for one connection, told of changes. `isFiltered`: the connection itself knows what its host listens for. */
export function makeConnection(service: Service, isFiltered = false): McpServer {
  const subscribed = new Set<string>();
  const made = makeServer(service, subscribed);
  forward(made.server, service.changes, (uri) => isFiltered || subscribed.has(uri));
  made.server.fallbackRequestHandler = async ({ method }) => {
    throw new ProtocolError(ProtocolErrorCode.MethodNotFound, `there is no method ${method}`);
  };
  return made;
}

/** A server for one request, which knows of the tools whose arguments stand in headers too (`x-mcp-header`). */
export async function makeForRequest(service: Service): Promise<McpServer> {
  const made = makeServer(service);
  const tools = await service.tools();
  const marked = tools.filter(({ inputSchema }) =>
    JSON.stringify(inputSchema).includes('x-mcp-header'),
  );
  for (const { name, inputSchema } of marked)
    made.registerTool(name, { inputSchema: fromJsonSchema(inputSchema as never) }, () =>
      never(name),
    ); // a JSON Schema
  return made;
}

const never = (name: string): never => {
  throw new Error(`${name} is called by our own handler`);
};

function serveTools(server: Server, service: Service): void {
  server.setRequestHandler('tools/list', async () => {
    const tools = await service.tools();
    return { tools: tools.map(({ run: _run, ...definition }) => definition) as never }; // plain data, by ServedTool
  });
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = named(await service.tools(), params.name, 'tool');
    const run = callOf(tool, params.arguments ?? {});
    if (params.task !== undefined && tool.execution !== undefined) {
      const call = start(run, { server, context });
      const linkFor = (meta: object) => taskLinkOf(context, server, { ...meta });
      // MCP's CreateTaskResult; the SDK wants some content beside it.
      return { task: service.tasks.begin(call, params.task, linkFor), content: [] };
    }
    const result = await carry(() => start(run, { server, context }), { server, service, context });
    return isAsking(result) ? result : server.projectCallToolResult(result, tool.outputSchema);
  });
}

function callOf({ run }: ServedTool, args: Record<string, unknown>) {
  return async (call: CallContext) => {
    const result = await Promise.try(run, args, call).catch((error) => failed(messageOf(error)));
    return result as unknown as CallToolResult; // in MCP's shape
  };
}

const start = <T>(
  run: (call: CallContext) => Promise<T>,
  { server, context }: Omit<Handling, 'service'>,
) => new HeldCall(run, linkOf(context, server), context.mcpReq.inputResponses);

function named<T extends { readonly name: string }>(
  all: readonly T[],
  name: string,
  what: string,
): T {
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const known = all.map((one) => one.name).join(', ');
  throw bad(`there is no ${what} ${name}; there are ${known}`);
}

const bad = (message: string) => new ProtocolError(ProtocolErrorCode.InvalidParams, message);

function servePrompts(server: Server, service: Service): void {
  server.setRequestHandler('prompts/list', async () => {
    const prompts = await service.prompts();
    return {
      prompts: prompts.map(({ get: _get, complete: _complete, ...prompt }) => prompt) as never,
    }; // plain data
  });
  server.setRequestHandler('prompts/get', async ({ params }, context) => {
    const { name, arguments: args = {} } = params;
    const prompt = named(await service.prompts(), name, 'prompt');
    const missing = prompt.arguments?.find((one) => one.required && args[one.name] === undefined);
    if (missing !== undefined) throw bad(`prompt ${name} needs the argument ${missing.name}`);
    const run = async (call: CallContext) =>
      (await prompt.get(args, call).catch(refuse)) as unknown as GetPromptResult; // in MCP's shape
    return carry(() => start(run, { server, context }), { server, service, context });
  });
}

function refuse(error: unknown): never {
  throw bad(messageOf(error));
}

function serveResources(server: Server, service: Service, subscribed: Set<string>): void {
  const all = async () => (await Promise.all(service.resources.map(({ list }) => list()))).flat();
  server.setRequestHandler('resources/list', async () => {
    return { resources: (await all()).filter(({ uri }) => uri !== undefined) as never }; // plain data
  });
  server.setRequestHandler('resources/templates/list', async () => {
    const templates = (await all()).filter(({ uriTemplate }) => uriTemplate !== undefined);
    return { resourceTemplates: templates as never }; // plain data
  });
  server.setRequestHandler('resources/read', async ({ params: { uri } }, context) => {
    const run = async (call: CallContext) => {
      for (const { read } of service.resources) {
        const found = await read(uri, call).catch(refuse);
        if (found !== undefined) return found as unknown as ReadResourceResult; // in MCP's shape
      }
      throw new ResourceNotFoundError(uri);
    };
    return carry(() => start(run, { server, context }), { server, service, context });
  });
  server.setRequestHandler('resources/subscribe', async ({ params: { uri } }) => {
    if (!(await all()).some((one) => one.uri === uri || isOf(uri, one.uriTemplate)))
      throw new ResourceNotFoundError(uri);
    subscribed.add(uri);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', async ({ params: { uri } }) => {
    subscribed.delete(uri);
    return {};
  });
}

/** Whether a template of simple variables gives this address. */
function isOf(uri: string, template?: string): boolean {
  if (template === undefined) return false;
  const parts = template.split(/\{[^}]*\}/u).map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join('[^/]+')}$`, 'u').test(uri);
}

/** As many values as MCP lets a completion have. */
const maxValues = 100;

function serveCompletions(server: Server, service: Service): void {
  server.setRequestHandler('completion/complete', async ({ params }) => {
    const { ref, argument, context } = params;
    const { name, value } = argument;
    const found: string[] = [];
    if (ref.type === 'ref/prompt') {
      const prompt = named(await service.prompts(), ref.name, 'prompt');
      found.push(...((await prompt.complete?.(name, value)) ?? []));
    } else
      for (const { complete } of service.resources)
        found.push(...((await complete?.(name, value, context?.arguments ?? {})) ?? []));
    const values = found.slice(0, maxValues);
    return { completion: { values, total: found.length, hasMore: found.length > maxValues } };
  });
}
