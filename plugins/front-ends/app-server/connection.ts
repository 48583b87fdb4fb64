/** One client: its requests are told apart and answered, its questions asked, its threads read. */

import type { Client } from '../../../core/index.ts';
import { Asking } from './asking.ts';
import { dispatch, errorOf } from './dispatch.ts';
import { Following } from './follow.ts';
import { answerHello, readHello, type Hello } from './initialize.ts';
import { type Fault, type Id, type Message, readMessage } from './message.ts';
import { maxSent, Outbox } from './outbox.ts';
import type { RunningServer } from './server.ts';
import { RpcError, type AskOptions, type Session } from './session.ts';
import { maxMessageBytes, tooLong, type Transport } from './transport.ts';

/** The most requests of one client that are being answered at once. */
const maxCalls = 256;
/** How long a client that says no more is still answered. */
const finishMs = 2000;

type Request = Extract<Message, { kind: 'request' }>;

/** Serves one client until it leaves. Never rejects. */
export class Connection {
  readonly #server: RunningServer;
  readonly #transport: Transport;
  readonly #scope = new AsyncDisposableStack();
  readonly #left = new AbortController();
  readonly #outbox: Outbox;
  readonly #asking: Asking;
  /** Requests that are being answered, by id. */
  readonly #calls = new Map<Id, Promise<void>>();
  #hello: Hello | undefined;
  #session: Session | undefined;
  /** Whether the client writes the `jsonrpc` member; then it gets it, too. */
  #isVersioned = false;

  constructor(server: RunningServer, transport: Transport) {
    this.#server = server;
    this.#transport = transport;
    this.#outbox = new Outbox(transport.send, () => this.#drop('it does not read'));
    this.#asking = new Asking((request) => this.#write(request));
  }

  async run(): Promise<void> {
    this.#scope.use(this.#transport);
    this.#scope.defer(() => this.#outbox.end(this.#over()));
    this.#scope.defer(() => this.#asking.close());
    this.#scope.defer(() => this.#left.abort());
    this.#scope.defer(() => this.#finish());
    try {
      for await (const text of this.#transport.messages) {
        this.#take(text === tooLong ? longMessage : readMessage(text));
        if (this.#transport.answer === undefined) await this.#outbox.room();
      }
    } catch (error) {
      this.#server.log(`${this.#transport.name}: ${String(error)}`);
    }
    if (this.#session !== undefined) this.#server.leave(this.#session);
    await this.#scope.disposeAsync().catch((error: unknown) => this.#server.log(String(error)));
  }

  /** A client that has said all it wants to say may still read: what it asked is answered, if that is soon. */
  async #finish(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = this.#over();
    over.addEventListener('abort', () => resolve(), { once: true });
    if (over.aborted) return;
    await Promise.race([promise, Promise.all(this.#calls.values())]);
  }

  /** Aborted when nobody is waited for any longer. */
  #over(): AbortSignal {
    const { signal } = this.#server;
    return AbortSignal.any([this.#transport.gone, signal, AbortSignal.timeout(finishMs)]);
  }

  #drop(why: string): void {
    this.#server.log(`${this.#transport.name} is let go: ${why}`);
    this.#outbox.close();
    this.#transport.close(why);
  }

  #write(message: object, key?: string): void {
    this.#outbox.push(this.#textOf(message), key);
  }

  #textOf(message: object): string {
    return JSON.stringify(this.#isVersioned ? { jsonrpc: '2.0', ...message } : message);
  }

  #reply(id: Id | null, answer: object): void {
    const text = this.#textOf({ id, ...answer });
    if (this.#transport.answer?.(id, text) === true) return;
    if (text.length <= maxSent) this.#outbox.push(text);
    else this.#refuse(id, longAnswer(text.length));
  }

  #take(message: Message | Fault): void {
    switch (message.kind) {
      case 'fault':
        return this.#refuse(message.id, message.error);
      case 'notification':
        return; // `initialized` says nothing that we wait for; what we do not know needs no answer
      case 'answer': {
        const fault = this.#asking.answer(message.id, message);
        return fault && this.#refuse(null, fault);
      }
      case 'request':
        return this.#request(message);
    }
  }

  #refuse(id: Id | null, { code, message, data }: RpcError): void {
    this.#reply(id, { error: { code, message, ...(data === undefined ? {} : { data }) } });
  }

  #request(request: Request): void {
    const { id, method } = request;
    const fault = this.#faultOf(request);
    if (fault !== undefined) return this.#refuse(id, fault);
    if (method === 'initialize') return this.#initialize(request);
    const answered = this.#answer(request).finally(() => this.#calls.delete(id));
    this.#calls.set(id, answered);
  }

