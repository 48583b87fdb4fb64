/** A connection that is made anew when it is lost. */

import { setTimeout as wait } from 'node:timers/promises';
import { RpcError } from '../app-server/rpc-error.ts';
import { openLink, type Place } from './links.ts';
import { ConnectionLost, Rpc, type ServerRequest } from './rpc.ts';

/** Whom to connect to, and as whom. */
export interface ConnectOptions {
  readonly to: Place;
  readonly info: Readonly<{ name: string; title?: string; version?: string }>;
  readonly capabilities?: Readonly<{
    experimentalApi?: boolean;
    optOutNotificationMethods?: readonly string[];
    /** Deltas come merged, at most this often. */
    deltaIntervalMs?: number;
  }>;
  /** How long a lost connection is tried anew before it counts as closed; 0: not at all. Default: a minute. */
  readonly reconnectForMs?: number;
  /** Told of each change: `connected`, `lost` (it is tried anew), `closed` (it is not any more). */
  readonly onState?: (state: 'connected' | 'lost' | 'closed') => void;
}

type Listener = (params: unknown) => void;
type Handler = (params: unknown, signal: AbortSignal) => unknown;

const usualReconnectMs = 60_000;
const firstPauseMs = 50;
const maxPauseMs = 2000;

/** What of messages is looked at to know where in its threads this client stands. */
interface Placed {
  readonly threadId?: string;
  readonly ordinal?: number;
  readonly thread?: { readonly id?: string };
}

/** The names of requests by which a client joins a thread. */
const joins = new Set(['thread/start', 'thread/resume', 'thread/fork']);
const leaves = new Set(['thread/unsubscribe', 'thread/delete']);

export class Connection implements AsyncDisposable {
  readonly #options: ConnectOptions;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #handlers = new Map<string, Handler>();
  /** The last ordinal that was heard of in each thread that is followed; of one that was joined, perhaps none yet. */
  readonly #threads = new Map<string, number | undefined>();
  readonly #ended = new AbortController();
  /** Aborted when the connection is closed and not made anew. */
  readonly closed: AbortSignal = this.#ended.signal;
  #rpc: Promise<Rpc>;
  /** The connection that is in use, while there is one. */
  #live: Rpc | undefined;
  #isClosed = false;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#rpc = this.#open().then((rpc) => this.#use(rpc));
    this.#rpc.catch(() => {});
  }

  async ready(): Promise<void> {
    await this.#rpc;
  }

  async request(method: string, params: unknown): Promise<unknown> {
    const rpc = await this.#rpc;
    const result = await rpc.request(method, params);
    const joined = joins.has(method) ? (result as Placed).thread?.id : undefined;
    if (joined !== undefined && !this.#threads.has(joined))
      this.#threads.set(joined, method === 'thread/start' ? -1 : undefined);
    if (leaves.has(method)) this.#threads.delete((params as Placed).threadId ?? '');
    return result;
  }

  on(method: string, listener: Listener): Disposable {
    const all = this.#listeners.get(method) ?? new Set();
    this.#listeners.set(method, all.add(listener));
    return { [Symbol.dispose]: () => void all.delete(listener) };
  }

  answer(method: string, handler: Handler): Disposable {
    this.#handlers.set(method, handler);
    return {
      [Symbol.dispose]: () => {
        if (this.#handlers.get(method) === handler) this.#handlers.delete(method);
      },
    };
  }

  async #open(): Promise<Rpc> {
    const { to, info, capabilities, onState } = this.#options;
    const rpc: Rpc = new Rpc(await openLink(to), {
      onNotification: (method, params) => this.#hear(method, params),
      onRequest: (request) => this.#answerTo(request),
      onLost: () => this.#lose(rpc),
    });
    rpc.lost.catch(() => {});
    try {
      await rpc.request('initialize', { clientInfo: info, capabilities, protocolVersion: 1 });
    } catch (error) {
      rpc.close(); // else a program that was started would run on
      throw error;
    }
    rpc.notify('initialized');
    onState?.('connected');
    return rpc;
  }

  #hear(method: string, params: unknown): void {
    const { threadId = '', ordinal } = Object(params) as Placed; // whatever the server tells
    if (method === 'thread/closed' || method === 'thread/deleted') this.#threads.delete(threadId);
    else if (ordinal !== undefined && this.#threads.has(threadId))
      this.#threads.set(threadId, Math.max(this.#threads.get(threadId) ?? -1, ordinal));
    for (const listener of this.#listeners.get(method) ?? []) this.#tell(listener, method, params);
  }

  /** A listener that throws does not take the connection from the others. */
  #tell(listener: Listener, method: string, params: unknown): void {
    try {
      listener(params);
    } catch (error) {
      process.emitWarning(`a listener of ${method} failed: ${String(error)}`);
    }
  }

  async #answerTo({ method, params, signal }: ServerRequest): Promise<unknown> {
    const handler = this.#handlers.get(method);
    if (handler !== undefined) return handler(params, signal);
    throw new RpcError('unknownMethod', `this client does not answer ${method}`);
  }

  #use(rpc: Rpc): Rpc {
    if (rpc.isLost) throw new ConnectionLost('the connection was lost');
    this.#live = rpc;
    return rpc;
  }

  /** Only the connection that is in use is made anew; one that never came to be is told to who wanted it. */
  #lose(rpc: Rpc): void {
    if (this.#isClosed || this.#live !== rpc) return;
    this.#live = undefined;
    this.#options.onState?.('lost');
    this.#rpc = this.#reopen();
    this.#rpc.catch(() => this.#end());
  }

  #end(): void {
    if (this.closed.aborted) return;
    this.#ended.abort();
    this.#options.onState?.('closed');
  }

  async #reopen(): Promise<Rpc> {
    const { reconnectForMs = usualReconnectMs } = this.#options;
    if (reconnectForMs === 0) throw new ConnectionLost('the connection was lost');
    const until = performance.now() + reconnectForMs;
    for (let pause = firstPauseMs; ; pause = Math.min(2 * pause, maxPauseMs)) {
      try {
        const rpc = await this.#open();
        await this.#rejoin(rpc);
        return this.#use(rpc);
      } catch (error) {
        if (this.#isClosed || performance.now() + pause > until) throw error;
        await wait(pause);
      }
    }
  }

  /** Has everything told that happened in its threads since. */
  async #rejoin(rpc: Rpc): Promise<void> {
    for (const [threadId, after] of this.#threads)
      await rpc.request('thread/resume', { threadId, after }).catch((error: unknown) => {
        if (!(error instanceof RpcError)) throw error;
        this.#hear('thread/closed', { threadId }); // it is gone
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    const rpc = await this.#rpc.catch(() => undefined);
    rpc?.close();
    await rpc?.lost.catch(() => {});
    this.#end();
  }
}
