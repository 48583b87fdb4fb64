/** What is recorded of a thread, with what it took over from the thread that it was copied from. */

import type { Client, Item } from '../../core/index.ts';
import type { Records } from './files/records.ts';
import type { Line } from './record.ts';

/** A thread's items and lines. */
export interface Past {
  readonly items: readonly Item[];
  readonly lines: readonly Line[];
}

/** How far copies of copies are followed. */
const maxForks = 20;

/** Reads a thread, loaded or not. Throws `not_found`. */
export async function readPast(thread: string, client: Client, records: Records): Promise<Past> {
  const { items } = await client.request('thread/read', { thread });
  const turns = new Set(items.flatMap((item) => (item.type === 'turn' ? [item.id] : [])));
  const inherited: Line[] = [];
  let [first] = items as readonly [Item?];
  for (let count = 0; count < maxForks; count++) {
    const from = first?.type === 'thread' ? first.fork?.thread : undefined;
    if (from === undefined) break;
    const own = records.read(from).filter((line) => line.type !== 'revert' && turns.has(line.turn));
    inherited.unshift(...own);
    first = await firstItem(from, client);
  }
  return { items, lines: [...inherited, ...records.read(thread)] };
}

/** Nothing when the thread is not there any more. */
async function firstItem(thread: string, client: Client): Promise<Item | undefined> {
  try {
    return (await client.request('thread/read', { thread, limit: 1 })).items[0];
  } catch {
    return undefined;
  }
}
