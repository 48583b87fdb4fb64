/** A thread in memory: its items, its window, what is open, who watches. It runs no plugin but redactors and observers. */

import { addAbortListener } from 'node:events';

import type { Blobs, ThreadLog } from './contracts.ts';
import { Processes } from './processes.ts';
import { asKernelError, conflict, errorData, fail, KernelError, notFound } from './errors.ts';
import * as it from './item.ts';
import type * as protocol from './protocol.ts';
import type { Registry } from './registry.ts';
import { redactors } from './slots.ts';
import { type Cursor, OpenText } from './subscription.ts';
import { Window } from './window.ts';

type Wanted = Omit<protocol.Params<'turn/start'>, 'thread'>;
/** A turn to be: what `turn/start` asks for, or, with `compact`, a compaction and a remark on what to keep. */
export type Pending = Wanted & Readonly<{ turn: string; how: it.How; compact?: string }>;
/** A turn that runs. `steering`: what was said, for its next step. `limit`: the one that was reached. */
export type Running = { limit?: keyof it.Limits } & Readonly<Course>;
type Course = { pending: Pending; controller: AbortController; ended: Promise<void> } & Said;
type Said = { steering: Pick<Pending, 'input' | 'clientId' | 'how'>[] };

/** `items` are on disk already; an ephemeral thread has no `log`. */
export type ThreadOptions = Readonly<{ id: string; items: readonly it.Item[] } & Means>;
type Means = { log?: ThreadLog; blobs: Blobs; registry: Registry };

type Open = Readonly<{ item: it.QuestionItem; settle: (answer: protocol.Asked) => void }>;

export class Thread {
  readonly id: string;
  readonly window = new Window();
  readonly items: readonly it.Item[] = this.window.items;
  readonly blobs: Blobs;
  readonly processes = new Processes();
  readonly open = new Map<string, OpenText>();
  readonly cursors = new Set<Cursor>();
  /** Turns that wait for the end of the running one. */
  readonly queue: Pending[] = [];
  running: Running | undefined;
  statusVersion = 0;
  /** Set once it is being closed. */
  closing: Promise<void> | undefined;
  isClosed = false;
  settings!: it.Settings; // the first item's, which every thread has
  #name: string | undefined;
  #error: it.ErrorData | undefined;
  #next = 0;
  #safe: Running | undefined;
  #written: Promise<void> = Promise.resolve();
  readonly #options: ThreadOptions;
  readonly #questions = new Map<string, Open>();