  #faultOf({ id, method }: Request): RpcError | undefined {
    if (this.#calls.has(id))
      return new RpcError('invalidRequest', `id ${JSON.stringify(id)} is that of an open request`);
    if (method === 'initialize') {
      const isAgain = this.#hello !== undefined;
      return isAgain ? new RpcError('invalidRequest', 'Already initialized') : undefined;
    }
    if (this.#hello === undefined)
      return new RpcError('invalidRequest', 'Not initialized: send "initialize" first');
    if (this.#calls.size < maxCalls && this.#server.hasRoom()) return undefined;
    const data = { retryAfterMs: 1000 };
    return new RpcError('overloaded', 'too many requests at once: try again later', data);
  }

  #initialize({ id, params, versioned }: Request): void {
    try {
      const hello = readHello(params);
      this.#hello = hello;
      this.#isVersioned = versioned;
      this.#reply(id, { result: answerHello(hello, this.#server.identity) });
      this.#session = this.#sessionOf(hello);
      this.#server.join(this.#session);
    } catch (error) {
      this.#refuse(id, errorOf(error));
    }
  }

  #sessionOf({ info, capabilities }: Hello): Session {
    const client: Client = this.#server.connect(info.name);
    const muted = new Set(capabilities.optOutNotificationMethods);
    const following = this.#scope.use(
      new Following({
        client,
        room: () => this.#outbox.room(),
        deltaIntervalMs: capabilities.deltaIntervalMs,
        onChange: (thread) => this.#server.idle.look(thread),
        onError: (error) => this.#server.log(`${this.#transport.name}: ${String(error)}`),
      }),
    );
    return {
      client,
      info,
      capabilities,
      server: this.#server,
      notify: (method, params, key) => {
        if (muted.has(method)) return;
        const stamped = { method, params, emittedAtMs: Date.now() };
        this.#write(stamped, key === undefined ? undefined : `${method} ${key}`);
      },
      ask: (method: string, params: object, options: AskOptions) =>
        this.#asking.ask(method, params, options),
      follow: (options, onEvent) => following.follow(options, onEvent),
      unfollow: (thread) => following.unfollow(thread),
      following: following.threads,
      scope: this.#scope,
      signal: this.#left.signal,
    };
  }

  async #answer({ id, method, params }: Request): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    using _call = this.#server.begin();
    const after: (() => void)[] = [];
    try {
      const call = {
        signal: this.#left.signal,
        after: (then: () => void) => void after.push(then),
      };
      const table = await this.#server.table();
      const result = await dispatch(table, { method, params, session, call });
      this.#reply(id, { result: result ?? {} });
    } catch (error) {
      const told = errorOf(error);
      if (told.code === -32603) this.#server.log(`${method}: ${told.message}`);
      return this.#refuse(id, told);
    }
    for (const then of after) this.#run(then);
  }

  #run(then: () => void): void {
    try {
      then();
    } catch (error) {
      this.#server.log(String(error));
    }
  }
}

const longMessage: Fault = {
  kind: 'fault',
  id: null,
  error: new RpcError(
    'invalidRequest',
    `expected a message of at most ${maxMessageBytes} bytes, and it was longer`,
  ),
};

const longAnswer = (length: number) =>
  new RpcError(
    'invalidRequest',
    `the answer has ${length} characters, and at most ${maxSent} are sent: ask for less`,
  );
