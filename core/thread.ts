/** A thread in memory: its items, its window, what is open, who watches. Nothing in it runs a plugin but the redactors. */

import type { Blobs, ThreadLog } from './contracts.ts';
import { Processes } from './effects-process.ts';
import { asKernelError, errorData, KernelError } from './errors.ts';
import type {
  Answer,
  Body,
  Content,
  ErrorData,
  Item,
  Limits,
  NoticeItem,
  Question,
  QuestionItem,
  Settings,
} from './item.ts';
import type { JsonSchema } from './item.ts';
import type { Event, SubscribeOptions, ThreadInfo, ThreadStatus } from './protocol.ts';
import { redactStrings, StreamRedactor, type Redact } from './redact.ts';
import { Cursor, OpenText } from './subscription.ts';
import { Window } from './window.ts';

/** Input that waits for its turn. */
export interface Pending {
  readonly turn: string;
  readonly input: readonly Content[];
  readonly how: 'start' | 'queue';
  readonly settings?: Partial<Settings> | undefined;
  readonly limits?: Limits | undefined;
  readonly outputSchema?: JsonSchema | undefined;
  readonly clientId?: string | undefined;
}

/** The turn that runs. */
export interface Running {
  readonly turn: string;
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

export interface ThreadOptions {
  readonly id: string;
  /** Absent for an ephemeral thread. */
  readonly log?: ThreadLog | undefined;
  readonly blobs: Blobs;
  /** `undefined` while no redactor is in force. */
  readonly redact: () => Redact | undefined;
  readonly observe: (event: Event) => void;
}

export class Thread {
  readonly id: string;
  readonly items: Item[] = [];
  readonly window: Window = new Window(this.items);
  readonly blobs: Blobs;
  readonly processes: Processes = new Processes(() => this.touch());
  readonly open: Map<string, OpenText> = new Map();
  readonly steering: {
    readonly input: readonly Content[];
    readonly clientId?: string | undefined;
  }[] = [];
  readonly queue: Pending[] = [];
  /** When each prompt source was last read: an ordinal. */
  readonly sourceRead: Map<string, number> = new Map();
  /** All calls so far, so that a model cannot use an id twice. */
  readonly calls: Set<string> = new Set();
  running: Running | undefined;
  statusVersion = 0;
  isClosed = false;
  #settings: Settings | undefined;
  #name: string | undefined;
  #error: ErrorData | undefined;
  #next = 0;
  #tail: Promise<void> | undefined;
  readonly #log: ThreadLog | undefined;
  readonly #options: ThreadOptions;
  readonly #cursors = new Set<Cursor>();
  readonly #streams = new Map<string, StreamRedactor>();
  readonly #questions = new Map<
    string,
    { readonly item: QuestionItem; readonly settle: (answer: Answer, by: string) => void }
  >();

  constructor(options: ThreadOptions) {
    this.id = options.id;
    this.blobs = options.blobs;
    this.#log = options.log;
    this.#options = options;
    for (const item of options.log?.items ?? []) this.#take(item);
    this.#next = this.items.length;
  }

