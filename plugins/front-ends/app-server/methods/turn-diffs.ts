/** The diff of a whole turn: of the plugin that keeps checkpoints, else what its patches changed, one after the other. */

import type { Client } from '../../../../core/index.ts';

/** Files that a patch of the turn has changed, as its result details them. */
interface Patched {
  readonly thread: string;
  readonly turn: string;
  readonly changes: unknown;
}

export class TurnDiffs {
  #turn = '';
  #patches = '';
  #hasCheckpoints = true;

  /** The diff of the turn so far, with these changes. */
  async after(client: Client, { thread, turn, changes }: Patched): Promise<string> {
    if (turn !== this.#turn) this.#patches = '';
    this.#turn = turn;
    this.#patches += diffsOf(changes);
    return (await this.#checkpoint(client, { thread, turn })) || this.#patches;
  }

  async #checkpoint(client: Client, turn: object): Promise<string | undefined> {
    if (!this.#hasCheckpoints) return undefined;
    try {
      const { diff } = Object(await client.call('checkpoint/diff', turn)) as { diff?: unknown };
      return typeof diff === 'string' ? diff : undefined;
    } catch {
      this.#hasCheckpoints = false; // it is not there, or has none of this thread
      return undefined;
    }
  }
}

function diffsOf(changes: unknown): string {
  if (!Array.isArray(changes)) return '';
  const diffs = changes.map((one: { diff?: unknown }) => one.diff);
  return diffs.filter((diff) => typeof diff === 'string').join('');
}
