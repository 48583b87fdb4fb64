/** All clients of the app server, whatever they came over. */

import type { Client } from '../../../core/index.ts';
import type { AppServerOptions } from '../app-server.ts';
import { Connection } from './connection.ts';
import { IdleThreads } from './idle.ts';
import type { Identity } from './initialize.ts';
import type { MethodTable, Server, Session } from './session.ts';
import type { Transport } from './transport.ts';

interface ServerSpec {
  readonly options: AppServerOptions;
  /** The kernel protocol under a name. */
  readonly connect: (name: string) => Client;
  readonly log: (message: string) => void;
  /** Aborted when the server is to end. */
  readonly signal: AbortSignal;
  /** Loads the methods, when the first is called. */
  readonly load: () => Promise<MethodTable>;
}

/** Clients at once, and requests of all of them that are being answered. */
const maxClients = 1000;
const maxCalls = 4096;

/** A server that runs. Disposing lets all clients go. */
export class RunningServer implements Server, AsyncDisposable {
  readonly options: AppServerOptions;
  readonly client: Client;
  readonly identity: Identity;
  readonly log: (message: string) => void;
  readonly connect: (name: string) => Client;
  readonly signal: AbortSignal;
  readonly scope = new AsyncDisposableStack();
  readonly idle: IdleThreads;
  readonly #sessions = new Set<Session>();
  readonly sessions: ReadonlySet<Session> = this.#sessions;
  readonly #serving = new Map<Transport, Promise<void>>();
  readonly #load: () => Promise<MethodTable>;
  #table: Promise<MethodTable> | undefined;
  #calls = 0;

  constructor({ options, connect, log, load, signal }: ServerSpec) {
    this.options = options;
    this.connect = connect;
    this.log = log;
    this.signal = signal;
    this.#load = load;
    this.client = connect('app-server');
    const { version = '0', home = '/' } = options;
    this.idle = this.scope.use(
      new IdleThreads({
        client: this.client,
        isFollowed: (thread) =>
          this.#sessions.values().some(({ following }) => following.has(thread)),
        afterMs: options.unloadAfterMs,
        log,
      }),
    );
    this.identity = { version, home };
  }

  /** Serves a client until it leaves. */
  async serve(transport: Transport): Promise<void> {
    if (this.#serving.size >= maxClients) {
      transport.close('too many clients');
      return transport[Symbol.asyncDispose]();
    }
    const serving = new Connection(this, transport).run();
    this.#serving.set(transport, serving);
    await serving;
    this.#serving.delete(transport);
  }

  /** The methods; they are loaded, and told of this server, when this is first called. */
  table(): Promise<MethodTable> {
    this.#table ??= this.#start();
    return this.#table;
  }

  async #start(): Promise<MethodTable> {
    const table = await this.#load();
    table.serve(this);
    return table;
  }

  /** Whether one more request can be answered. */
  hasRoom(): boolean {
    return this.#calls < maxCalls;
  }

  /** A request is being answered until this is disposed. */
  begin(): Disposable {
    this.#calls++;
    return { [Symbol.dispose]: () => void this.#calls-- };
  }

  join(session: Session): void {
    this.#sessions.add(session);
    // What the client asks for next is loaded while it reads our answer.
    setImmediate(() => void this.table().catch((error: unknown) => this.log(String(error))));
  }

  leave(session: Session): void {
    this.#sessions.delete(session);
  }

  broadcast(method: string, params: object, key?: string): void {
    for (const session of this.#sessions) session.notify(method, params, key);
  }

  /** Lets all clients go. */
  async dismiss(): Promise<void> {
    for (const transport of this.#serving.keys()) transport.close('the server ends');
    await Promise.all(this.#serving.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dismiss();
    await this.scope.disposeAsync();
  }
}