  constructor(options: ThreadOptions) {
    [this.id, this.blobs, this.#options] = [options.id, options.blobs, options];
    this.processes.changed = () => this.touch();
    for (const item of options.items) this.#take(item);
    this.#next = this.items.length;
  }

  info(): protocol.ThreadInfo {
    const { id, settings } = this;
    const [status, last, ephemeral] = [this.status(), this.#next - 1, !this.#options.log];
    return { id, name: this.#name, settings, status, last, ephemeral };
  }

  status(): protocol.ThreadStatus {
    const turn = this.running?.pending.turn;
    const state = this.isClosed ? 'closed' : turn === undefined ? 'idle' : 'active';
    const questions = [...this.#questions.values()].map(({ item }) => item);
    const processes = [...this.processes.running.keys()];
    return { state, turn, questions, queued: this.queue.length, processes, error: this.#error };
  }

  /** The status changed: tell everyone. */
  touch(): void {
    this.statusVersion++;
    this.#tell({ type: 'thread/status', thread: this.id, status: this.status() });
  }

  #tell(event: protocol.Event): void {
    this.#options.registry.emit(event);
    for (const cursor of this.cursors) cursor.wake();
  }

  /**
   * Appends items together, in the order of these calls. When it resolves they are on disk (with `durable`, safe from a
   * power loss) and observers have seen them. A store that fails breaks the thread: later appends throw `store`.
   */
  async append(bodies: readonly it.Body[], { durable = false } = {}): Promise<void> {
    if (bodies.length === 0) return;
    if (this.#error !== undefined) throw new KernelError('store', this.#error.message);
    const stamp = { at: Date.now(), turn: this.running?.pending.turn };
    const clean = this.#options.registry.clean(bodies);
    const items = clean.map((body): it.Item => ({ ...body, n: this.#next++, ...stamp }));
    const write = async (before: Promise<void>, written: void | Promise<void>) => {
      await Promise.all([before, written]);
      for (const item of items) this.#publish(item);
    };
    try {
      this.#written = write(this.#written, this.#options.log?.append(items, durable));
      await this.#written;
    } catch (error) {
      this.#error ??= errorData(error);
      this.running?.controller.abort(error);
      this.touch();
      throw asKernelError(error);
    }
  }

  #publish(item: it.Item): void {
    const id = item.type === 'result' ? item.call : 'id' in item ? item.id : '';
    const open = this.open.get(id);
    if (open !== undefined) this.#show(Object.assign(open, { item }));
    this.open.delete(id);
    this.#take(item);
    this.#tell({ type: 'item/appended', thread: this.id, item });
  }

  #take(item: it.Item): void {
    this.window.add(item);
    if (item.type === 'thread') this.settings = Object.freeze(item.settings);
    const changes = item.type === 'settings' ? item.changes : undefined;
    if (changes !== undefined) this.settings = Object.freeze({ ...this.settings, ...changes });
    if (item.type === 'meta') this.#name = item.name ?? this.#name;
    if (item.type === 'end') this.running = undefined;
  }

  /** A turn's items are made safe from a power loss before its first act: all but reading, and asking the model. */
  record(decision: it.DecisionItem): Promise<void> {
    const { verdict, origin, effect } = decision;
    const isAsking = effect.kind === 'fetch' && origin.kind === 'plugin';
    const isAct = verdict === 'allow' && effect.kind !== 'read' && !isAsking;
    const durable = isAct && this.#safe !== this.running;
    if (durable) this.#safe = this.running;
    return this.append([decision], { durable });
  }

  /** Appends without waiting; a store that fails breaks the thread and shows there. */
  notice(level: it.Level, plugin: string, message: string): void {
    this.append([{ type: 'notice', level, plugin, message }]).catch(() => {});
  }

  /** Text of an item that is still to come. Where an output of the model begins, those before it have ended: they show all. */
  delta({ id, kind, text, name }: Omit<protocol.DeltaEvent, 'type' | 'thread'>): void {
    const is = { type: 'item/delta', thread: this.id, id, kind, name } as const;
    if (kind !== 'output' && !this.open.has(id))
      for (const other of this.open.values()) if (other.is.kind !== 'output') this.#show(other);
    const open = this.open.get(id) ?? new OpenText(is);
    this.open.set(id, open);
    this.#show(open, text);
  }

  #show(open: OpenText, more?: string): void {
    const text = open.add(this.#options.registry.get(redactors), more);
    if (text !== '') this.#tell({ ...open.is, text });
  }

  /** For a path `result:CALL` the whole text of that call's result. */
  async stored(path: string): Promise<Uint8Array | undefined> {
    if (!path.startsWith('result:')) return undefined;
    const results = this.items.filter((item) => item.type === 'result');
    const result = results.find((item) => path === `result:${item.call}`);
    const { full, content } = result ?? fail(notFound`there is no ${path} in this thread`);
    const bytes = full ? await this.blobs.get(full.blob) : Buffer.from(it.textOf(content));
    return bytes ?? fail(notFound`${path} is no longer kept, to save space: make its call again`);
  }

  /** Asks whoever can answer; `by` is `nobody` when nobody can, `closed` when the signal aborts first. */
  async ask(question: it.Question, call?: string, given?: AbortSignal) {
    const signal = given ?? this.running?.controller.signal;
    if (![...this.cursors].some((cursor) => cursor.answers)) return { ...unanswered, by: 'nobody' };
    const item: it.QuestionItem = { type: 'question', id: it.newId(), call, question };
    const { promise, resolve: settle } = Promise.withResolvers<protocol.Asked>();
    const onAbort = () => settle({ ...unanswered, by: 'closed' });
    using _listener = signal && addAbortListener(signal, onAbort);
    this.#questions.set(item.id, { item, settle });
    await this.append([item]);
    this.touch();
    const { by, ...answer } = await promise;
    this.#questions.delete(item.id);
    await this.append([{ type: 'answer', question: item.id, answer, by }]);
    this.touch();
    return { by, ...answer };
  }

  /** Ends the running turn, if it is this one, and what it was told and had not yet taken; resolves when it has ended. */
  async stop(why: string, turn = this.running?.pending.turn) {
    const running = this.running?.pending.turn === turn ? this.running : undefined;
    running?.steering.splice(0, Infinity, ...running.steering.filter(({ how }) => how !== 'steer'));
    running?.controller.abort(new KernelError('aborted', why));
    await running?.ended;
    return {};
  }

  /** The first answer wins. `stop` ends the turn as well. */
  answer(question: string, answer: it.Answer, by: string) {
    const open = this.#questions.get(question);
    if (open === undefined) throw conflict`question ${question} is not open in thread ${this.id}`;
    this.#questions.delete(question);
    open.settle({ ...answer, by });
    if (answer.decision === 'stop') void this.stop('the user stopped the turn');
    return {};
  }

  /** Ends the running turn, open questions, processes and subscriptions, and lets go of the log. */
  readonly close = () => (this.closing ??= this.#close());

  async #close(): Promise<void> {
    this.queue.length = 0;
    await this.stop('the thread was closed');
    for (const question of this.#questions.keys()) this.answer(question, unanswered, 'closed');
    await this.processes[Symbol.asyncDispose]();
    await this.#written.catch(() => {});
    this.isClosed = true;
    this.touch();
    await this.#options.log?.close();
    this.#options.registry.emit({ type: 'thread/closed', thread: this.id });
  }
}

const unanswered: it.Answer = { decision: 'deny' };

/** What a thread lacks whose process died: a result for each open call, an answer for each open question, its turn's end. */
export function closingItems(items: readonly it.Item[], reason: string): readonly it.Body[] {
  const content = [{ type: 'text', text: `no result: ${reason}; what it did is unknown` }] as const;
  const failed = { type: 'result', content, isError: true, durationMs: 0 } as const;
  const denied = { type: 'answer', answer: unanswered, by: 'closed' } as const;
  const ended = { type: 'end', status: 'interrupted', durationMs: 0 } as const;
  const open = new Map<string, it.Body>();
  let end: it.Body[] = [];
  for (const item of items) {
    if (item.type === 'call') open.set(item.call, { ...failed, call: item.call, name: item.name });
    if (item.type === 'question') open.set(item.id, { ...denied, question: item.id });
    if (item.type === 'result') open.delete(item.call);
    if (item.type === 'answer') open.delete(item.question);
    if (item.type === 'turn') end = [{ ...ended, id: item.id }];
    if (item.type === 'end') end = [];
  }
  return [...open.values(), ...end];
}
