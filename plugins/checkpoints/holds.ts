/** Turns wait while files are taken back. */

/** Threads whose turns wait. */
export class Holds {
  readonly #held = new Map<string, Promise<void>>();

  /** From now on turns of this thread wait, until disposed. */
  take(thread: string): Disposable {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(thread, promise);
    return {
      [Symbol.dispose]: () => {
        this.#held.delete(thread);
        resolve();
      },
    };
  }

  /** Goes on when the thread is not held. */
  async wait<T>(thread: string, next: () => Promise<T>): Promise<T> {
    await this.#held.get(thread);
    return next();
  }
}
