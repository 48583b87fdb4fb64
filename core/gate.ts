/** The gate: every policy judges every effect, the strictest verdict wins, and each decision is recorded. */

import type { Effect, Policy, Verdict } from './contracts.ts';
import { KernelError, messageOf } from './errors.ts';
import type { DecisionItem, Question, Settings } from './item.ts';
import type { Asked } from './protocol.ts';

/** What the gate needs of whoever the effect belongs to: a turn, or the kernel for effects outside any thread. */
export interface GateContext {
  readonly settings: Settings;
  /** In force now: those of the turn's start, and those added since. */
  readonly policies: () => readonly Policy[];
  readonly ask: (question: Question, call?: string) => Promise<Asked>;
  /** Resolves when the record is written well enough for the effect to happen. */
  readonly record: (decision: DecisionItem) => void | Promise<void>;
  /** The user said to stop the turn. */
  readonly stop: () => void;
}

type Judged = Verdict & Readonly<{ policy: string; by?: string }>;
const strictness = { allow: 0, ask: 1, deny: 2 } as const;

/** Resolves when the effect may happen, with its record written; throws `denied` with the reason otherwise. */
export async function passGate(effect: Effect, context: GateContext): Promise<void> {
  const policies = context.policies();
  const judging = policies.map((policy) => judge(policy, effect, context.settings));
  const verdicts = (await Promise.all(judging)).filter((one) => one !== undefined);
  const stricter = (a: Judged, b: Judged) =>
    strictness[b.verdict] > strictness[a.verdict] ? b : a;
  const strictest = verdicts.length === 0 ? unjudged(effect) : verdicts.reduce(stricter);
  const decided = strictest.verdict === 'ask' ? await ask(effect, strictest, context) : strictest;
  const { origin, thread: _thread, call, ...data } = effect;
  const verdict = decided.verdict === 'allow' ? 'allow' : 'deny';
  const id = crypto.randomUUID();
  await context.record({ type: 'decision', id, origin, call, effect: data, ...decided, verdict });
  const message = `denied: ${decided.reason} (rule: ${decided.rule})`;
  if (verdict === 'deny') throw new KernelError('denied', message);
}

async function judge(
  policy: Policy,
  effect: Effect,
  settings: Settings,
): Promise<Judged | undefined> {
  try {
    const verdict = await policy.judge(effect, settings);
    return verdict && { ...verdict, policy: policy.name };
  } catch (error) {
    const reason = `policy ${policy.name} failed: ${messageOf(error)}`;
    return { verdict: 'deny', reason, rule: 'a policy that fails denies', policy: policy.name };
  }
}

function unjudged(effect: Effect): Judged {
  const isNear = effect.kind === 'read' && effect.inside;
  const reason = isNear ? 'it is in the workspace' : 'no policy has a rule for it';
  const rule = isNear ? 'reads in the roots' : 'what no policy judges is asked';
  return { verdict: isNear ? 'allow' : 'ask', reason, rule, policy: 'kernel' };
}

async function ask(effect: Effect, judged: Judged, context: GateContext): Promise<Judged> {
  const { reason, rule, proposal } = judged;
  const { origin, thread: _thread, call, ...data } = effect;
  const kind = 'approval/ask';
  const asked = await context.ask({ kind, effect: data, origin, reason, rule, proposal }, call);
  const { by, decision = 'deny', remark = 'the user said no' } = asked;
  if (decision === 'stop') context.stop();
  const alone = `${reason}, and nobody is there to ask`;
  const no = { ...judged, verdict: 'deny', by, reason: by === 'nobody' ? alone : remark } as const;
  if (by === 'nobody' || decision === 'deny' || decision === 'stop') return no;
  const owner = context.policies().find((policy) => policy.name === judged.policy);
  if (decision !== 'once') owner?.answered?.(effect, decision, { proposal });
  return { ...judged, verdict: 'allow', by, reason: `${by} allowed it (${decision})` };
}
