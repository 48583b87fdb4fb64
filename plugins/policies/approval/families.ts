/** Sub-agents and whom they work for: what a person answers for a thread holds for those that work for it. */

import type { Client, Effect } from '../../../core/index.ts';

const maxKnown = 1000;

/** The thread at the top, for threads of sub-agents. */
export class Families {
  readonly #client: Client;
  readonly #tops = new Map<string, string>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** The thread that an effect is done for; `undefined` outside of threads. */
  async find(effect: Effect): Promise<string | undefined> {
    const { thread, origin } = effect;
    if (thread === undefined || origin.kind !== 'agent') return thread;
    const known = this.#tops.get(thread) ?? (await this.#topOf(thread));
    this.#tops.set(thread, known);
    const [oldest] = this.#tops.keys();
    if (this.#tops.size > maxKnown && oldest !== undefined) this.#tops.delete(oldest);
    return known;
  }

  /** The same without looking: what was found before, else the thread itself. */
  known({ thread }: Effect): string | undefined {
    return this.#tops.get(thread ?? '') ?? thread;
  }

  async #topOf(thread: string): Promise<string> {
    try {
      const { items } = await this.#client.request('thread/read', { thread, limit: 1 });
      const [first] = items;
      const parent = first?.type === 'thread' ? first.parent?.thread : undefined;
      return parent === undefined ? thread : await this.#topOf(parent);
    } catch {
      return thread; // its parent was deleted
    }
  }
}
