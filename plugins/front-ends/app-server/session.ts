/** The seam of the app server: what a method is, and what it has of the client that called it. Types, and one error. */

import type { ZodType } from 'zod';
import type { Client, SubscribeOptions, ThreadEvent } from '../../../core/index.ts';
import type { AppServerOptions } from '../app-server.ts';

export { RpcError, rpcCodes } from './rpc-error.ts';

/** Who is at the other end, as its `initialize` says. */
export interface ClientInfo {
  readonly name: string;
  readonly title?: string;
  readonly version?: string;
}

/** What the client asked for at `initialize`. */
export interface Capabilities {
  /** It wants what is experimental in the known protocol too. */
  readonly experimentalApi: boolean;
  /** Notifications that this connection does not want, by their exact names. */
  readonly optOutNotificationMethods: readonly string[];
  /** Deltas come at most this often, merged, in milliseconds; 0: as they come. */
  readonly deltaIntervalMs: number;
}

/** One connected client that has initialized. */
export interface Session {
  /** The kernel protocol under this client's name, for all folders that are served. */
  readonly client: Client;
  readonly info: ClientInfo;
  readonly capabilities: Capabilities;
  readonly server: Server;
  /**
   * Sends a notification; a muted one is dropped. With a `key`, one that waits unsent under the same key is replaced, so
   * that what a slow client has not read does not pile up: for what only the newest of counts.
   */
  readonly notify: (method: string, params: object, key?: string) => void;
  /**
   * Asks the client. Rejects with its error as RpcError, with `closed` when it leaves, and with the signal's reason: then
   * it was answered elsewhere, and what this client answers later is dropped. `sent` is told the id of the request.
   */
  readonly ask: (method: string, params: object, options: AskOptions) => Promise<unknown>;
  /**
   * Reads a thread for this client, event by event: in the order of the kernel, each awaited, and none taken while the
   * client is slow, so that the kernel merges deltas and nothing piles up. It ends with the thread, with `unfollow` and
   * with the connection. Following a thread again ends the earlier following. The thread must be loaded.
   */
  readonly follow: (options: SubscribeOptions, onEvent: OnEvent) => void;
  readonly unfollow: (thread: string) => void;
  /** The threads that are followed, by id. */
  readonly following: ReadonlyMap<string, unknown>;
  /** Disposed when the client leaves: last in, first undone. */
  readonly scope: AsyncDisposableStack;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** Told of each event of a thread that is followed. What it throws is logged and ends the following. */
export type OnEvent = (event: ThreadEvent) => void | Promise<void>;

export interface AskOptions {
  readonly signal: AbortSignal;
  readonly sent?: (id: number) => void;
}

/** All clients together. */
export interface Server {
  /** The kernel protocol as the server itself. */
  readonly client: Client;
  readonly options: AppServerOptions;
  /** Clients that have initialized. */
  readonly sessions: ReadonlySet<Session>;
  /** Notifies every client; `key` as for `Session.notify`. */
  readonly broadcast: (method: string, params: object, key?: string) => void;
  /** Told on stderr, for people. */
  readonly log: (message: string) => void;
  /** Disposed when the server ends. */
  readonly scope: AsyncDisposableStack;
}

/** One request that is being answered. */
export interface Call {
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  /** Done once the answer is on its way: what must come after it. Dropped when the request fails. */
  readonly after: (then: () => void) => void;
}

/**
 * A method: what it takes, what it gives, what it does. `run` throws RpcError, or KernelError, which is told as one. The
 * parameters are parsed by `params` before; an absent `params` member is `{}`.
 */
export interface Method<P = unknown, R = unknown> {
  readonly params: ZodType<P>;
  readonly result: ZodType<R>;
  run(params: P, session: Session, call: Call): R | Promise<R>;
}

/** All methods by name, aliases too. `serve` is called once, before the first of them: listeners of the kernel. */
export interface MethodTable {
  readonly methods: Readonly<Record<string, Method>>;
  readonly serve: (server: Server) => void;
}
