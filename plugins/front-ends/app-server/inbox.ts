/** Messages that arrive by events, for one reader to take in its own time. */

/** More than this many untaken, and the sender is asked to wait. */
const highMark = 64;

interface Flow {
  readonly pause: () => void;
  readonly resume: () => void;
}

/** A queue of messages that pauses its sender. It is read once. */
export class Inbox<T> implements AsyncIterable<T> {
  #waiting: T[] = [];
  #isEnded = false;
  #isPaused = false;
  #wake: () => void = () => {};
  readonly #flow: Flow;

  constructor(flow: Flow = { pause: () => {}, resume: () => {} }) {
    this.#flow = flow;
  }

  push(message: T): void {
    if (this.#isEnded) return;
    this.#waiting.push(message);
    if (this.#waiting.length > highMark && !this.#isPaused) {
      this.#isPaused = true;
      this.#flow.pause();
    }
    this.#wake();
  }

  /** No more messages come; those that are there can still be taken. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const batch = this.#waiting;
      this.#waiting = [];
      yield* batch;
      if (this.#isPaused) {
        this.#isPaused = false;
        this.#flow.resume();
      }
      if (this.#waiting.length > 0) continue;
      if (this.#isEnded) return;
      await promise;
    }
  }
}
