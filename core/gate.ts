/** The gate: every policy judges every effect, the strictest verdict wins, and each decision is recorded. */

import type * as plug from './contracts.ts';
import { aborted, KernelError, messageOf } from './errors.ts';
import type { DecisionItem, Question, Settings } from './item.ts';
import type { Asked } from './protocol.ts';

/**
 * Whose effects these are, and what judges them: a turn, or the kernel for what is outside any thread. `policies`: in
 * force now. `record` resolves when the record is written well enough for the effect to happen. `own` is closed once the owner has ended: nothing happens for it any more.
 */
export type Judged = Readonly<plug.Owner & { settings: Settings } & Judges>;
type Judges = { policies: () => readonly plug.Policy[]; own: { isClosed: boolean } } & Records;
type Records = { ask: (question: Question) => Promise<Asked>; record: Recording };
type Recording = (decision: DecisionItem) => void | Promise<void>;

type Opinion = plug.Verdict & Readonly<{ policy: string; by?: string }>;
const strictness = { deny: 0, ask: 1, allow: 2 } as const;
const byStrictness = (a: Opinion, b: Opinion) => strictness[a.verdict] - strictness[b.verdict];

/** Resolves when the effect may happen, with its record written; throws `denied` with the reason otherwise. */
export async function passGate(effect: plug.EffectBody, owner: Judged): Promise<void> {
  const { origin, thread, call } = owner;
  const whole = { ...effect, origin, thread, call };
  const judging = owner.policies().map((policy) => judge(policy, whole, owner.settings));
  const opinions = (await Promise.all(judging)).filter((one) => one !== undefined);
  const [strictest = unjudged(effect)] = opinions.toSorted(byStrictness);
  const decided = strictest.verdict === 'ask' ? await ask(whole, strictest, owner) : strictest;
  const verdict = decided.verdict === 'allow' ? 'allow' : 'deny';
  const id = crypto.randomUUID();
  if (owner.own.isClosed) throw aborted`${origin.name} has ended, and with it its effects`;
  await owner.record({ type: 'decision', id, origin, call, effect, ...decided, verdict });
  const message = `denied: ${decided.reason} (rule: ${decided.rule})`;
  if (verdict === 'deny') throw new KernelError('denied', message);
}

async function judge(policy: plug.Policy, effect: plug.Effect, settings: Settings) {
  const failed = (error: unknown): plug.Verdict => {
    const reason = `policy ${policy.name} failed: ${messageOf(error)}`;
    return { verdict: 'deny', reason, rule: 'a policy that fails denies' };
  };
  const verdict = await Promise.try(() => policy.judge(effect, settings)).catch(failed);
  return verdict && { ...verdict, policy: policy.name };
}

function unjudged(effect: plug.EffectBody): Opinion {
  const isNear = effect.kind === 'read' && effect.inside;
  const reason = isNear ? 'it is in the workspace' : 'no policy has a rule for it';
  const rule = isNear ? 'reads in the roots' : 'what no policy judges is asked';
  return { verdict: isNear ? 'allow' : 'ask', reason, rule, policy: 'kernel' };
}

async function ask(whole: plug.Effect, opinion: Opinion, owner: Judged): Promise<Opinion> {
  const { origin, thread: _thread, call: _call, ...effect } = whole;
  const { reason, rule, proposal } = opinion;
  const question = { kind: 'approval/ask', effect, origin, reason, rule, proposal } as const;
  const { by, decision = 'deny', remark = 'the user said no' } = await owner.ask(question);
  const alone = `${reason}, and nobody is there to ask`;
  const why = by === 'nobody' ? alone : by === 'closed' ? 'the turn ended first' : remark;
  if (decision === 'deny' || decision === 'stop')
    return { ...opinion, verdict: 'deny', by, reason: why };
  const policy = owner.policies().find(({ name }) => name === opinion.policy);
  if (decision !== 'once') policy?.answered?.(whole, decision, { proposal });
  return { ...opinion, verdict: 'allow', by, reason: `${by} allowed it (${decision})` };
}
