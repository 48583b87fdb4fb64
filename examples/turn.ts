/** One turn of a new thread: what most examples do after they have made their kernel. */

import type { Item, Kernel } from 'spindle';

/** Says `text` in a new thread that is kept in memory only, and gives the items when the turn has ended. */
export async function runTurn(kernel: Kernel, text: string): Promise<readonly Item[]> {
  const client = kernel.client('example');
  const { id: thread } = await client.request('thread/start', { ephemeral: true });
  await client.request('turn/start', { thread, input: [{ type: 'text', text }] });
  const items: Item[] = [];
  for await (const event of client.subscribe({ thread })) {
    if (event.type !== 'item/appended') continue;
    items.push(event.item);
    if (event.item.type === 'end') break;
  }
  return items;
}
