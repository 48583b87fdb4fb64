/** One connection, or one request where there are no connections: the SDK's server over what all of them share. */

import {
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type CallToolResult,
  type InputRequiredResult,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';

import { messageOf } from '../../../core/index.ts';
import type { Changes } from './changes.ts';
import { HeldCall, type HeldCalls, type InputRequests } from './held-call.ts';
import { linkOf } from './link.ts';
import { failed, type ServedTool } from './tool.ts';

/** What the host sends back with what it was asked for. */
export interface CallState {
  readonly call: string;
  readonly round: number;
}

/** What every connection is served from. */
export interface Service {
  readonly version: string;
  readonly tools: () => Promise<readonly ServedTool[]>;
  readonly calls: HeldCalls;
  readonly changes: Changes;
  readonly codec: RequestStateCodec<CallState>;
}

/** How long a state that the host holds is good for: longer than a call waits for it. */
export const stateSeconds = 900;

const instructions =
  'Spindle is a coding agent. `spindle` gives it a task in a folder, `spindle-reply` goes on with the thread that its result names. Long tasks report progress; what needs a yes is asked by elicitation.';

/** A server to be connected to one transport. `subscribed` keeps the resources that its host wants to be told of. */
export function makeServer(service: Service, _subscribed?: Set<string>): Server {
  const server = new Server(
    { name: 'spindle', title: 'Spindle', version: service.version },
    {
      capabilities: { tools: { listChanged: true }, logging: {} },
      instructions,
      requestState: { verify: (state, context) => service.codec.verify(state, context) },
      inputRequired: { legacyShim: false },
    },
  );
  server.fallbackRequestHandler = async ({ method }) => {
    throw new ProtocolError(ProtocolErrorCode.MethodNotFound, `there is no method ${method}`);
  };
  serveTools(server, service);
  return server;
}

function serveTools(server: Server, service: Service): void {
  server.setRequestHandler('tools/list', async () => {
    const tools = await service.tools();
    return { tools: tools.map(({ run: _run, ...definition }) => definition) as never }; // plain data, by ServedTool
  });
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tools = await service.tools();
    const tool = tools.find(({ name }) => name === params.name);
    if (tool === undefined) throw noTool(params.name, tools);
    const run = () => startCall(tool, params.arguments ?? {}, { server, service, context });
    const result = await carry(run, { server, service, context });
    return isAsking(result) ? result : server.projectCallToolResult(result, tool.outputSchema);
  });
}

function noTool(name: string, tools: readonly ServedTool[]): ProtocolError {
  const known = tools.map((tool) => tool.name).join(', ');
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `there is no tool ${name}; there are ${known}`,
  );
}

/** What a handler of the SDK has at hand. */
interface Handling {
  readonly server: Server;
  readonly service: Service;
  readonly context: ServerContext;
}

function startCall(tool: ServedTool, args: Record<string, unknown>, handling: Handling) {
  const run = (call: Parameters<ServedTool['run']>[1]) =>
    Promise.try(tool.run, args, call).catch((error) => failed(messageOf(error)));
  const link = linkOf(handling.context, handling.server);
  return new HeldCall(async (call) => (await run(call)) as unknown as CallToolResult, link); // in MCP's shape
}

/** Starts a call, or goes on with the one that the request's state names, until it has a result or must ask. */
async function carry<T>(
  start: () => HeldCall<T>,
  { server, service, context }: Handling,
): Promise<T | InputRequiredResult> {
  const state = context.mcpReq.requestState<CallState>();
  const call = state === undefined ? service.calls.hold(start()) : continued<T>(service, state);
  // A reply to an earlier question that comes again must not answer a later one.
  if (state?.round === call.rounds) call.answer(context.mcpReq.inputResponses ?? {});
  const round = await call.round(linkOf(context, server));
  if ('result' in round) return round.result;
  const requestState = await service.codec.mint({ call: call.id, round: call.rounds }, context);
  return asking(round.requests, requestState);
}

function continued<T>({ calls }: Service, { call }: CallState): HeldCall<T> {
  const found = calls.get(call);
  if (found !== undefined) return found as HeldCall<T>; // the state is signed, and names what it was made for
  const message = 'the call that this belongs to has ended: start it again';
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}

function asking(requests: InputRequests, requestState: string): InputRequiredResult {
  return inputRequired({ inputRequests: requests as never, requestState }); // in MCP's shape
}

const isAsking = (result: object): result is InputRequiredResult =>
  (result as { readonly resultType?: unknown }).resultType === 'input_required';
