/** What a turn came to, as a host is told: in a text, and as structured content. */

import type { CallItem, DecisionItem, Item, ResultItem, Settings } from '../../../core/index.ts';
import { noOutcome, outcomeWith, type Outcome } from '../exec/outcome.ts';
import { failureOf } from '../exec/reporter.ts';
import { viewOf } from '../view/call-view.ts';
import { effectText } from './question.ts';

/** An effect that was denied; `allow` is the rule that would allow it. */
interface Denied {
  readonly effect: string;
  readonly reason: string;
  readonly rule: string;
  readonly allow?: string;
}

/** The structured content of `spindle` and `spindle-reply`; `reportSchema` describes it. */
export interface Report {
  readonly [name: string]: unknown;
  readonly threadId: string;
  readonly turnId: string;
  readonly status: string;
  readonly answer: string;
  readonly output?: unknown;
  readonly changes: readonly {
    readonly path: string;
    readonly kind: string;
    readonly to?: string;
  }[];
  readonly denied: readonly Denied[];
  readonly usage: Readonly<Record<string, number>>;
}

const texts = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
const listOf = (names: readonly string[], required: readonly string[]) => ({
  type: 'array',
  items: { type: 'object', properties: texts(names), required },
});
const numbers = ['input', 'cached', 'output', 'reasoning', 'steps'];

/** The JSON Schema of a Report. */
export const reportSchema = {
  type: 'object',
  properties: {
    threadId: { type: 'string', description: 'Goes on with spindle-reply.' },
    turnId: { type: 'string' },
    status: { type: 'string', enum: ['completed', 'interrupted', 'failed', 'limit'] },
    answer: { type: 'string' },
    output: {
      anyOf: ['object', 'array', 'string', 'number', 'boolean'].map((type) => ({ type })),
      description: 'The answer by the output schema that was asked for.',
    },
    changes: { ...listOf(['path', 'kind', 'to'], ['path', 'kind']), description: 'Files changed.' },
    denied: {
      ...listOf(['effect', 'reason', 'rule', 'allow'], ['effect', 'reason', 'rule']),
      description: 'What was not done; `allow` is the rule that would allow it.',
    },
    usage: {
      type: 'object',
      properties: Object.fromEntries(numbers.map((name) => [name, { type: 'number' }])),
    },
  },
  required: ['threadId', 'turnId', 'status', 'answer', 'changes', 'denied', 'usage'],
};

/** A turn as far as it has been followed. */
export interface Followed {
  readonly outcome: Outcome;
  readonly calls: ReadonlyMap<string, CallItem>;
  readonly changes: ReadonlyMap<string, Report['changes'][number]>;
  readonly denied: readonly DecisionItem[];
  /** The last result of a call. */
  readonly result?: ResultItem;
}

/** Before the first item. */
export const nothingYet: Followed = {
  outcome: noOutcome,
  calls: new Map(),
  changes: new Map(),
  denied: [],
};

/** With one more item of the turn. */
export function followedWith(before: Followed, item: Item): Followed {
  const outcome = outcomeWith(before.outcome, item);
  const followed = { ...before, outcome, ...(item.type === 'result' && { result: item }) };
  if (item.type === 'call')
    return { ...followed, calls: new Map([...before.calls, [item.call, item]]) };
  if (item.type === 'decision' && item.verdict === 'deny')
    return { ...followed, denied: [...before.denied, item] };
  const call = item.type === 'result' && !item.isError ? before.calls.get(item.call) : undefined;
  if (item.type !== 'result' || call === undefined) return followed;
  const view = viewOf(call, item);
  if (view.kind !== 'patch') return followed;
  const made = view.changes.map(
    ({ path, kind, to }) => [path, { path, kind, ...(to && { to }) }] as const,
  );
  return { ...followed, changes: new Map([...before.changes, ...made]) };
}

/** The report of a turn that has ended. */
export function reportOf(
  followed: Followed,
  of: { readonly thread: string; readonly turn: string },
): Report {
  const { outcome, changes } = followed;
  const { usage, steps, end } = outcome;
  return {
    threadId: of.thread,
    turnId: of.turn,
    status: end?.status ?? 'failed',
    answer: end?.status === 'completed' ? outcome.text : (failureOf(outcome) ?? outcome.text),
    changes: [...changes.values()],
    denied: followed.denied.map(deniedOf),
    usage: { ...usage, steps },
  };
}

/** A denial as it is told. */
export function deniedOf(decision: DecisionItem): Denied {
  const { effect, reason, rule, proposal } = decision;
  const allow = proposal === undefined ? {} : { allow: JSON.stringify(proposal) };
  return { effect: effectText(effect), reason, rule, ...allow };
}

/** The same for hosts that read text alone. */
export function reportText({ answer, status, changes, denied, threadId }: Report): string {
  const changed = changes.map(
    ({ path, kind, to }) => `- ${kind} ${path}${to === undefined ? '' : ` -> ${to}`}`,
  );
  const refused = denied.map(deniedText);
  return [
    ...(status === 'completed' ? [] : [`The turn did not complete (${status}).`]),
    answer,
    ...(changed.length === 0 ? [] : ['', 'Files changed:', ...changed]),
    ...(refused.length === 0 ? [] : ['', 'Denied:', ...refused]),
    '',
    `threadId: ${threadId}`,
  ].join('\n');
}

/** What was denied, why, and the rule that would allow it, on one line. */
export function deniedText({ effect, reason, rule, allow }: Denied): string {
  const how = allow === undefined ? '' : `; this rule would allow it: ${allow}`;
  return `- ${effect.replaceAll('\n', ' ')}: ${reason} (rule: ${rule})${how}`;
}

/** What of a thread's settings a host is shown. */
export const settingsShown = ({ cwd, provider, model, sandbox, approval, network }: Settings) => ({
  cwd,
  provider,
  ...(model === undefined ? {} : { model }),
  sandbox,
  approval,
  network,
});
