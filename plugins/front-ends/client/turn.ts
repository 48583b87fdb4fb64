/** A turn as its client reads it. */

import { Inbox } from '../app-server/inbox.ts';
import type { ClientRequests, ServerNotifications } from '../app-server/schemas/types.ts';
import type { AppClient } from '../client.ts';
import { ConnectionLost } from './rpc.ts';

/** As `turn/start` takes it; `input` may be a plain text. */
export type TurnRequest = Omit<ClientRequests['turn/start']['params'], 'input'> & {
  readonly input: string | ClientRequests['turn/start']['params']['input'];
};

/** What is told of a turn. An `item/started` begins its item anew: what deltas said of it before no longer counts. */
const told = [
  'turn/started',
  'turn/completed',
  'item/started',
  'item/completed',
  'item/agentMessage/delta',
  'item/reasoning/summaryTextDelta',
  'item/commandExecution/outputDelta',
  'turn/diff/updated',
  'turn/plan/updated',
  'thread/tokenUsage/updated',
  'error',
] as const satisfies readonly (keyof ServerNotifications)[];

/** One notification of the turn. */
export type TurnEvent = {
  [M in (typeof told)[number]]: Readonly<{ method: M; params: ServerNotifications[M] }>;
}[(typeof told)[number]];

/**
 * Starts a turn and gives what is told of it, to its end or that of its thread. Leaving the loop does not interrupt it.
 * Throws ConnectionLost when the connection is closed before, of which `closed` tells.
 */
export async function* followTurn(
  client: AppClient,
  closed: AbortSignal,
  { input, ...rest }: TurnRequest,
): AsyncGenerator<TurnEvent> {
  const { threadId } = rest;
  using scope = new DisposableStack();
  const events = new Inbox<TurnEvent>();
  for (const method of told) {
    const take = (params: unknown) => events.push({ method, params } as TurnEvent); // that is its method
    scope.use(client.on(method, take));
  }
  scope.use(client.on('thread/closed', (params) => params.threadId === threadId && events.end()));
  const onClosed = () => events.end();
  closed.addEventListener('abort', onClosed, { once: true });
  scope.defer(() => closed.removeEventListener('abort', onClosed));
  const said = typeof input === 'string' ? [{ type: 'text' as const, text: input }] : input;
  const { turn } = await client.request('turn/start', { ...rest, input: said });
  for await (const event of events) {
    const { params } = event;
    if (params.threadId !== threadId || turnOf(params) !== turn.id) continue;
    yield event;
    if (event.method === 'turn/completed') return;
  }
  if (closed.aborted) throw new ConnectionLost('the connection was closed before the turn ended');
}

function turnOf(params: object): unknown {
  if ('turnId' in params) return params.turnId;
  return 'turn' in params ? (params.turn as { readonly id?: unknown }).id : undefined; // a turn, as the tables say
}
