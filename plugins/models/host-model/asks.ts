/** Model calls on their way to a host and back. */

import { newId } from '../../../core/index.ts';

/** What came of one: MCP's result, or why there is none. */
export interface Answer {
  readonly result?: unknown;
  readonly error?: string;
}
interface Ask {
  readonly id: string;
  readonly thread: string;
  readonly params: unknown;
}

/** They wait, in order, until somebody takes them and answers. */
export class Asks {
  readonly #open: Ask[] = [];
  readonly #answers = new Map<string, (answer: Answer) => void>();
  #more = Promise.withResolvers<void>();

  /** Resolves with the answer. Rejects when the signal is aborted. */
  async ask(thread: string, params: unknown, signal: AbortSignal): Promise<Answer> {
    const id = newId();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const stop = () => reject(signal.reason as Error); // the turn's
    signal.addEventListener('abort', stop, { once: true });
    this.#answers.set(id, resolve);
    this.#open.push({ id, thread, params });
    this.#more.resolve();
    this.#more = Promise.withResolvers();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', stop);
      this.#answers.delete(id);
      const at = this.#open.findIndex((one) => one.id === id);
      if (at >= 0) this.#open.splice(at, 1);
    }
  }

  /** The next one of a thread, which is taken; without `id` when the signal was aborted first. */
  async next(thread: string, signal: AbortSignal): Promise<Partial<Omit<Ask, 'thread'>>> {
    const stopped = Promise.withResolvers<void>();
    const stop = () => stopped.resolve();
    signal.addEventListener('abort', stop, { once: true });
    for (;;) {
      const at = this.#open.findIndex((one) => one.thread === thread);
      const [found] = at < 0 ? [] : this.#open.splice(at, 1);
      if (found !== undefined || signal.aborted) {
        signal.removeEventListener('abort', stop);
        return found === undefined ? {} : { id: found.id, params: found.params };
      }
      await Promise.race([this.#more.promise, stopped.promise]);
    }
  }

  readonly answer = (id: string, answer: Answer) => this.#answers.get(id)?.(answer);
}
