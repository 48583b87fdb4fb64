/** What waits to be sent to one client: bounded, in order. */

/** More than this waiting, in characters, and nothing that can wait is added. */
const highMark = 256 * 1024;
/** A client that leaves so much unread, in characters, is let go. */
const maxWaiting = 64 * 1024 * 1024;

/** The most of one message, in characters: it fits beside what may wait already. */
export const maxSent = maxWaiting - highMark;

interface Waiting {
  text: string;
  readonly key: string | undefined;
}

/** Takes messages together; resolves when there is room for more. Never rejects. */
export type Send = (messages: readonly string[]) => Promise<void> | void;

/** Messages on their way to one client. `onFull`: it reads nothing and too much is waiting. */
export class Outbox {
  #waiting: Waiting[] = [];
  readonly #keyed = new Map<string, Waiting>();
  #length = 0;
  /** Until all that waits is sent. */
  #sending: Promise<void> | undefined;
  #isClosed = false;
  #room: PromiseWithResolvers<void> | undefined;
  readonly #send: Send;
  readonly #onFull: () => void;

  constructor(send: Send, onFull: () => void) {
    this.#send = send;
    this.#onFull = onFull;
  }

  /** Adds a message, or puts it in the place of the one that waits under the same key. */
  push(text: string, key?: string): void {
    if (this.#isClosed) return;
    const old = key === undefined ? undefined : this.#keyed.get(key);
    this.#length += text.length - (old?.text.length ?? 0);
    if (old === undefined) this.#add({ text, key });
    else old.text = text;
    if (this.#length > maxWaiting) return this.#onFull();
    this.#sending ??= this.#flush();
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (waiting.key !== undefined) this.#keyed.set(waiting.key, waiting);
  }

  /** Resolves once there is room, or nothing more is sent. */
  room(): Promise<void> | undefined {
    if (this.#length <= highMark || this.#isClosed) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /** Sends what waits, all that has come in the meantime together. */
  async #flush(): Promise<void> {
    await Promise.resolve(); // so that what comes in one go leaves in one go
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const batch = this.#waiting;
      const length = this.#length;
      this.#waiting = [];
      this.#keyed.clear();
      await this.#send(batch.map(({ text }) => text));
      this.#length -= length;
      if (this.#length <= highMark) this.#open();
    }
    this.#sending = undefined;
  }

  #open(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Drops what waits. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#open();
  }

  /** Resolves when all that waits is sent, or nothing can be sent any more; from then on what comes is dropped. */
  async end(gone: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    gone.addEventListener('abort', () => resolve(), { once: true });
    if (!gone.aborted) await Promise.race([promise, this.#sending]);
    this.close();
  }
}
