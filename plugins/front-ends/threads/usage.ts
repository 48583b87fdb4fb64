/** Tokens of a thread, request by request. */

import type { Item, StepItem } from '../../../core/index.ts';
import { costOf, type Prices } from './prices.ts';
import { table } from '../terminal/table.ts';
import { count, duration, plural } from '../terminal/words.ts';

/** One model call. `fresh` are input tokens that were not cached, `output` those beside reasoning. */
export interface StepUsage {
  readonly turn: number;
  readonly model: string;
  readonly fresh: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
  readonly durationMs: number;
  /** In the currency of the prices; absent when there is none for this model. */
  readonly cost?: number;
}

/** The model calls of a thread; one whose usage the provider did not report counts as nothing. */
export function usageOf(items: readonly Item[], prices: Prices = {}): readonly StepUsage[] {
  let turn = 0;
  return items.flatMap((item) => {
    if (item.type === 'turn') turn++;
    return item.type === 'step' ? [withCost(stepUsage(item, turn), prices)] : [];
  });
}

function stepUsage({ usage, model, durationMs }: StepItem, turn: number): StepUsage {
  const { input, cached, output, reasoning } = usage ?? {
    input: 0,
    cached: 0,
    output: 0,
    reasoning: 0,
  };
  return {
    turn,
    model,
    fresh: input - cached,
    cached,
    output: output - reasoning,
    reasoning,
    durationMs,
  };
}

function withCost(step: StepUsage, prices: Prices): StepUsage {
  const cost = costOf(step, prices);
  return cost === undefined ? step : { ...step, cost };
}

/** The sum of some; what it cost only when each has a price. */
export function totalOf(steps: readonly StepUsage[]): Omit<StepUsage, 'turn' | 'model'> {
  const sum = (of: (step: StepUsage) => number) =>
    steps.reduce((total, step) => total + of(step), 0);
  const isPriced = steps.length > 0 && steps.every(({ cost }) => cost !== undefined);
  return {
    fresh: sum((step) => step.fresh),
    cached: sum((step) => step.cached),
    output: sum((step) => step.output),
    reasoning: sum((step) => step.reasoning),
    durationMs: sum((step) => step.durationMs),
    ...(isPriced ? { cost: sum((step) => step.cost ?? 0) } : {}),
  };
}

/** A table with a line for each request and their sum. */
export function usageTable(steps: readonly StepUsage[]): string {
  const hasCost = steps.some(({ cost }) => cost !== undefined);
  const numbers = (of: Omit<StepUsage, 'turn' | 'model'>) => [
    count(of.fresh),
    count(of.cached),
    count(of.output),
    count(of.reasoning),
    duration(of.durationMs),
    ...(hasCost ? [of.cost === undefined ? '-' : of.cost.toFixed(4)] : []),
  ];
  const rows = steps.map((step, at) => [
    String(at + 1),
    String(step.turn),
    ...numbers(step),
    step.model,
  ]);
  const head = ['REQUEST', 'TURN', 'FRESH', 'CACHED', 'OUTPUT', 'REASONING', 'TIME'];
  const named = [...head, ...(hasCost ? ['COST'] : []), 'MODEL'];
  return table(
    [named, ...rows, ['total', '', ...numbers(totalOf(steps)), '']],
    [0, 1, 2, 3, 4, 5, 6, ...(hasCost ? [7] : [])],
  );
}

/** How often the window was compacted. What compactors asked a model for is recorded nowhere, so no request counts it. */
export function compactionsIn(items: readonly Item[]): number {
  return items.filter((item) => item.type === 'window' && item.reason === 'compaction').length;
}

/** A line below the table; nothing when there were none. */
export function compactionNote(compactions: number): string {
  if (compactions === 0) return '';
  return `not counted: what ${plural(compactions, 'compaction')} asked a model for\n`;
}

/** What sub-agents of this thread's calls spent in threads of their own, by what their results tell of it. */
export interface SubAgentUsage {
  readonly threads: number;
  readonly tokens: number;
}

/** Of calls that ran a sub-agent, with what its own sub-agents spent. */
export function subAgentsIn(items: readonly Item[]): SubAgentUsage {
  const tokens = items.flatMap(({ type, ...item }) => {
    const detail = type === 'result' && 'detail' in item ? item.detail : undefined;
    const isTask = typeof detail?.['thread'] === 'string';
    return isTask && typeof detail['tokens'] === 'number' ? [detail['tokens']] : [];
  });
  return { threads: tokens.length, tokens: tokens.reduce((sum, one) => sum + one, 0) };
}

/** A line below the table; nothing when there were none. */
export function subAgentNote({ threads, tokens }: SubAgentUsage): string {
  if (threads === 0) return '';
  return `in threads of their own: ${count(tokens)} tokens of ${plural(threads, 'sub-agent')}\n`;
}