  get settings(): Settings {
    if (this.#settings === undefined)
      throw new KernelError('internal', `thread ${this.id} has no first item`);
    return this.#settings;
  }

  get isEphemeral(): boolean {
    return this.#log === undefined;
  }

  /** The answers of subscribers are waited for; without any, nobody is there to ask. */
  get canAsk(): boolean {
    return [...this.#cursors].some((cursor) => cursor.answers);
  }

  info(): ThreadInfo {
    const { id, settings, isEphemeral } = this;
    const name = this.#name === undefined ? {} : { name: this.#name };
    return {
      id,
      ...name,
      settings,
      status: this.status(),
      last: this.items.length - 1,
      ephemeral: isEphemeral,
    };
  }

  status(): ThreadStatus {
    return {
      state: this.isClosed ? 'closed' : this.running === undefined ? 'idle' : 'active',
      ...(this.running === undefined ? {} : { turn: this.running.turn }),
      questions: [...this.#questions.values()].map((open) => open.item),
      queued: this.queue.length,
      processes: this.processes.ids,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /** The status changed: tell everyone. */
  touch(): void {
    this.statusVersion++;
    this.#options.observe({ type: 'thread/status', thread: this.id, status: this.status() });
    this.#wake();
  }

  /**
   * Appends items together. When it resolves they are on disk (with `durable` also after a power loss) and have been
   * seen by observers. A store that fails breaks the thread: everything after throws `store`.
   */
  async append(
    bodies: readonly Body[],
    options: { readonly durable?: boolean } = {},
  ): Promise<void> {
    if (this.#error !== undefined) throw new KernelError('store', this.#error.message);
    const turn = this.running?.turn;
    const redact = this.#options.redact();
    const items = bodies.map((body) => {
      const clean = redact === undefined ? body : redactStrings(body, redact);
      return { ...clean, n: this.#next++, at: Date.now(), ...(turn === undefined ? {} : { turn }) };
    });
    try {
      const written = this.#log?.append(items, options.durable ?? false);
      if (written instanceof Promise || this.#tail !== undefined)
        await this.#inOrder(written ?? Promise.resolve());
    } catch (error) {
      this.#break(error);
      throw asKernelError(error);
    }
    for (const item of items) this.#publish(item);
    this.#wake();
  }

  /** Takes over items of another thread as they are: ordinals and times stay. */
  async copy(items: readonly Item[]): Promise<void> {
    await this.#log?.append(items, false);
    for (const item of items) this.#take(item);
    this.#next = this.items.length;
  }

  /** Appends that a store takes its time for come out in the order they went in. */
  async #inOrder(written: Promise<void> | void): Promise<void> {
    const before = this.#tail ?? Promise.resolve();
    const mine = before.then(() => written);
    const tail = mine.catch(() => {});
    this.#tail = tail;
    await mine;
    if (this.#tail === tail) this.#tail = undefined;
  }

  #break(error: unknown): void {
    this.#error ??= errorData(error);
    this.running?.controller.abort(error);
    this.touch();
  }

  #publish(item: Item): void {
    const id = openId(item);
    const open = id === undefined ? undefined : this.open.get(id);
    if (open !== undefined) {
      this.#flush(open);
      for (const cursor of this.#cursors) cursor.closing(open);
      this.open.delete(open.id);
    }
    this.#take(item);
    this.#options.observe({ type: 'item/appended', thread: this.id, item });
  }

  #take(item: Item): void {
    this.items.push(item);
    this.window.add(item);
    if (item.type === 'thread') this.#settings = Object.freeze(item.settings);
    else if (item.type === 'settings')
      this.#settings = Object.freeze({ ...this.settings, ...item.changes });
    else if (item.type === 'meta') this.#name = item.name ?? this.#name;
    else if (item.type === 'call') this.calls.add(item.call);
  }

  /** Appends without waiting; a store that fails breaks the thread and is told there. */
  notice(notice: Omit<NoticeItem, 'type'>): void {
    this.append([{ type: 'notice', ...notice }]).catch(() => {});
  }

  /** Text of an item that is still to come. */
  delta(id: string, kind: OpenText['kind'], text: string, name?: string): void {
    let open = this.open.get(id);
    if (open === undefined) this.open.set(id, (open = new OpenText(id, kind, name)));
    const redact = this.#options.redact();
    if (redact === undefined) return this.#show(open, text);
    let stream = this.#streams.get(id);
    if (stream === undefined) this.#streams.set(id, (stream = new StreamRedactor(redact)));
    this.#show(open, stream.add(text));
  }

  #flush(open: OpenText): void {
    this.#show(open, this.#streams.get(open.id)?.end() ?? '');
    this.#streams.delete(open.id);
  }

  #show(open: OpenText, text: string): void {
    if (text === '') return;
    open.add(text);
    const { id, kind, name } = open;
    this.#options.observe({
      type: 'item/delta',
      thread: this.id,
      id,
      kind,
      text,
      ...(name === undefined ? {} : { name }),
    });
    this.#wake();
  }

  /** What has been shown of these kinds of text and will not be kept. */
  discardOpen(reason: string, kinds: ReadonlySet<OpenText['kind']>): readonly Body[] {
    const lost = [...this.open.values()].filter((open) => kinds.has(open.kind));
    return lost.map((open) => ({ type: 'discarded', id: open.id, reason }));
  }

  subscribe(options: SubscribeOptions): Cursor {
    const cursor = new Cursor(this, options, (left) => this.#cursors.delete(left));
    this.#cursors.add(cursor);
    return cursor;
  }

  #wake(): void {
    for (const cursor of this.#cursors) cursor.wake();
  }

  /** Asks whoever can answer; `by` is `nobody` when nobody can, `closed` when the signal aborts first. */
  async ask(
    question: Question,
    call: string | undefined,
    signal?: AbortSignal,
  ): Promise<Answer & { readonly by: string }> {
    if (!this.canAsk) return { by: 'nobody' };
    const item: QuestionItem = {
      type: 'question',
      id: crypto.randomUUID(),
      question,
      ...(call === undefined ? {} : { call }),
    };
    const { promise, resolve } = Promise.withResolvers<Answer & { readonly by: string }>();
    const onAbort = () => resolve({ decision: 'deny', by: 'closed' });
    this.#questions.set(item.id, { item, settle: (answer, by) => resolve({ ...answer, by }) });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    try {
      await this.append([item]);
      this.touch();
      const answer = await promise;
      this.#questions.delete(item.id);
      const { by, ...given } = answer;
      await this.append([{ type: 'answer', question: item.id, answer: given, by }]);
      return answer;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#questions.delete(item.id);
      this.touch();
    }
  }

  /** The first answer wins. */
  answer(question: string, answer: Answer, by: string): void {
    const open = this.#questions.get(question);
    if (open === undefined) {
      throw new KernelError(
        'conflict',
        `question ${question} is not open in thread ${this.id}: it was answered, or never asked`,
      );
    }
    this.#questions.delete(question);
    open.settle(answer, by);
  }

  /** Ends the running turn, the processes and all subscriptions, and lets go of the log. */
  async close(reason: KernelError): Promise<void> {
    if (this.isClosed) return;
    this.queue.length = 0;
    this.running?.controller.abort(reason);
    await this.running?.ended;
    await this.processes.close();
    this.isClosed = true;
    this.touch();
    await this.#tail;
    await this.#log?.close();
  }
}

/** The id of the open text that an item holds. */
function openId(item: Item): string | undefined {
  if (item.type === 'result') return item.call;
  return item.type === 'assistant' ||
    item.type === 'reasoning' ||
    item.type === 'call' ||
    item.type === 'discarded'
    ? item.id
    : undefined;
}

/** What must be appended to a thread whose process died: a result for each open call, an answer for each open question, the end of its turn. */
export function closingItems(items: readonly Item[], reason: string): readonly Body[] {
  const calls = new Map<string, string>();
  const questions = new Set<string>();
  let turn: string | undefined;
  for (const item of items) {
    if (item.type === 'call') calls.set(item.call, item.name);
    else if (item.type === 'result') calls.delete(item.call);
    else if (item.type === 'question') questions.add(item.id);
    else if (item.type === 'answer') questions.delete(item.question);
    else if (item.type === 'turn') turn = item.id;
    else if (item.type === 'end') turn = undefined;
  }
  const content = [
    { type: 'text', text: `no result: ${reason}; what it did until then is unknown` },
  ] as const;
  return [
    ...[...questions].map((question): Body => ({
      type: 'answer',
      question,
      answer: { decision: 'deny' },
      by: 'closed',
    })),
    ...[...calls].map(([call, name]): Body => ({
      type: 'result',
      call,
      name,
      content,
      isError: true,
      durationMs: 0,
    })),
    ...(turn === undefined
      ? []
      : [{ type: 'end', id: turn, status: 'interrupted', durationMs: 0 } as const]),
  ];
}
