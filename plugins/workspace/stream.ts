/** What comes in pieces and is asked for again and again: each time what came since, at once or when something comes. */

/** Pieces in order, kept until they are taken, in bounded memory. */
export class Stream<T> {
  readonly #pieces: T[] = [];
  readonly #sizeOf: (piece: T) => number;
  #size = 0;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(sizeOf: (piece: T) => number) {
    this.#sizeOf = sizeOf;
  }

  /** The pieces that wait, by the measure of `sizeOf`. */
  readonly size = () => this.#size;

  push(piece: T): void {
    this.#pieces.push(piece);
    this.#size += this.#sizeOf(piece);
    this.#wake();
  }

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** What waits, as soon as something does; `isOver`: nothing more will. Rejects when the signal aborts. */
  async take(
    signal: AbortSignal,
  ): Promise<{ readonly pieces: readonly T[]; readonly isOver: boolean }> {
    while (this.#pieces.length === 0 && !this.#isOver) {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    }
    this.#size = 0;
    return { pieces: this.#pieces.splice(0), isOver: this.#isOver };
  }
}
