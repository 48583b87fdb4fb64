/** The demonstration's turn. */

import type { SandboxMode } from '../../../core/index.ts';
import type { CommandContext } from '../command-line/run.ts';
import { shown } from '../terminal/style.ts';
import { itemLines } from '../view/item-lines.ts';

/** Where it is played and who is told, line by line. */
export interface TurnContext extends CommandContext {
  readonly mode: SandboxMode;
  readonly print: (lines: readonly string[]) => Promise<void>;
}

/** Plays one turn in a thread that is kept in memory only. Rejects with the signal's reason on abort. */
export async function playTurn(prompt: string, context: TurnContext): Promise<void> {
  const { client, cwd, style, signal, mode, print } = context;
  const settings = { sandbox: mode };
  const { id: thread, last } = await client.request('thread/start', { settings, ephemeral: true });
  const linesOf = itemLines({ style, cwd, maxDiff: 24, maxTail: 0 });
  using events = client.subscribe({ thread, after: last });
  await client.request('turn/start', { thread, input: [{ type: 'text', text: prompt }] });
  const interrupt = () => void client.request('turn/interrupt', { thread }).catch(() => {});
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    for await (const event of events) {
      if (event.type !== 'item/appended') continue;
      const { item } = event;
      if (item.type === 'assistant') await print([shown(item.text)]);
      await print(linesOf(item));
      if (item.type === 'end' && item.error !== undefined)
        await print([style.red(item.error.message)]);
      if (item.type === 'end') break;
    }
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
  signal.throwIfAborted();
}
