/** The gate: every policy judges every effect, the strictest verdict wins, and each decision is recorded. */

import type * as plug from './contracts.ts';
import { aborted, KernelError, messageOf } from './errors.ts';
import { newId, type Origin, type Settings } from './item.ts';
import type { Processes } from './processes.ts';
import { within } from './race.ts';
import type { Base } from './registry.ts';
import type { Get } from './slot.ts';
import { policies } from './slots.ts';
import type { Thread } from './thread.ts';

/**
 * Whose effects these are, and for how long: in a turn on its settings, with what it read from the slots, or outside any
 * thread. Effects end with `own` (a call, a turn, a plugin), and so do processes, but for those that a thread keeps. The
 * signal ends what is under way.
 */
export type Owner = Readonly<{ base: Base; origin: Origin; own: Processes } & In>;
type In = { settings: Settings; get: Get; thread?: Thread; call?: string; signal: AbortSignal };

type Opinion = plug.Verdict & Readonly<{ policy: string; by?: string }>;
const strictness = { deny: 0, ask: 1, allow: 2 } as const;
const byStrictness = (a: Opinion, b: Opinion) => strictness[a.verdict] - strictness[b.verdict];

/** Resolves when the effect may happen, with its record written; throws `denied` with the reason otherwise. */
export async function passGate(effect: plug.EffectBody, owner: Owner): Promise<void> {
  const { origin, thread, call, settings, base } = owner;
  const whole = { ...effect, origin, thread: thread?.id, call };
  const judging = policiesOf(owner).map((policy) => judge(policy, whole, settings));
  const opinions = (await Promise.all(judging)).filter((one) => one !== undefined);
  const [strictest = unjudged(effect)] = opinions.toSorted(byStrictness);
  const decided = strictest.verdict === 'ask' ? await ask(whole, strictest, owner) : strictest;
  const verdict = decided.verdict === 'allow' ? 'allow' : 'deny';
  const id = newId();
  if (owner.own.isClosed) throw aborted`${origin.name} has ended, and with it its effects`;
  const record = { type: 'decision', id, origin, call, effect, ...decided, verdict } as const;
  await (thread?.record(record) ?? base.registry.decided(record));
  const message = `denied: ${decided.reason} (rule: ${decided.rule})`;
  if (verdict === 'deny') throw new KernelError('denied', message);
}

/** In force now: those that the owner read, and those added since. */
const policiesOf = ({ get, base }: Owner) =>
  Array.from(new Set([...get(policies), ...base.registry.get(policies)]));

/** A policy that fails, or never answers, denies. */
async function judge(policy: plug.Policy, effect: plug.Effect, settings: Settings) {
  const failed = (error: unknown): plug.Verdict => {
    const reason = `policy ${policy.name} failed: ${messageOf(error)}`;
    return { verdict: 'deny', reason, rule: 'a policy that fails denies' };
  };
  const judging = Promise.try(() => policy.judge(effect, settings));
  const verdict = await within(judging, { limitMs: 10_000, what: 'it' }).catch(failed);
  return verdict && { ...verdict, policy: policy.name };
}

function unjudged(effect: plug.EffectBody): Opinion {
  const isNear = effect.kind === 'read' && effect.inside;
  const reason = isNear ? 'it is in the workspace' : 'no policy has a rule for it';
  const rule = isNear ? 'reads in the roots' : 'what no policy judges is asked';
  return { verdict: isNear ? 'allow' : 'ask', reason, rule, policy: 'kernel' };
}

async function ask(whole: plug.Effect, opinion: Opinion, owner: Owner): Promise<Opinion> {
  const { origin, thread: _thread, call: _call, ...effect } = whole;
  const { reason, rule, proposal } = opinion;
  const question = { kind: 'approval/ask', effect, origin, reason, rule, proposal } as const;
  const asked = await owner.thread?.ask(question, owner.call, owner.signal);
  const { by, decision = 'deny', remark = 'the user said no' } = asked ?? { by: 'nobody' };
  const alone = `${reason}, and nobody is there to ask`;
  const why = by === 'nobody' ? alone : by === 'closed' ? 'the turn ended first' : remark;
  if (decision === 'deny' || decision === 'stop')
    return { ...opinion, verdict: 'deny', by, reason: why };
  const policy = policiesOf(owner).find(({ name }) => name === opinion.policy);
  if (decision !== 'once') policy?.answered?.(whole, decision, { proposal });
  return { ...opinion, verdict: 'allow', by, reason: `${by} allowed it (${decision})` };
}
