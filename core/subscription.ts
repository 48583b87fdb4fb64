/** What is read of a thread while it grows: the text of open items, and cursors. A slow reader holds a place, not a queue. */

import type { Redactor } from './contracts.ts';
import type { Item } from './item.ts';
import type * as protocol from './protocol.ts';
import { redactText } from './redact.ts';

/** The most text of one open item that is kept for those who read later, in characters. */
const maxKept = 1_000_000;
/** The most that is held back while a word has not ended. */
const maxHeld = 4096;

type Opened = Omit<protocol.DeltaEvent, 'text'>;

/** Text that is still growing; the item that will hold it closes it. */
export class OpenText {
  readonly is: Opened;
  /** Once it is there. */
  item: Item | undefined;
  readonly #chunks: string[] = [];
  #held = '';
  #length = 0;
  #dropped = 0;

  constructor(is: Opened) {
    this.is = is;
  }

  /**
   * Takes text and gives what can be shown now, which with redactors is whole words only: a secret split over pieces is
   * seen whole. Without text it gives the rest.
   */
  add(redactors: readonly Redactor[], text?: string): string {
    const held = this.#held + (text ?? '');
    const isWhole = text === undefined || redactors.length === 0 || held.length > maxHeld;
    const end = isWhole ? held.length : held.length - (held.split(/\s/).at(-1)?.length ?? 0);
    const shown = redactText(held.slice(0, end), redactors);
    this.#held = held.slice(end);
    if (shown === '') return shown;
    this.#chunks.push(shown);
    this.#length += shown.length;
    for (; this.#length > maxKept; this.#dropped++)
      this.#length -= this.#chunks.shift()?.length ?? 0;
    return shown;
  }

  /** Without its item. */
  readonly discarded = (reason: string) => ({ type: 'discarded', id: this.is.id, reason }) as const;

  /** How many chunks came so far. */
  readonly end = () => this.#dropped + this.#chunks.length;
  /** The text from chunk `from` on, without what was dropped. */
  readonly text = (from = 0) => this.#chunks.slice(Math.max(0, from - this.#dropped)).join('');
}

/** What a cursor reads. `statusVersion` grows with each change of the status. */
export interface Readable {
  readonly id: string;
  readonly items: readonly Item[];
  readonly open: ReadonlyMap<string, OpenText>;
  readonly cursors: Set<Cursor>;
  readonly status: () => protocol.ThreadStatus;
  readonly statusVersion: number;
  readonly isClosed: boolean;
}

/** A place in a thread, which knows it for as long as it is read. */
export class Cursor implements protocol.Subscription {
  readonly answers: boolean;
  readonly #source: Readable;
  /** What was read of texts whose item was not. */
  readonly #read = new Map<OpenText, number>();
  #next: number;
  #statusVersion = -1;
  /** Something happened: go and look. */
  wake: () => void = () => {};

  constructor(source: Readable, { after = -1, answers = false }: protocol.SubscribeOptions) {
    this.#source = source;
    this.#next = after + 1;
    this.answers = answers;
    source.cursors.add(this);
  }

  [Symbol.dispose](): void {
    this.#source.cursors.delete(this);
    this.wake();
  }

  async *[Symbol.asyncIterator]() {
    using scope = new DisposableStack();
    scope.use(this); // leaving the loop leaves the thread
    while (this.#source.cursors.has(this)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.wake = resolve;
      const event = this.#take();
      if (event !== undefined) yield event;
      else if (this.#source.isClosed) return;
      else await promise;
    }
  }

  /** Items first; before an item the rest of its text, if that was being read; then what is open; then the status. */
  #take(): protocol.ThreadEvent | undefined {
    const { id: thread, items, open, statusVersion } = this.#source;
    const item = items[this.#next];
    const texts = item === undefined ? open.values() : this.#read.keys();
    for (const text of [...texts].filter((one) => one.item === item)) {
      const from = this.#read.get(text) ?? 0;
      this.#read.set(text, text.end());
      if (item !== undefined) this.#read.delete(text);
      if (from < text.end()) return { ...text.is, text: text.text(from) };
    }
    if (item !== undefined) this.#next++;
    if (item !== undefined) return { type: 'item/appended', thread, item };
    if (this.#statusVersion === statusVersion) return undefined;
    this.#statusVersion = statusVersion;
    return { type: 'thread/status', thread, status: this.#source.status() };
  }
}
