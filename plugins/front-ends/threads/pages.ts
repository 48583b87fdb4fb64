/** Items of stored threads, a page at a time. */

import type { Client, Item } from '../../../core/index.ts';

const pageItems = 2000;

/** All items in order. Throws `not_found`. */
export async function* itemsOf(client: Client, thread: string): AsyncGenerator<Item> {
  for (let after = -1; ;) {
    const { items, last } = await client.request('thread/read', {
      thread,
      after,
      limit: pageItems,
    });
    yield* items;
    after += items.length;
    if (after >= last || items.length === 0) return;
  }
}
