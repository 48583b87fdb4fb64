/** What happens in one call for a host, as events that are asked for; and what all hosts are to be told. */

import { aborted } from '../../core/index.ts';
import type { Changed, HostEvent, HostLink } from './offers-slots.ts';

type Replies = Readonly<Record<string, unknown>>;

/** Events in order, for whoever asks for those after a number. */
class Log<T> {
  readonly #all: T[] = [];
  #more = Promise.withResolvers<void>();
  isOver = false;

  add(one: T): void {
    this.#all.push(one);
    this.#wake();
  }

  end(): void {
    this.isOver = true;
    this.#wake();
  }

  #wake(): void {
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  /** Those after the first `after`, once there are any, or it is over. */
  async after(after: number): Promise<readonly T[]> {
    while (this.#all.length <= after && !this.isOver) await this.#more.promise;
    return this.#all.slice(after);
  }
}

type Own = 'abilities' | 'ask' | 'progress' | 'log';

/** One call. */
export class HostCall {
  readonly #log = new Log<HostEvent>();
  readonly #asked: ((replies: Replies) => void)[] = [];

  /** The host's side of it. What was asked is no longer waited for once the signal is aborted. */
  link(abilities: Replies, signal: AbortSignal): Pick<HostLink, Own> {
    return {
      abilities,
      ask: (asked) => {
        const { promise, resolve, reject } = Promise.withResolvers<Replies>();
        const ask = this.#asked.push(resolve) - 1;
        const stop = () => reject(aborted`the call has ended`);
        signal.addEventListener('abort', stop, { once: true });
        this.#log.add({ type: 'ask', ask, requests: asked });
        return promise.finally(() => signal.removeEventListener('abort', stop));
      },
      progress: (at) => this.#log.add({ type: 'progress', ...at }),
      log: (level, data) => this.#log.add({ type: 'log', level, data }),
    };
  }

  reply(ask: number, replies: Replies): void {
    this.#asked[ask]?.(replies);
  }

  readonly end = () => this.#log.end();

  /** The events after the first `after`, once there are any; `isOver`: no more will come. */
  async next(after: number) {
    const events = await this.#log.after(after);
    return { events, isOver: this.#log.isOver };
  }
}

/** What all hosts are to be told. */
export class ChangeLog {
  readonly #log = new Log<Changed>();

  readonly add = (change: Changed) => this.#log.add(change);
  readonly end = () => this.#log.end();

  /** The changes after the first `after`, once there are any. */
  async next(after: number) {
    const changes = await this.#log.after(after);
    return { changes, last: after + changes.length, isOver: this.#log.isOver };
  }
}
