/** The threads of a kernel: made, loaded, closed; their turns, one after the other. */

import type { Blobs } from './contracts.ts';
import { conflict, notFound } from './errors.ts';
import * as it from './item.ts';
import { runTurn } from './loop.ts';
import { closingItems, type Pending, type Running, Thread, type ThreadOptions } from './thread.ts';
import type { Base } from './turn.ts';

/** What a thread is made of: items, and what they keep as blobs. */
type Content = Readonly<{ items: readonly it.Item[]; blobs: Blobs }>;
/** `ephemeral`: kept in memory only. `like`: what it begins with. */
type CreateOptions = Readonly<{ ephemeral?: boolean; rest?: readonly it.Item[]; blobs?: Blobs }>;

export class Threads implements AsyncDisposable {
  readonly base: Base;
  isClosed = false;
  readonly #loaded = new Map<string, Thread>();
  readonly #loading = new Map<string, Promise<Thread>>();

  constructor(base: Base) {
    this.base = base;
  }

  readonly all = () => [...this.#loaded.values()];

  /** A loaded thread; `conflict` if it must be idle to do something and is not. */
  get(id: string, idleTo?: string): Thread {
    const thread = this.#loaded.get(id);
    if (thread === undefined || thread.closing !== undefined)
      throw notFound`thread ${id} is not loaded: resume it first`;
    if (idleTo !== undefined && isBusy(thread))
      throw conflict`cannot ${idleTo} while a turn runs: interrupt it first`;
    return thread;
  }

  async create(birth: it.Birth, { ephemeral, rest = [], blobs: from }: CreateOptions) {
    const { store, registry } = this.base;
    const id = newId();
    const log = ephemeral ? undefined : await store().open(id, { create: true });
    const version = it.threadVersion;
    const first = { type: 'thread', version, id, ...birth, n: 0, at: Date.now() } as const;
    const blobs = ephemeral ? memoryBlobs() : store().blobs;
    const copies = await Promise.all(rest.map((item) => copied(item, from, blobs)));
    const items = [registry.clean(first), ...copies];
    await log?.append(items, false);
    return this.#open({ id, items, log, blobs }, 'the thread was forked before the call had one');
  }

  /** The loaded thread, or the stored one, loaded. */
  async resume(id: string): Promise<Thread> {
    await this.#loaded.get(id)?.closing;
    const known = this.#loaded.get(id) ?? this.#loading.get(id);
    if (known !== undefined) return known;
    const load = async () => {
      const store = this.base.store();
      const log = await store.open(id, { create: false });
      const parts = { id, log, items: log.items, blobs: store.blobs };
      return this.#open(parts, 'the program ended before the call had one');
    };
    const loading = load().finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading;
  }

  /** What it lacks because it was cut off is appended. */
  async #open(parts: Omit<ThreadOptions, 'registry'>, reason: string): Promise<Thread> {
    const { registry } = this.base;
    const thread = new Thread({ ...parts, registry });
    await thread.append(closingItems(parts.items, reason));
    this.#loaded.set(thread.id, thread);
    registry.emit({ type: 'thread/started', thread: thread.id, info: thread.info() });
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
    await Promise.all(this.all().map((thread) => this.close(thread)));
  }

  /** Starts a turn, or has it wait for those before it. */
  start(thread: Thread, pending: Pending): void {
    thread.queue.push(pending);
    this.#next(thread);
    thread.touch();
  }

  #next(thread: Thread): void {
    if (thread.running !== undefined || thread.closing !== undefined) return;
    const pending = thread.queue.shift();
    if (pending === undefined) return;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const running: Running = { pending, controller, ended, steering: [pending] };
    thread.running = running;
    const goOn = () => {
      const late = running.steering.filter((said) => said.how === 'steer');
      const rest = { how: 'queue', limits: pending.limits } as const;
      thread.queue.unshift(...late.map((one) => ({ ...one, ...rest, turn: newId() })));
      if (thread.running === running) thread.running = undefined;
      resolve();
      this.#next(thread);
      thread.touch();
    };
    // In the next round of the event loop, so that the answer to turn/start comes before the turn's first item.
    setImmediate(() => void runTurn(thread, running, this.base).finally(goOn));
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

/** A UUID version 7 (RFC 9562): ids sort by time. */
export function newId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}
