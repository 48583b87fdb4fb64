/** Threads that nobody watches any more: unloaded, once they have been idle for long. */

import type { Client, ThreadStatus } from '../../../core/index.ts';

/** As codex-cli 0.169 has it. */
const usualMs = 1_800_000;

interface Watched {
  readonly client: Client;
  readonly isFollowed: (thread: string) => boolean;
  readonly afterMs?: number | undefined;
  readonly log: (message: string) => void;
}

interface Watch {
  status: ThreadStatus | undefined;
  timer?: NodeJS.Timeout;
}

/**
 * Watches all threads. One that no client follows is looked at after `afterMs`: its questions are declined, so that its
 * turn goes on; with nothing to do it is closed, and can be resumed. Disposing ends it.
 */
export class IdleThreads implements Disposable {
  readonly #watched: Watched;
  readonly #threads = new Map<string, Watch>();
  readonly #listening: Disposable;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#listening = watched.client.listen((event) => {
      if (event.type === 'thread/closed') return this.#forget(event.thread);
      if (event.type === 'thread/started') this.#note(event.thread, event.info.status);
      if (event.type === 'thread/status') this.#note(event.thread, event.status);
    });
  }

  #note(thread: string, status: ThreadStatus): void {
    const watch = this.#threads.get(thread) ?? { status };
    watch.status = status;
    this.#threads.set(thread, watch);
    this.look(thread);
  }

  /** To be called when a client begins or ends to follow a thread. */
  look(thread: string): void {
    const watch = this.#threads.get(thread);
    if (watch === undefined) return;
    clearTimeout(watch.timer);
    if (this.#watched.isFollowed(thread)) return;
    const { afterMs = usualMs, log } = this.#watched;
    const act = () =>
      this.#act(thread, watch.status).catch((error: unknown) => log(`${thread}: ${String(error)}`));
    watch.timer = setTimeout(() => void act(), afterMs).unref();
  }

  async #act(thread: string, status: ThreadStatus | undefined): Promise<void> {
    if (status === undefined || status.state === 'closed' || this.#watched.isFollowed(thread))
      return;
    const { client } = this.#watched;
    for (const { id: question } of status.questions)
      await client.request('question/answer', { thread, question, answer: { decision: 'deny' } });
    const isBusy = status.state === 'active' || status.queued > 0 || status.processes.length > 0;
    if (!isBusy) await client.request('thread/close', { thread });
  }

  #forget(thread: string): void {
    clearTimeout(this.#threads.get(thread)?.timer);
    this.#threads.delete(thread);
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    for (const thread of this.#threads.keys()) this.#forget(thread);
  }
}
