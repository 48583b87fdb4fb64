/** Tokens, as the wire counts them. */

import type { Usage } from '../../../../core/index.ts';
import type { WireUsage } from '../schemas/thread.ts';

/** What nothing costs. */
export const noTokens: Usage = { input: 0, cached: 0, output: 0, reasoning: 0 };

/** Both together. */
export function plus(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    cached: a.cached + b.cached,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
  };
}

/** All of a thread and its last model call; `window`: what the model can hold. */
export function usageOf(total: Usage, last: Usage, window: number | null): WireUsage {
  return { total: tokensOf(total), last: tokensOf(last), modelContextWindow: window };
}

function tokensOf({ input, cached, output, reasoning }: Usage): WireUsage['total'] {
  return {
    totalTokens: input + output,
    inputTokens: input,
    cachedInputTokens: cached,
    cacheWriteInputTokens: 0,
    outputTokens: output,
    reasoningOutputTokens: reasoning,
  };
}
