/** What of a turn's own limit of tokens is left for its sub-agents. */

import { invalid, type Item, type ToolContext } from '../../core/index.ts';

/** With what its sub-agents have spent taken off; `Infinity` without a limit. Throws `invalid` when nothing is left. */
export async function leftOf({ call, client }: ToolContext, spentBelow: number): Promise<number> {
  const { items } = await client.request('thread/read', { thread: call.thread });
  const begun = items.find((item) => item.type === 'turn' && item.id === call.turn);
  const limit = begun?.type === 'turn' ? begun.limits?.tokens : undefined;
  if (limit === undefined) return Infinity;
  const steps = items.filter((item) => item.turn === call.turn).map(tokensOf);
  const left = limit - steps.reduce((sum, tokens) => sum + tokens, 0) - spentBelow;
  if (left > 0) return left;
  throw invalid`this sub-agent is not started: the turn's limit of ${limit} tokens is reached`;
}

function tokensOf(item: Item): number {
  if (item.type !== 'step' || item.usage === undefined) return 0;
  return item.usage.input + item.usage.output;
}
