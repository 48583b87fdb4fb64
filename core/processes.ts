/** Processes, by who answers for them. */

import type * as plug from './contracts.ts';

/** A process with its name in its thread, and what was asked for. */
export type Child = Omit<plug.Process, 'id'> & Readonly<{ id: string; request: plug.SpawnRequest }>;

/** The processes that one owner (call, turn, thread, plugin) answers for. Disposing ends all of them. */
export class Processes implements AsyncDisposable {
  readonly running = new Map<string, Child>();
  /** Told when one comes or goes. */
  changed: () => void = () => {};
  /** How many were ever started, which names them. */
  count = 0;
  isClosed = false;

  /** From now on this owner's, until it ends or another adopts it. */
  adopt(child: Child, from?: Processes): void {
    from?.running.delete(child.id);
    this.running.set(child.id, child);
    this.changed();
    void child.exited.then(() => this.running.delete(child.id) && this.changed());
    if (this.isClosed) child.kill();
  }

  /** Resolves when they have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    const all = [...this.running.values()];
    for (const child of all) child.kill();
    await Promise.all(all.map((child) => child.exited));
  }
}
