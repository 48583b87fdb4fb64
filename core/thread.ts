/** A thread in memory: its items, its window, what is open, who watches. It runs no plugin but redactors and observers. */

import type { Blobs, Redactor, ThreadLog } from './contracts.ts';
import { Processes } from './effects.ts';
import { asKernelError, conflict, errorData, KernelError } from './errors.ts';
import * as it from './item.ts';
import type {
  Asked,
  DeltaEvent,
  Event,
  SubscribeOptions,
  ThreadInfo,
  ThreadStatus,
} from './protocol.ts';
import { redactStrings, StreamRedactor } from './redact.ts';
import { Cursor, OpenText } from './subscription.ts';
import { Window } from './window.ts';

/** A turn to be: its input, or, with `compact`, a compaction and a remark on what to keep. */
export interface Pending {
  readonly turn: string;
  readonly input: readonly it.Content[];
  readonly how: it.How;
  readonly settings?: Partial<it.Settings>;
  readonly limits: it.Limits;
  readonly outputSchema?: it.JsonSchema;
  readonly clientId?: string;
  readonly compact?: string;
}

export interface ThreadOptions {
  readonly id: string;
  /** On disk already. */
  readonly items: readonly it.Item[];
  /** Absent for an ephemeral thread. */
  readonly log?: ThreadLog;
  readonly blobs: Blobs;
  readonly redact: () => Redactor | undefined;
  readonly observe: (event: Event) => void;
}

type Running = {
  readonly turn: string;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
};
type Open = { readonly item: it.QuestionItem; readonly settle: (answer: Asked) => void };

export class Thread {
  readonly id: string;
  readonly items: it.Item[] = [];
  readonly window: Window = new Window(this.items);
  readonly blobs: Blobs;
  readonly processes: Processes = new Processes(() => this.touch());
  readonly open: Map<string, OpenText> = new Map();
  readonly queue: Pending[] = [];
  /** Input for the running turn's next step. */
  readonly steering: Pick<Pending, 'input' | 'clientId'>[] = [];
  /** The ordinal at which each prompt source was last read. */
  readonly sourceRead: Map<string, number> = new Map();
  /** The ids of all calls so far. */
  readonly calls: Set<string> = new Set();
  running: Running | undefined;
  statusVersion = 0;
  isClosed = false;
  settings!: it.Settings; // the first item's, which every thread has
  #name: string | undefined;
  #error: it.ErrorData | undefined;
  #next = 0;
  #tail: Promise<void> | undefined;
  readonly #options: ThreadOptions;
  readonly #cursors = new Set<Cursor>();
  readonly #streams = new Map<OpenText, StreamRedactor>();
  readonly #questions = new Map<string, Open>();

  constructor(options: ThreadOptions) {
    this.id = options.id;
    this.blobs = options.blobs;
    this.#options = options;
    for (const item of options.items) this.#take(item);
    this.#next = this.items.length;
  }

  info(): ThreadInfo {
    const ephemeral = this.#options.log === undefined;
    const { id, settings } = this;
    return {
      id,
      name: this.#name,
      settings,
      status: this.status(),
      last: this.#next - 1,
      ephemeral,
    };
  }

