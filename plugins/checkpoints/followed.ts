/** Which turn runs in which thread. */

import type { Event } from '../../core/index.ts';

export class Followed {
  readonly #turns = new Map<string, string>();
  /** Count the models' answers, and turns, of all threads. */
  steps = 0;
  turns = 0;

  hear(event: Event): void {
    if (event.type === 'thread/closed') this.#turns.delete(event.thread);
    if (event.type !== 'item/appended') return;
    const { thread, item } = event;
    if (item.type === 'step') this.steps++;
    if (item.type === 'turn') this.turns++;
    if (item.type === 'turn') this.#turns.set(thread, item.id);
    if (item.type === 'end') this.#turns.delete(thread);
  }

  /** The turn that runs. */
  turnOf(thread: string): string | undefined {
    return this.#turns.get(thread);
  }
}
