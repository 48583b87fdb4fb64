/** What is read of a thread while it grows: the text of open items, and cursors. A slow reader holds a place, not a queue. */

import type { Redactor } from './contracts.ts';
import type { Item } from './item.ts';
import type * as protocol from './protocol.ts';
import { redactText } from './redact.ts';

/** The most text of one open item that is kept for those who read later, in characters. */
const maxKept = 1_000_000;
/** The most that is held back while a word, or a PEM block, has not ended. */
const maxHeld = 8192;

/** Text that is still growing, with the item that will hold it, once that is there. */
export class OpenText {
  readonly is: Omit<protocol.DeltaEvent, 'text'>;
  item: Item | undefined;
  readonly #chunks: string[] = [];
  #held = '';
  #length = 0;
  #dropped = 0;

  constructor(is: OpenText['is']) {
    this.is = is;
  }

  /**
   * Takes text and gives what can be shown now, which with redactors is whole words, and PEM blocks, only: a secret split
   * over pieces is seen whole. Without text it gives the rest.
   */
  add(redactors: readonly Redactor[], text?: string): string {
    const held = this.#held + (text ?? '');
    const isWhole = text === undefined || redactors.length === 0 || held.length > maxHeld;
    const end = isWhole ? held.length : held.search(/-----BEGIN (?![^]*-----END )|\S*$/);
    const shown = redactText(held.slice(0, end), redactors);
    this.#held = held.slice(end);
    if (shown === '') return shown;
    this.#length += shown.length;
    this.#chunks.push(shown);
    const half = this.#length > maxKept ? Math.ceil(this.#chunks.length / 2) : 0; // each alone costs a move of all
    this.#length -= this.#chunks.splice(0, half).join('').length;
    this.#dropped += half;
    return shown;
  }

  /** As an item: without its own, or as far as it came. */
  readonly discarded = (reason: string) => ({ type: 'discarded', id: this.is.id, reason }) as const;
  readonly cut = () =>
    ({ type: 'assistant', id: this.is.id, text: this.text(), cut: true }) as const;
  /** How many chunks came so far. */
  readonly end = () => this.#dropped + this.#chunks.length;
  /** The text from chunk `from` on, without what was dropped. */
  readonly text = (from = 0) => this.#chunks.slice(Math.max(0, from - this.#dropped)).join('');
}

/** A place in a thread, which knows it for as long as it is read. `wake`: something happened, go and look. */
export type Cursor = protocol.Subscription & { readonly answers: boolean; wake: () => void };

/** What a cursor reads. `statusVersion` grows with each change of the status. */
export type Readable = Readonly<{ id: string; items: readonly Item[]; isClosed: boolean } & Live>;
type Live = { open: ReadonlyMap<string, OpenText>; cursors: Set<Cursor> } & Status;
type Status = { status: () => protocol.ThreadStatus; statusVersion: number };

/** Reads a thread from a place on. */
export function subscribe(thread: Readable, options: protocol.SubscribeOptions): Cursor {
  const { after = -1, answers = false } = options;
  let next = after + 1;
  let seen = -1;
  /** What was read of texts whose item was not. */
  const read = new Map<OpenText, number>();
  /** Items first; before an item the rest of its text, if that was being read; then what is open; then the status. */
  const take = (): protocol.ThreadEvent | undefined => {
    const item = thread.items[next];
    const texts = item === undefined ? thread.open.values() : read.keys();
    for (const text of [...texts].filter((one) => one.item === item)) {
      const from = read.get(text) ?? 0;
      read.set(text, text.end());
      if (item !== undefined) read.delete(text);
      if (from < text.end()) return { ...text.is, text: text.text(from) };
    }
    if (item !== undefined) next++;
    if (item !== undefined) return { type: 'item/appended', thread: thread.id, item };
    if (seen === thread.statusVersion) return undefined;
    seen = thread.statusVersion;
    return { type: 'thread/status', thread: thread.id, status: thread.status() };
  };
  const cursor: Cursor = {
    answers,
    wake: () => {},
    [Symbol.dispose]: () => {
      thread.cursors.delete(cursor);
      cursor.wake();
    },
    async *[Symbol.asyncIterator]() {
      using _left = cursor; // leaving the loop leaves the thread
      while (thread.cursors.has(cursor)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        cursor.wake = resolve;
        const event = take();
        if (event !== undefined) yield event;
        else if (thread.isClosed) return;
        else await promise;
      }
    },
  };
  thread.cursors.add(cursor);
  return cursor;
}
