/** How requests carry calls: started by one, gone on with by the next, until there is a result. */

import {
  inputRequired,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type InputRequiredResult,
  type RequestStateCodec,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';

import type { Changes } from './changes.ts';
import type { HeldCall, HeldCalls, InputRequests, Link } from './held-call.ts';
import { linkOf } from './link.ts';
import type { ServedPrompt, ServedResources } from './served.ts';
import type { Tasks } from './tasks.ts';
import type { ServedTool } from './tool.ts';

/** What the host sends back with what it was asked for. */
export interface CallState {
  readonly call: string;
  readonly round: number;
}

/** How long a state that the host holds is good for: longer than a call waits for it. */
export const stateSeconds = 900;

/** What every connection is served from. */
export interface Service {
  readonly version: string;
  readonly tools: () => Promise<readonly ServedTool[]>;
  readonly prompts: () => Promise<readonly ServedPrompt[]>;
  readonly resources: readonly ServedResources[];
  readonly calls: HeldCalls;
  readonly tasks: Tasks;
  readonly changes: Changes;
  readonly codec: RequestStateCodec<CallState>;
}

/** What a handler of the SDK has at hand. */
export interface Handling {
  readonly server: Server;
  readonly service: Service;
  readonly context: ServerContext;
}

/** Starts a call, or goes on with the one that the request's state names, until it has a result or must ask. */
export async function carry<T>(
  start: () => HeldCall<T>,
  { server, service, context }: Handling,
): Promise<T | InputRequiredResult> {
  const state = context.mcpReq.requestState<CallState>();
  const call = state === undefined ? service.calls.hold(start()) : continued<T>(service, state);
  // A reply to an earlier question that comes again must not answer a later one.
  if (state?.round === call.rounds) call.answer(context.mcpReq.inputResponses ?? {});
  const link = linkOf(context, server);
  const round = await call.round(link);
  if ('result' in round) return round.result;
  const lacking = abilitiesLacking(round.requests, link);
  if (lacking !== undefined) {
    call.abort('the host cannot be asked for what it needs');
    throw lacking;
  }
  const requestState = await service.codec.mint({ call: call.id, round: call.rounds }, context);
  return inputRequired({ inputRequests: round.requests as never, requestState }); // in MCP's shape
}

function continued<T>({ calls }: Service, { call }: CallState): HeldCall<T> {
  const found = calls.get(call);
  if (found !== undefined) return found as HeldCall<T>; // the state is signed, and names what it was made for
  const message = 'the call that this belongs to has ended: start it again';
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}

/** By method, what a host must have announced. */
const needed: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

function abilitiesLacking(requests: InputRequests, { abilities }: Link) {
  const names = Object.values(requests).map(({ method }) => needed[method] ?? method);
  const lacking = names.filter((name) => abilities[name] === undefined);
  if (lacking.length === 0) return undefined;
  const requiredCapabilities = Object.fromEntries(lacking.map((name) => [name, {}]));
  return new MissingRequiredClientCapabilityError({ requiredCapabilities });
}

/** Whether a result asks the host, and is none yet. */
export const isAsking = (result: object): result is InputRequiredResult =>
  (result as { readonly resultType?: unknown }).resultType === 'input_required';
