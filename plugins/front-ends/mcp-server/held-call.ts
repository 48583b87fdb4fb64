/** A call that may outlive the request that carries it: a request that asks for input ends, and its call goes on. */

import { setTimeout as wait } from 'node:timers/promises';

import { KernelError, newId } from '../../../core/index.ts';
import type { Asking, Progress } from '../../offers/offers-slots.ts';

/** What a host is asked for, by the caller's names, and what came back under the same names. */
export type InputRequests = Readonly<Record<string, Asking>>;
export type InputReplies = Readonly<Record<string, unknown>>;

/** What a host says it can be asked for (`ClientCapabilities` of MCP). */
export interface HostAbilities {
  readonly elicitation?: object | undefined;
  readonly sampling?: { readonly tools?: object | undefined } | undefined;
  readonly roots?: object | undefined;
  readonly [name: string]: unknown;
}

/** Progress with how far it is, which only grows while a call goes on, whatever requests carry it. */
export type Told = Progress & { readonly progress: number };

/** The request that carries a call at this moment. */
export interface Link {
  /** Aborted when the host cancels it or is gone. */
  readonly signal: AbortSignal;
  readonly abilities: HostAbilities;
  readonly progress: (progress: Told) => Promise<void>;
  readonly log: (level: string, data: unknown) => Promise<void>;
  /** Asks while the request is open. Absent where the request has to end for it (MCP 2026-07-28). */
  readonly send?: (request: Asking, signal: AbortSignal) => Promise<unknown>;
}

/** What a call is given to work with. */
export interface CallContext {
  /** Aborted when the host cancels, when nobody comes back with what was asked for, and when the server ends. */
  readonly signal: AbortSignal;
  /** Of the host, as the request that carries the call now says. */
  readonly abilities: () => HostAbilities;
  /** Asks the host. One question follows the other. A reply that is missing is one the host refused to give. */
  readonly ask: (requests: InputRequests, signal?: AbortSignal) => Promise<InputReplies>;
  /** Nothing while no request carries the call, or its sender wants none. */
  readonly progress: (progress: Progress) => Promise<void>;
  readonly log: (level: string, data: unknown) => Promise<void>;
}

/** What a request is answered with: the result, or what the host has to come back with. */
export type Round<T> = { readonly result: T } | { readonly requests: InputRequests };

interface Asked {
  readonly requests: InputRequests;
  readonly reply: (replies: InputReplies) => void;
}

const isWhole = (replies: InputReplies, requests: InputRequests) =>
  Object.keys(requests).every((name) => replies[name] !== undefined);

/** How long calls may take to end with the server. */
const endMs = 2000;

/** How long a call waits for its host to come back with what it asked for. */
const patienceMs = 600_000;

/** One call, from its start to its result, whatever requests carry it. */
export class HeldCall<T> {
  readonly id: string = newId();
  /** Settles with its result. */
  readonly ended: Promise<T>;
  /** How often it has asked. */
  rounds = 0;
  readonly #controller = new AbortController();
  #link: Link | undefined;
  /** What is there for it while no request carries it. */
  #resting: Link | undefined;
  #told = 0;
  #asked: Asked | undefined;
  #early: InputReplies;
  #wake: () => void = () => {};
  #turn: Promise<unknown> = Promise.resolve();

  /** `early`: replies that came with the first request, for what it would ask first. */
  constructor(run: (context: CallContext) => Promise<T>, first: Link, early: InputReplies = {}) {
    this.#link = first;
    this.#early = early;
    const context: CallContext = {
      signal: this.#controller.signal,
      abilities: () => (this.#link ?? first).abilities,
      ask: (requests, signal) => this.#queue(requests, signal ?? this.#controller.signal),
      progress: async (progress) =>
        this.#link?.progress({ ...progress, progress: progress.progress ?? ++this.#told }),
      log: async (level, data) => this.#link?.log(level, data),
    };
    this.ended = run(context);
    this.ended.catch(() => {}); // told by `round`
  }

  /** Whether it waits for a request that brings what it asked for. */
  get isAsking(): boolean {
    return this.#asked !== undefined;
  }

  /** Ends it. */
  readonly abort = (why: string) => this.#controller.abort(new KernelError('aborted', why));

  /** Goes on without the request that started it: what is asked waits for another one, the rest goes by `resting`. */
  readonly detach = (resting: Omit<Link, 'send'>) => {
    this.#resting = resting;
    this.#link = resting;
  };

  /** Takes what the host came back with; what is still missing is asked for again. */
  answer(replies: InputReplies): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    if (!isWhole(replies, asked.requests)) return;
    this.#asked = undefined;
    asked.reply(replies);
  }

  /** Carries the call on with one request, until it has its result or must ask. The request's end by abort ends it. */
  async round(link: Link): Promise<Round<T>> {
    this.#link = link;
    const abort = () => this.abort('the request was cancelled');
    link.signal.addEventListener('abort', abort, { once: true });
    if (link.signal.aborted) abort();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    if (this.#asked !== undefined) resolve();
    try {
      const result = await Promise.race([this.ended.then((value) => ({ value })), promise]);
      if (result !== undefined) return { result: result.value };
      return { requests: this.#asked?.requests ?? {} };
    } finally {
      link.signal.removeEventListener('abort', abort);
      if (this.#link === link) this.#link = this.#resting;
    }
  }

  #queue(requests: InputRequests, signal: AbortSignal): Promise<InputReplies> {
    const asking = this.#turn.then(() => this.#ask(requests, signal));
    this.#turn = asking.catch(() => {});
    return asking;
  }

  async #ask(requests: InputRequests, signal: AbortSignal): Promise<InputReplies> {
    signal.throwIfAborted();
    const send = this.#link?.send;
    if (send === undefined) return this.#suspend(requests, signal);
    const asking = Object.entries(requests).map(async ([name, request]) => {
      return [name, await send(request, signal)] as const;
    });
    return Object.fromEntries(await Promise.all(asking));
  }

  /** Ends the request and waits for one that brings the replies. */
  async #suspend(requests: InputRequests, signal: AbortSignal): Promise<InputReplies> {
    const early = this.#early;
    this.#early = {};
    if (isWhole(early, requests)) return early;
    const { promise, resolve, reject } = Promise.withResolvers<InputReplies>();
    this.#asked = { requests, reply: resolve };
    this.rounds++;
    this.#wake();
    const giveUp = () => this.abort('nobody came back with what was asked for');
    const timer = setTimeout(giveUp, patienceMs);
    const stop = () => reject(signal.reason as Error); // a KernelError, by `abort`
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (this.#asked?.requests === requests) this.#asked = undefined;
    }
  }
}

/** The calls that go on while no request carries them. */
export class HeldCalls {
  readonly #calls = new Map<string, HeldCall<unknown>>();

  /** Keeps a call until it has ended. */
  hold<T>(call: HeldCall<T>): HeldCall<T> {
    this.#calls.set(call.id, call);
    const drop = () => void this.#calls.delete(call.id);
    call.ended.then(drop, drop);
    return call;
  }

  get(id: string): HeldCall<unknown> | undefined {
    return this.#calls.get(id);
  }

  /** Ends all, and waits for their ends, but not for one that does not heed it. */
  async close(): Promise<void> {
    const calls = [...this.#calls.values()];
    for (const call of calls) call.abort('the server ends');
    const over = Promise.allSettled(calls.map(({ ended }) => ended));
    await Promise.race([over, wait(endMs, undefined, { ref: false })]);
  }
}
