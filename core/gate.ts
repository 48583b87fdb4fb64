/** The gate: every policy judges every effect, the strictest verdict wins, and each decision is recorded. */

import type { Effect, Policy, Verdict } from './contracts.ts';
import { KernelError, messageOf } from './errors.ts';
import type { Answer, DecisionItem, Question, Settings } from './item.ts';

/** What the gate needs of whoever the effect belongs to: a thread, or the kernel for effects outside any. */
export interface GateContext {
  /** In force now: those of the turn's start and those added since. */
  readonly policies: readonly Policy[];
  readonly settings: Settings;
  readonly signal?: AbortSignal | undefined;
  /** Puts a question to whoever can answer; `by` is `nobody` when nobody can. */
  readonly ask: (
    question: Question,
    call: string | undefined,
  ) => Promise<Answer & { readonly by: string }>;
  /** Writes the record; resolves when it is durable enough for the effect to happen. */
  readonly record: (decision: DecisionItem) => void | Promise<void>;
  /** The user said to stop the turn. */
  readonly stop: () => void;
}

type Decided = Verdict & { readonly verdict: 'allow' | 'deny'; readonly by?: string };
type Judged = Verdict & { readonly policy: string };

const strictness = { allow: 0, ask: 1, deny: 2 } as const;

/** Resolves when the effect may happen, with its record written; throws `denied` with the reason otherwise. */
export async function passGate(effect: Effect, context: GateContext): Promise<DecisionItem> {
  const judged = strictest(await judgeAll(effect, context)) ?? unjudged(effect);
  const decided: Decided =
    judged.verdict === 'ask'
      ? await ask(effect, judged, context)
      : { ...judged, verdict: judged.verdict };
  const decision = decisionOf(effect, decided, judged.policy);
  await context.record(decision);
  if (decision.verdict === 'deny')
    throw new KernelError('denied', `denied: ${decided.reason} (rule: ${decided.rule})`);
  return decision;
}

async function judgeAll(
  effect: Effect,
  context: GateContext,
): Promise<readonly (Judged | undefined)[]> {
  return Promise.all(context.policies.map((policy) => judgeOne(policy, effect, context.settings)));
}

async function judgeOne(
  policy: Policy,
  effect: Effect,
  settings: Settings,
): Promise<Judged | undefined> {
  try {
    const verdict = await policy.judge(effect, settings);
    return verdict === undefined ? undefined : { ...verdict, policy: policy.name };
  } catch (error) {
    const reason = `policy ${policy.name} failed: ${messageOf(error)}`;
    return { verdict: 'deny', reason, rule: 'a policy that fails denies', policy: policy.name };
  }
}

function strictest(verdicts: readonly (Judged | undefined)[]): Judged | undefined {
  let winner: Judged | undefined;
  for (const verdict of verdicts) {
    if (verdict === undefined) continue;
    if (winner === undefined || strictness[verdict.verdict] > strictness[winner.verdict])
      winner = verdict;
  }
  return winner;
}

function unjudged(effect: Effect): Judged {
  if (effect.kind === 'read' && effect.inside) {
    return {
      verdict: 'allow',
      reason: 'it is in the workspace',
      rule: 'reads in the roots',
      policy: 'kernel',
    };
  }
  return {
    verdict: 'ask',
    reason: 'no policy has a rule for it',
    rule: 'what no policy judges is asked',
    policy: 'kernel',
  };
}

async function ask(effect: Effect, judged: Judged, context: GateContext): Promise<Decided> {
  const { reason, rule, proposal } = judged;
  const question: Question = {
    kind: 'approval/ask',
    effect: summaryOf(effect),
    origin: effect.origin,
    reason,
    rule,
    ...(proposal === undefined ? {} : { proposal }),
  };
  const { by, decision = 'deny', remark } = await context.ask(question, effect.call);
  if (decision === 'stop') context.stop();
  if (by === 'nobody')
    return { ...judged, verdict: 'deny', by, reason: `${reason}, and nobody is there to ask` };
  if (decision === 'deny' || decision === 'stop') {
    return { ...judged, verdict: 'deny', by, reason: remark ?? 'the user said no' };
  }
  if (decision !== 'once') {
    for (const policy of context.policies)
      if (policy.name === judged.policy) policy.answered?.(effect, decision, proposal);
  }
  return { ...judged, verdict: 'allow', by, reason: `${by} allowed it (${decision})` };
}

function decisionOf(effect: Effect, decided: Decided, policy: string): DecisionItem {
  const { verdict, reason, rule, layer, file, by } = decided;
  const optional = { call: effect.call, layer, file, by };
  return {
    type: 'decision',
    id: crypto.randomUUID(),
    origin: effect.origin,
    effect: summaryOf(effect),
    verdict,
    reason,
    rule,
    policy,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

/** An effect as plain data, without what the record says elsewhere. */
function summaryOf(effect: Effect): DecisionItem['effect'] {
  const { origin: _origin, thread: _thread, call: _call, ...summary } = effect;
  return summary;
}
