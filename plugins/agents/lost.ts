/** Sub-agents whose program was killed. */

import type { Client } from '../../core/index.ts';

/** Closes what the child threads of a thread left open, by loading and unloading each; one that is open elsewhere is left alone. */
export async function closeChildren(parent: string, client: Client): Promise<void> {
  let cursor: string | undefined;
  do {
    const { threads, next } = await client.request('thread/list', { parent, limit: 100, cursor });
    for (const { id: thread } of threads) {
      const { items } = await client.request('thread/read', { thread });
      const isOpen =
        items.findLast(({ type }) => type === 'turn' || type === 'end')?.type === 'turn';
      if (!isOpen) continue;
      try {
        await client.request('thread/resume', { thread });
        await client.request('thread/close', { thread });
      } catch {
        continue; // another process works in it
      }
    }
    cursor = next;
  } while (cursor !== undefined);
}
