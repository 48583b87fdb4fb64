/** JSON-RPC with the server over one connection. */

import { RpcError } from '../app-server/rpc-error.ts';
import type { Link } from './links.ts';

/** What the server says without being asked. */
export interface Heard {
  readonly onNotification: (method: string, params: unknown) => void;
  /** Answers a request of the server; what it throws is told as an error. */
  readonly onRequest: (request: ServerRequest) => unknown;
  /** The connection is lost; told before requests that wait are. */
  readonly onLost: () => void;
}

/** A request of the server. The signal is aborted when it is resolved elsewhere, or the connection lost. */
export interface ServerRequest {
  readonly method: string;
  readonly params: unknown;
  readonly signal: AbortSignal;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** The connection was lost while a request waited for its answer: nothing tells whether it was carried out. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** One connection, until it is lost. */
export class Rpc {
  /** Resolves when the connection is lost. */
  readonly lost: Promise<void>;
  readonly #link: Link;
  readonly #heard: Heard;
  readonly #pending = new Map<number, Pending>();
  readonly #asked = new Map<unknown, AbortController>();
  #next = 0;
  #isLost = false;

  constructor(link: Link, heard: Heard) {
    this.#link = link;
    this.#heard = heard;
    this.lost = this.#read();
  }

  async request(method: string, params: unknown): Promise<unknown> {
    if (this.#isLost) throw new ConnectionLost(`${method}: the connection is lost`);
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { resolve, reject });
    this.#send({ id, method, params });
    return promise;
  }

  notify(method: string): void {
    this.#send({ method });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  close(): void {
    this.#link.close();
  }

  #send(message: Message): void {
    this.#link.send(JSON.stringify(message));
  }

  async #read(): Promise<void> {
    try {
      for await (const text of this.#link.messages) this.#take(JSON.parse(text) as Message); // the server's
    } finally {
      this.#isLost = true;
      this.#heard.onLost();
      this.close(); // it may be that it said what is none of the protocol
      for (const { reject } of this.#pending.values())
        reject(new ConnectionLost('the connection was lost before the answer came'));
      for (const controller of this.#asked.values()) controller.abort();
    }
  }

  #take(message: Message): void {
    const { id, method, params } = message;
    if (method === undefined) return this.#settle(message);
    if (id !== undefined) return void this.#answer(id, method, params);
    if (method === 'serverRequest/resolved')
      this.#asked.get((params as { readonly requestId?: unknown }).requestId)?.abort();
    this.#heard.onNotification(method, params);
  }

  #settle({ id, result, error }: Message): void {
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (pending === undefined) return;
    this.#pending.delete(id as number); // so it was found
    if (error === undefined) pending.resolve(result);
    else pending.reject(new RpcError(error.code, error.message, error.data));
  }

  async #answer(id: Message['id'], method: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    this.#asked.set(id, controller);
    let answer: Pick<Message, 'result' | 'error'>;
    try {
      const { signal } = controller;
      answer = { result: await this.#heard.onRequest({ method, params, signal }) };
    } catch (error) {
      const { code, message } = error instanceof RpcError ? error : failed;
      answer = { error: { code, message } };
    }
    this.#asked.delete(id);
    if (!controller.signal.aborted) this.#send({ id, ...answer });
  }
}

const failed = new RpcError('internal', 'the client failed to answer');
