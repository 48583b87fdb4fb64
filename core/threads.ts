/** The threads of a kernel: made, loaded, closed; their turns, one after the other. */

import type { Blobs } from './contracts.ts';
import { conflict, notFound } from './errors.ts';
import * as it from './item.ts';
import { runTurn } from './loop.ts';
import type { Base } from './registry.ts';
import { closingItems, type Pending, type Running, Thread } from './thread.ts';

/** What a thread is made of: items, and what they keep as blobs. */
type Content = Readonly<{ items: readonly it.Item[]; blobs: Blobs }>;
/** `ephemeral`: kept in memory only. `rest`: what it goes on with, and `blobs` what that keeps. */
type CreateOptions = Readonly<{ ephemeral?: boolean; rest?: readonly it.Item[]; blobs?: Blobs }>;
type Begin = Readonly<{ ephemeral?: boolean; items: readonly it.Item[]; blobs?: Blobs }>;

export class Threads implements AsyncDisposable {
  readonly base: Base;
  isClosed = false;
  readonly #loaded = new Map<string, Thread>();
  readonly #loading = new Map<string, Promise<Thread>>();

  constructor(base: Base) {
    this.base = base;
  }

  readonly infos = () => [...this.#loaded.values()].map((thread) => thread.info());

  /** A loaded thread; `conflict` if something is to be done to it that needs it idle, and it is not. */
  get(id: string, to?: string): Thread {
    const thread = this.#loaded.get(id);
    if (!thread || thread.closing) throw notFound`thread ${id} is not loaded: resume it first`;
    if (to && isBusy(thread)) throw conflict`cannot ${to} while a turn runs: interrupt it first`;
    return thread;
  }

  create(birth: it.Birth, { rest = [], ...begin }: CreateOptions): Promise<Thread> {
    const [id, version] = [it.newId(), it.threadVersion];
    const first = { type: 'thread', version, id, ...birth, n: 0, at: Date.now() } as const;
    const items = [this.base.registry.clean(first), ...rest];
    return this.#open(id, 'the thread was forked before the call had one', { ...begin, items });
  }

  /** The loaded thread, or the stored one, loaded. */
  async resume(id: string): Promise<Thread> {
    await this.#loaded.get(id)?.closing;
    const known = this.#loaded.get(id) ?? this.#loading.get(id);
    if (known !== undefined) return known;
    const opening = this.#open(id, 'the program ended before the call had one');
    const loading = opening.finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading;
  }

  /** With what it begins with, or with what is stored. What it lacks because it was cut off is appended. */
  async #open(id: string, reason: string, begin?: Begin): Promise<Thread> {
    const { store, registry } = this.base;
    const create = begin !== undefined;
    const log = begin?.ephemeral ? undefined : await store().open(id, { create });
    const blobs = log === undefined ? memoryBlobs() : store().blobs;
    const copies = begin?.items.map((item) => copied(item, begin.blobs, blobs));
    const items = copies === undefined ? (log?.items ?? []) : await Promise.all(copies);
    if (create) await log?.append(items, false);
    const thread = new Thread({ id, items, log, blobs, registry });
    await thread.append(closingItems(items, reason));
    this.#loaded.set(id, thread);
    registry.emit({ type: 'thread/started', thread: id, info: thread.info() });
    return thread;
  }

  /** A thread, loaded or not. */
  async read(id: string): Promise<Content> {
    const { store } = this.base;
    const loaded = this.#loaded.get(id);
    return loaded ?? { items: await store().read(id), blobs: store().blobs };
  }

  async close(thread: Thread) {
    await thread.close();
    this.#loaded.delete(thread.id);
    return {};
  }

  async remove(id: string) {
    const loaded = this.#loaded.get(id);
    if (loaded !== undefined) await this.close(loaded);
    if (loaded?.info().ephemeral !== true) await this.base.store().remove(id);
    this.base.registry.emit({ type: 'thread/removed', thread: id });
    return {};
  }

  /** Closes all; from now on clients are refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.#loaded.values()].map((thread) => this.close(thread)));
  }

  /** Starts a turn, or has it wait for those before it. */
  start(thread: Thread, pending: Pending): void {
    thread.queue.push(pending);
    void this.#next(thread);
    thread.touch();
  }

  async #next(thread: Thread): Promise<void> {
    const isFree = thread.running === undefined && thread.closing === undefined;
    const pending = isFree ? thread.queue.shift() : undefined;
    if (pending === undefined) return;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const steering = pending.compact === undefined ? [pending] : [];
    const running: Running = { pending, controller, ended, steering };
    thread.running = running;
    await new Promise(setImmediate); // so that the answer to turn/start comes before the turn's first item
    await runTurn(thread, running, this.base);
    const late = running.steering.filter(({ how }) => how === 'steer');
    const rest = { how: 'queue', limits: pending.limits } as const;
    thread.queue.unshift(...late.map((said) => ({ ...said, ...rest, turn: it.newId() })));
    if (thread.running === running) thread.running = undefined;
    resolve();
    void this.#next(thread);
    thread.touch();
  }
}

/** Whether a turn runs or is about to. */
export const isBusy = ({ running, queue }: Thread) => running !== undefined || queue.length > 0;

/** The same item, with what it keeps as a blob copied. */
async function copied(item: it.Item, from: Blobs | undefined, to: Blobs): Promise<it.Item> {
  if (item.type !== 'result' || item.full === undefined || from === to) return item;
  const bytes = await from?.get(item.full.blob);
  return bytes ? { ...item, full: { ...item.full, blob: await to.put(bytes) } } : item;
}

function memoryBlobs(): Blobs {
  const kept: Uint8Array[] = [];
  return { put: (bytes) => String(kept.push(bytes) - 1), get: (index) => kept[Number(index)] };
}
