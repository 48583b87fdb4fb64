/**
 * The client library of the app server, `spindle/client`: typed requests, notifications and approvals, over a program
 * that it starts, a Unix socket or a WebSocket; a lost connection is made anew, and what was missed is told.
 */

import type {
  ClientRequests,
  ServerNotifications,
  ServerRequests,
} from './app-server/schemas/types.ts';
import { RpcError } from './app-server/rpc-error.ts';
import { Connection, type ConnectOptions } from './client/connection.ts';
import { followTurn, type TurnEvent, type TurnRequest } from './client/turn.ts';

export type { ClientRequests, ServerNotifications, ServerRequests };
export type { ConnectOptions, TurnEvent, TurnRequest };
export type { Place, SpawnPlace } from './client/links.ts';
export { ConnectionLost } from './client/rpc.ts';
export { RpcError };

/** A server, as a client sees it. Disposing lets it go, and a program that was started ends with its input. */
export interface AppClient extends AsyncDisposable {
  /**
   * Asks the server. Rejects with RpcError for its errors, with ConnectionLost when the connection broke before the
   * answer. While the connection is being made anew it waits.
   */
  readonly request: <M extends keyof ClientRequests>(
    method: M,
    params: ClientRequests[M]['params'],
  ) => Promise<ClientRequests[M]['result']>;
  /** Tells of notifications of this name, until disposed. */
  readonly on: <M extends keyof ServerNotifications>(
    method: M,
    listener: (params: ServerNotifications[M]) => void,
  ) => Disposable;
  /**
   * Answers the server's questions of this name, until disposed: approvals, input, tools of this client. The signal is
   * aborted when another client answered first. A question that nobody answers here is left to others.
   */
  readonly answer: <M extends keyof ServerRequests>(method: M, handler: Handler<M>) => Disposable;
  /**
   * Says something and gives what happens until the turn ends; the last event is `turn/completed`, unless the thread is
   * closed first. Throws ConnectionLost when the connection is closed for good.
   */
  readonly turn: (request: TurnRequest) => AsyncIterable<TurnEvent>;
}

type Handler<M extends keyof ServerRequests> = (
  params: ServerRequests[M]['params'],
  signal: AbortSignal,
) => ServerRequests[M]['answer'] | Promise<ServerRequests[M]['answer']>;

/** Connects to a server and shakes hands. Rejects when nobody is there, or it refuses. */
export async function connect(options: ConnectOptions): Promise<AppClient> {
  const connection = new Connection(options);
  await connection.ready();
  const client: AppClient = {
    // The tables say which parameters and results belong to which name.
    request: (method, params) => connection.request(method, params) as Promise<never>,
    on: (method, listener) => connection.on(method, listener as (params: unknown) => void),
    answer: (method, handler) =>
      connection.answer(method, handler as (params: unknown, signal: AbortSignal) => unknown),
    turn: (request) => followTurn(client, connection.closed, request),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
  return client;
}
