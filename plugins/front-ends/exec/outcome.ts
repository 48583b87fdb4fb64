/** What a turn came to, and the exit code that says so. */

import type { EndItem, ErrorData, Item, ResultItem, StepItem, Usage } from '../../../core/index.ts';

/** A turn as far as it has gone. */
export interface Outcome {
  /** The model's last words. */
  readonly text: string;
  /** Summed over its steps. */
  readonly usage: Usage;
  readonly steps: number;
  /** How the model's last answer stopped. */
  readonly stop: StepItem['stop'];
  /** How many effects were denied because nobody was there to ask, those of sub-agents too. */
  readonly denied: number;
  /** How many questions of the model nobody was there to answer. */
  readonly unanswered: number;
  /** Tokens that sub-agents have spent, in and out. */
  readonly below: number;
  readonly end?: EndItem;
  /** What broke the thread, so that the turn has no end. */
  readonly broken?: ErrorData;
}

/** Before the first item. */
export const noOutcome: Outcome = {
  text: '',
  usage: { input: 0, cached: 0, output: 0, reasoning: 0 },
  steps: 0,
  stop: 'end',
  denied: 0,
  unanswered: 0,
  below: 0,
};

/** The outcome with one more item of the turn. */
export function outcomeWith(outcome: Outcome, item: Item): Outcome {
  if (item.type === 'assistant') return { ...outcome, text: item.text };
  if (item.type === 'end') return { ...outcome, end: item };
  if (item.type === 'decision' && item.verdict === 'deny' && item.by === 'nobody')
    return { ...outcome, denied: outcome.denied + 1 };
  if (item.type === 'result') return withBelow(outcome, item);
  if (item.type !== 'step') return outcome;
  const { usage, steps } = outcome;
  const more = item.usage ?? noOutcome.usage;
  return {
    ...outcome,
    steps: steps + 1,
    stop: item.stop,
    usage: {
      input: usage.input + more.input,
      cached: usage.cached + more.cached,
      output: usage.output + more.output,
      reasoning: usage.reasoning + more.reasoning,
    },
  };
}

/** What the result of a sub-agent tells, or that of a question. */
function withBelow(outcome: Outcome, { detail = {} }: ResultItem): Outcome {
  const { denied, tokens, unanswered } = detail;
  return {
    ...outcome,
    denied: outcome.denied + (Array.isArray(denied) ? denied.length : 0),
    unanswered: outcome.unanswered + (typeof unanswered === 'number' ? unanswered : 0),
    below: outcome.below + (typeof tokens === 'number' ? tokens : 0),
  };
}

/** The exit codes of docs/exec.md. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  limit: 4,
  unreachable: 5,
} as const;

/** The exit code of a turn. */
export function exitCodeOf({ end, denied, unanswered, stop }: Outcome): number {
  if (end?.status === 'limit') return exitCodes.limit;
  if (end?.error?.code === 'model_unreachable') return exitCodes.unreachable;
  if (end?.status !== 'completed') return exitCodes.failed;
  if (stop === 'length') return exitCodes.limit;
  if (stop === 'filter') return exitCodes.failed;
  return denied + unanswered > 0 ? exitCodes.denied : exitCodes.done;
}
