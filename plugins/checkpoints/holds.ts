/** Turns wait while files are taken back. */

import { conflict } from '../../core/index.ts';

/** Threads whose turns wait. */
export class Holds {
  readonly #held = new Map<string, Promise<void>>();

  /** From now on turns of this thread wait, until disposed. Throws `conflict` when they do already. */
  take(thread: string): Disposable {
    if (this.#held.has(thread))
      throw conflict`cannot revert while another revert of ${thread} runs`;
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
