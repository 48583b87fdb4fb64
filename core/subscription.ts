/** Cursors over a thread: what every client reads. A slow one holds a place, not a queue. */

import type { Item } from './item.ts';
import type { SubscribeOptions, Subscription, ThreadEvent, ThreadStatus } from './protocol.ts';

/** The most text of one open item that is kept for those who read later, in characters. */
const maxOpenText = 1_000_000;

/** Text that is still growing; the item that will hold it closes it. */
export class OpenText {
  readonly id: string;
  readonly kind: 'text' | 'reasoning' | 'args' | 'output';
  readonly name: string | undefined;
  #chunks: string[] = [];
  #dropped = 0;
  #length = 0;

  constructor(id: string, kind: OpenText['kind'], name?: string) {
    this.id = id;
    this.kind = kind;
    this.name = name;
  }

  add(text: string): void {
    this.#chunks.push(text);
    this.#length += text.length;
    if (this.#length > maxOpenText) this.#dropOldest();
  }

  #dropOldest(): void {
    let count = 0;
    for (; count < this.#chunks.length - 1 && this.#length > maxOpenText / 2; count++) {
      this.#length -= this.#chunks[count]?.length ?? 0;
    }
    this.#chunks.splice(0, count);
    this.#dropped += count;
  }

  /** How many chunks came so far. */
  get end(): number {
    return this.#dropped + this.#chunks.length;
  }

  /** The text from chunk `from` on; of what was dropped in between, nothing. */
  text(from: number): string {
    return this.#chunks.slice(Math.max(0, from - this.#dropped)).join('');
  }
}

/** What a cursor reads. */
export interface Readable {
  readonly id: string;
  readonly items: readonly Item[];
  readonly open: ReadonlyMap<string, OpenText>;
  readonly status: () => ThreadStatus;
  /** Grows with each change of the status. */
  readonly statusVersion: number;
  readonly isClosed: boolean;
}

export class Cursor implements Subscription {
  readonly answers: boolean;
  readonly #source: Readable;
  readonly #leave: (cursor: Cursor) => void;
  #next: number;
  #read = new Map<OpenText, number>();
  #rest: ThreadEvent[] = [];
  #statusVersion = -1;
  #wake: (() => void) | undefined;
  #isDone = false;

  constructor(source: Readable, options: SubscribeOptions, leave: (cursor: Cursor) => void) {
    this.#source = source;
    this.#leave = leave;
    this.#next = (options.after ?? -1) + 1;
    this.answers = options.answers ?? false;
  }

  /** Something happened: go and look. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** `open` is about to become an item: who has read everything before it gets the rest of its text first. */
  closing(open: OpenText): void {
    const isNext = this.#next >= this.#source.items.length;
    const event = isNext && this.#read.has(open) ? this.#delta(open) : undefined;
    if (event !== undefined) this.#rest.push(event);
    this.#read.delete(open);
  }

  [Symbol.dispose](): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#leave(this);
    this.wake();
  }

  [Symbol.asyncIterator](): AsyncIterator<ThreadEvent, undefined> {
    return {
      next: async () => {
        for (;;) {
          if (this.#isDone) return { done: true, value: undefined };
          const value = this.#take();
          if (value !== undefined) return { done: false, value };
          if (this.#source.isClosed) this[Symbol.dispose]();
          else await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      },
      return: () => {
        this[Symbol.dispose]();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  #take(): ThreadEvent | undefined {
    const { id, items, open } = this.#source;
    const rest = this.#rest.shift();
    if (rest !== undefined) return rest;
    const item = items[this.#next];
    if (item !== undefined) {
      this.#next++;
      return { type: 'item/appended', thread: id, item };
    }
    for (const text of open.values()) {
      const event = this.#delta(text);
      if (event !== undefined) return event;
    }
    if (this.#statusVersion === this.#source.statusVersion) return undefined;
    this.#statusVersion = this.#source.statusVersion;
    return { type: 'thread/status', thread: id, status: this.#source.status() };
  }

  #delta(open: OpenText): ThreadEvent | undefined {
    const from = this.#read.get(open) ?? 0;
    if (from === open.end) return undefined;
    this.#read.set(open, open.end);
    const { id, kind, name } = open;
    const text = open.text(from);
    return {
      type: 'item/delta',
      thread: this.#source.id,
      id,
      kind,
      text,
      ...(name === undefined ? {} : { name }),
    };
  }
}
