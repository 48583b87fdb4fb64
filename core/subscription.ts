/** Cursors over a thread: what every client reads. A slow one holds a place, not a queue. */

import type { Item } from './item.ts';
import type {
  DeltaEvent,
  SubscribeOptions,
  Subscription,
  ThreadEvent,
  ThreadStatus,
} from './protocol.ts';

/** The most text of one open item that is kept for those who read later, in characters. */
const maxOpenText = 1_000_000;

/** Text that is still growing; the item that will hold it closes it. */
export class OpenText {
  readonly is: Omit<DeltaEvent, 'text'>;
  readonly #chunks: string[] = [];
  #dropped = 0;
  #length = 0;

  constructor(is: Omit<DeltaEvent, 'text'>) {
    this.is = is;
  }

  add(text: string): void {
    this.#length += text.length;
    if (this.#length > maxOpenText) {
      this.#dropped += this.#chunks.splice(0, Math.ceil(this.#chunks.length / 2)).length;
      this.#length = this.text().length + text.length;
    }
    this.#chunks.push(text);
  }

  /** How many chunks came so far. */
  get end(): number {
    return this.#dropped + this.#chunks.length;
  }

  /** The text from chunk `from` on, without what was dropped. */
  text(from = 0): string {
    return this.#chunks.slice(Math.max(0, from - this.#dropped)).join('');
  }
}

/** What a cursor reads. `statusVersion` grows with each change of the status. */
export interface Readable {
  readonly id: string;
  readonly items: readonly Item[];
  readonly open: ReadonlyMap<string, OpenText>;
  readonly status: () => ThreadStatus;
  readonly statusVersion: number;
  readonly isClosed: boolean;
}

export class Cursor implements Subscription {
  readonly answers: boolean;
  readonly #source: Readable;
  readonly #leave: (cursor: Cursor) => void;
  readonly #read = new Map<OpenText, number>();
  readonly #rest: ThreadEvent[] = [];
  #next: number;
  #statusVersion = -1;
  #isDone = false;
  /** Something happened: go and look. */
  wake: () => void = () => {};

  constructor(source: Readable, options: SubscribeOptions, leave: (cursor: Cursor) => void) {
    this.#source = source;
    this.#leave = leave;
    this.#next = (options.after ?? -1) + 1;
    this.answers = options.answers ?? false;
  }

  /** `open` is about to become an item: who has read everything before it gets the rest of its text first. */
  closing(open: OpenText): void {
    const isNext = this.#next >= this.#source.items.length && this.#read.has(open);
    if (isNext) this.#rest.push(...this.#delta(open));
    this.#read.delete(open);
  }

  [Symbol.dispose](): void {
    this.#isDone = true;
    this.#leave(this);
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ThreadEvent, void, undefined> {
    using _left = this; // leaving the loop leaves the thread
    while (!this.#isDone) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.wake = resolve;
      const event = this.#take();
      if (event !== undefined) yield event;
      else if (this.#source.isClosed) return;
      else await promise;
    }
  }

  #take(): ThreadEvent | undefined {
    const { id: thread, items, open, statusVersion } = this.#source;
    const item = items[this.#next];
    if (this.#rest.length > 0) return this.#rest.shift();
    if (item !== undefined) return (this.#next++, { type: 'item/appended', thread, item });
    for (const text of open.values()) for (const event of this.#delta(text)) return event;
    if (this.#statusVersion === statusVersion) return undefined;
    this.#statusVersion = statusVersion;
    return { type: 'thread/status', thread, status: this.#source.status() };
  }

  #delta(open: OpenText): readonly ThreadEvent[] {
    const from = this.#read.get(open) ?? 0;
    this.#read.set(open, open.end);
    return from === open.end ? [] : [{ ...open.is, text: open.text(from) }];
  }
}
