/** A stream of server-sent events that a browser may lose and take up again (HTML Living Standard, "Last-Event-ID"). */

import type { ServerResponse } from 'node:http';
import { beginEvents } from '../../serving/answers.ts';

/** What is kept of messages that were written, in characters, since nothing tells which of them arrived. */
const maxKept = 8 * 1024 * 1024;
/** What may wait for a stream before more has to wait. */
const maxUnsent = 256 * 1024;
/** So often a stream that has nothing to say shows that it is there. */
const idleMs = 15_000;

interface Event {
  readonly n: number;
  readonly text: string;
}

/** The messages for one client, numbered from 1, and the stream they are written to while there is one. */
export class EventStream {
  readonly #events: Event[] = [];
  #last = 0;
  /** The number of the last one that was written. */
  #written = 0;
  #length = 0;
  #unsent = 0;
  #response: ServerResponse | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  get isOpen(): boolean {
    return this.#response !== undefined;
  }

  /** Takes messages; resolves when there is room for more. */
  send(texts: readonly string[]): Promise<void> | undefined {
    for (const text of texts) {
      this.#events.push({ n: ++this.#last, text });
      this.#length += text.length;
      this.#unsent += text.length;
    }
    this.#flush();
    if (this.#unsent <= maxUnsent) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /**
   * Writes to this response from now on, after the event `after`; without it, what was not written yet. What came after
   * `after` and is kept no longer is told by an event of type `lost`: the client asks for its threads anew.
   */
  open(response: ServerResponse, after?: number): void {
    this.#response?.end();
    this.#response = response;
    beginEvents(response);
    response.write('retry: 500\n\n');
    const beat = setInterval(() => response.write(': idle\n\n'), idleMs).unref();
    response.on('drain', () => this.#flush());
    response.on('close', () => {
      clearInterval(beat);
      if (this.#response === response) this.#response = undefined;
    });
    if (after !== undefined) this.#rewind(after, response);
    this.#flush();
  }

  #rewind(after: number, response: ServerResponse): void {
    const first = this.#events[0]?.n ?? this.#last + 1;
    if (after < first - 1 || after > this.#last) response.write('event: lost\ndata: {}\n\n');
    this.#written = Math.max(after > this.#last ? 0 : after, first - 1);
    this.#unsent = this.#after(this.#written).reduce((sum, { text }) => sum + text.length, 0);
  }

  #after(n: number): readonly Event[] {
    const first = this.#events[0]?.n ?? 0;
    return this.#events.slice(Math.max(0, n + 1 - first));
  }

  #flush(): void {
    const response = this.#response;
    if (response === undefined) return;
    for (const { n, text } of this.#after(this.#written)) {
      if (response.writableNeedDrain) break;
      response.write(`id: ${n}\ndata: ${text}\n\n`);
      this.#written = n;
      this.#unsent -= text.length;
    }
    this.#forget();
    if (this.#unsent > maxUnsent) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Keeps what was not written, and as much as may have been lost of what was. */
  #forget(): void {
    let count = 0;
    for (const { n, text } of this.#events) {
      if (this.#length <= maxKept || n > this.#written) break;
      this.#length -= text.length;
      count++;
    }
    if (count > 0) this.#events.splice(0, count);
  }

  /** Ends the stream, and whoever waits for room. */
  close(): void {
    this.#response?.end();
    this.#room?.resolve();
  }
}
