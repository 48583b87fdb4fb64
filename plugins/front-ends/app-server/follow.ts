/** Reads threads for one client, no faster than it reads. */

import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { Client, Subscription, SubscribeOptions } from '../../../core/index.ts';
import type { OnEvent } from './session.ts';

interface Pace {
  readonly client: Client;
  /** Resolves when there is room for more; `undefined`: there is. */
  readonly room: () => Promise<void> | undefined;
  /** The least time from delta to delta. */
  readonly deltaIntervalMs: number;
  /** Told when following a thread has begun or ended. */
  readonly onChange: (thread: string) => void;
  /** Told when reading a thread failed. */
  readonly onError: (error: unknown) => void;
}

/** The threads that one client follows. */
export class Following implements Disposable {
  readonly #pace: Pace;
  readonly #read = new Map<string, Subscription>();
  /** By the thread's id. */
  readonly threads: ReadonlyMap<string, unknown> = this.#read;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** As `Session.follow`. */
  follow(options: SubscribeOptions, onEvent: OnEvent): void {
    const subscription = this.#pace.client.subscribe(options);
    this.unfollow(options.thread);
    this.#read.set(options.thread, subscription);
    this.#pace.onChange(options.thread);
    void this.#pump(subscription, onEvent)
      .catch(this.#pace.onError)
      .finally(() => {
        if (this.#read.get(options.thread) === subscription) this.unfollow(options.thread);
      });
  }

  async #pump(subscription: Subscription, onEvent: OnEvent): Promise<void> {
    const { room, deltaIntervalMs } = this.#pace;
    for await (const event of subscription) {
      await onEvent(event);
      if (event.type === 'item/delta') await pause(deltaIntervalMs);
      const full = room();
      if (full !== undefined) await full;
    }
  }

  unfollow(thread: string): void {
    this.#read.get(thread)?.[Symbol.dispose]();
    if (this.#read.delete(thread)) this.#pace.onChange(thread);
  }

  [Symbol.dispose](): void {
    for (const thread of this.#read.keys()) this.unfollow(thread);
  }
}

/** Deltas that come meanwhile are merged by the kernel: what floods in leaves in pieces of a good size. */
async function pause(ms: number): Promise<void> {
  if (ms === 0) await nextTurn();
  else await wait(ms, undefined, { ref: false });
}