  status(): ThreadStatus {
    return {
      state: this.isClosed ? 'closed' : this.running === undefined ? 'idle' : 'active',
      turn: this.running?.turn,
      questions: [...this.#questions.values()].map(({ item }) => item),
      queued: this.queue.length,
      processes: [...this.processes.running.keys()],
      error: this.#error,
    };
  }

  /** The status changed: tell everyone. */
  touch(_changed?: unknown): void {
    this.statusVersion++;
    this.#tell({ type: 'thread/status', thread: this.id, status: this.status() });
  }

  #tell(event: Event): void {
    this.#options.observe(event);
    for (const cursor of this.#cursors) cursor.wake();
  }

  /**
   * Appends items together. When it resolves they are on disk (with `durable`, safe from a power loss) and observers
   * have seen them. A store that fails breaks the thread: whatever is appended later throws `store`.
   */
  async append(bodies: readonly it.Body[], { durable = false } = {}): Promise<void> {
    if (this.#error !== undefined) throw new KernelError('store', this.#error.message);
    const redact = this.#options.redact();
    const at = Date.now();
    const turn = this.running?.turn;
    const stamp = (body: it.Body): it.Item => ({ ...body, n: this.#next++, at, turn });
    const items = (redact === undefined ? bodies : redactStrings(bodies, redact)).map(stamp);
    try {
      const written = this.#options.log?.append(items, durable);
      if (written !== undefined || this.#tail !== undefined) await this.#inOrder(written);
    } catch (error) {
      this.#error ??= errorData(error);
      this.running?.controller.abort(error);
      this.touch();
      throw asKernelError(error);
    }
    for (const item of items) this.#publish(item);
  }

  /** Appends that a store takes its time for come out in the order they went in. */
  async #inOrder(written: Promise<void> | void): Promise<void> {
    const before = this.#tail;
    const mine = (async () => void (await before?.catch(() => {}), await written))();
    this.#tail = mine;
    await mine;
    if (this.#tail === mine) this.#tail = undefined;
  }

  #publish(item: it.Item): void {
    const open = this.open.get(item.type === 'result' ? item.call : 'id' in item ? item.id : '');
    if (open !== undefined) {
      this.#show(open, this.#streams.get(open)?.add('', true) ?? '');
      for (const cursor of this.#cursors) cursor.closing(open);
      this.open.delete(open.is.id);
      this.#streams.delete(open);
    }
    this.#take(item);
    this.#tell({ type: 'item/appended', thread: this.id, item });
  }

  #take(item: it.Item): void {
    this.items.push(item);
    this.window.add(item);
    if (item.type === 'thread') this.settings = Object.freeze(item.settings);
    else if (item.type === 'settings')
      this.settings = Object.freeze({ ...this.settings, ...item.changes });
    else if (item.type === 'meta') this.#name = item.name ?? this.#name;
    else if (item.type === 'call') this.calls.add(item.call);
    else if (item.type === 'end') this.running = undefined;
  }

  /** Appends without waiting; a store that fails breaks the thread and shows there. */
  notice(level: it.Level, plugin: string, message: string): void {
    this.append([{ type: 'notice', level, plugin, message }]).catch(() => {});
  }

  /** Text of an item that is still to come. */
  delta(id: string, kind: DeltaEvent['kind'], text: string, name?: string): void {
    const is = { type: 'item/delta', thread: this.id, id, kind, name } as const;
    const open = this.open.get(id) ?? new OpenText(is);
    this.open.set(id, open);
    const redact = this.#options.redact();
    if (redact !== undefined && !this.#streams.has(open))
      this.#streams.set(open, new StreamRedactor(redact));
    this.#show(open, this.#streams.get(open)?.add(text) ?? text);
  }

  #show(open: OpenText, text: string): void {
    if (text === '') return;
    open.add(text);
    this.#tell({ ...open.is, text });
  }

  /** The whole text of a call's result. */
  async result(call: string): Promise<Uint8Array | undefined> {
    const item = this.items
      .filter(({ type }) => type === 'result')
      .findLast((one) => 'call' in one && one.call === call);
    if (item?.type !== 'result') return undefined;
    return item.full ? this.blobs.get(item.full.blob) : Buffer.from(it.textOf(item.content));
  }

  subscribe(options: SubscribeOptions): Cursor {
    const cursor = new Cursor(this, options, (left) => this.#cursors.delete(left));
    this.#cursors.add(cursor);
    return cursor;
  }

  /** Asks whoever can answer; `by` is `nobody` when nobody can, `closed` when the signal aborts first. */
  async ask(question: it.Question, call?: string, signal?: AbortSignal): Promise<Asked> {
    if (![...this.#cursors].some((cursor) => cursor.answers)) return { by: 'nobody' };
    const item: it.QuestionItem = { type: 'question', id: crypto.randomUUID(), call, question };
    const { promise, resolve } = Promise.withResolvers<Asked>();
    const onAbort = () => resolve({ decision: 'deny', by: 'closed' });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    this.#questions.set(item.id, { item, settle: resolve });
    try {
      await this.append([item]);
      this.touch();
      const { by, ...answer } = await promise;
      await this.append([{ type: 'answer', question: item.id, answer, by }]);
      return { by, ...answer };
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#questions.delete(item.id);
      this.touch();
    }
  }

  /** The first answer wins. */
  answer(question: string, answer: it.Answer, by: string): void {
    const open = this.#questions.get(question);
    if (open === undefined) throw conflict`question ${question} is not open in thread ${this.id}`;
    this.#questions.delete(question);
    open.settle({ ...answer, by });
  }

  /** Ends the running turn, the processes and all subscriptions, and lets go of the log. */
  async close(reason: KernelError): Promise<void> {
    this.queue.length = 0;
    this.running?.controller.abort(reason);
    await this.running?.ended;
    await this.processes.close();
    this.isClosed = true;
    this.touch();
    await this.#options.log?.close();
  }
}

/** What a thread lacks whose process died: a result for each open call, an answer for each open question, its turn's end. */
export function closingItems(items: readonly it.Item[], reason: string): readonly it.Body[] {
  const calls = new Map<string, it.Body>();
  const rest = new Map<string, it.Body>();
  const content = [{ type: 'text', text: `no result: ${reason}; what it did is unknown` }] as const;
  const failed = { type: 'result', content, isError: true, durationMs: 0 } as const;
  const denied = { type: 'answer', answer: { decision: 'deny' }, by: 'closed' } as const;
  const ended = { type: 'end', status: 'interrupted', durationMs: 0 } as const;
  for (const item of items) {
    if (item.type === 'call') calls.set(item.call, { ...failed, call: item.call, name: item.name });
    else if (item.type === 'turn') rest.set(item.id, { ...ended, id: item.id });
    else if (item.type === 'question') calls.set(item.id, { ...denied, question: item.id });
    else if (item.type === 'result') calls.delete(item.call);
    else if (item.type === 'answer') calls.delete(item.question);
    else if (item.type === 'end') rest.delete(item.id);
  }
  return [...calls.values(), ...rest.values()];
}
