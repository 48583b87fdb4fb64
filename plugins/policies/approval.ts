/**
 * The three approval modes. `untrusted` asks for all but known reads; `on-request` lets run what stays in the sandbox and
 * asks for what leaves it; `never` refuses what leaves it. With danger-full-access there is nothing to leave. What would
 * be asked or refused is allowed when a rule says so, written or remembered.
 */

import {
  policies,
  type Effect,
  type Plugin,
  type Policy,
  type Settings,
  type Verdict,
} from '../../core/index.ts';
import { Families } from './approval/families.ts';
import { isReadable, type Leaving, leavingOf } from './approval/leaving.ts';
import { type ProjectRules, Remembered } from './approval/remembered.ts';
import type { Means } from './rules/judge.ts';
import { groundsOf, isRule, type PlacedRule } from './rules/rule.ts';
import { lazyParser } from './shell/load.ts';

/** Options of `approval`, given by the program that it is part of. */
export interface ApprovalOptions extends Partial<Means> {
  /** The rules of all layers, the strongest first. */
  readonly rules?: readonly PlacedRule[];
  /** What was answered for the project; absent: such an answer counts for the thread. */
  readonly project?: ProjectRules;
}

export default function approval(options: ApprovalOptions = {}): Plugin {
  return {
    name: 'approval',
    api: 1,
    setup: (host) => {
      const remembered = new Remembered(options.project, (error) =>
        host.log('the rules of this project do not count', String(error)),
      );
      const { rules = [], parser = lazyParser(), resolve = (path: string) => path } = options;
      const families = new Families(host.client);
      const basis = { rules, remembered, families, means: { parser, resolve } };
      host.add(policies, new ApprovalPolicy(basis));
    },
  };
}

/** It takes no options from a configuration. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({});
};

interface Basis {
  readonly rules: readonly PlacedRule[];
  readonly remembered: Remembered;
  readonly families: Families;
  readonly means: Means;
}

class ApprovalPolicy implements Policy {
  readonly name = 'approval';
  readonly #basis: Basis;
  /** Commands that were started outside the sandbox, whose input is judged like them. */
  readonly #escaped = new Set<string>();

  constructor(basis: Basis) {
    this.#basis = basis;
  }

  readonly judge = (effect: Effect, settings: Settings): Verdict | Promise<Verdict> => {
    if (isTrustedCode(effect))
      return allow('it is done by trusted code, not by the model', 'reads and requests of plugins');
    const leaving =
      settings.sandbox === 'danger-full-access'
        ? undefined
        : leavingOf(effect, settings, this.#escaped);
    const { approval: mode } = settings;
    const rule = `approval ${mode}`;
    if (mode === 'untrusted') {
      if (effect.kind === 'read' && isReadable(effect)) return allow('it only reads', rule);
    } else if (leaving === undefined) return allow(insideReason(settings), rule);
    return this.#judgeByRules(effect, settings, leaving);
  };

  async #judgeByRules(
    effect: Effect,
    settings: Settings,
    leaving: Leaving | undefined,
  ): Promise<Verdict> {
    const { rules, remembered, families, means } = this.#basis;
    const all = [...rules, ...remembered.rules(await families.find(effect))];
    const { allowingOf } = await import('./approval/allowing.ts');
    const { by, isKnownRead, missing } = await allowingOf(effect, settings, all, means);
    if (by !== undefined) return { verdict: 'allow', ...groundsOf(by, 'a rule allows it') };
    const { approval: mode } = settings;
    if (mode === 'untrusted' && isKnownRead && leaving === undefined)
      return allow('it only reads', 'approval untrusted');
    if (mode === 'never') return refuse(leaving);
    const { proposalFor } = await import('./approval/proposal.ts');
    const proposal = proposalFor(effect, settings, missing);
    if (proposal === undefined) return ask(mode, leaving);
    // One that would not do for this effect is none.
    const offered = [...all, { rule: proposal, layer: 'thread' }];
    const isEnough = (await allowingOf(effect, settings, offered, means)).by !== undefined;
    return isEnough ? { ...ask(mode, leaving), proposal: { ...proposal } } : ask(mode, leaving);
  }

  readonly answered: Policy['answered'] = (effect, how, { proposal }) => {
    const thread = this.#basis.families.known(effect);
    if (thread !== undefined && isRule(proposal) && proposal.action === 'allow')
      this.#basis.remembered.add(proposal, how, thread);
  };
}

function allow(reason: string, rule: string): Verdict {
  return { verdict: 'allow', reason, rule };
}

function refuse(leaving: Leaving | undefined): Verdict {
  const { why, allowedBy } = leaving ?? { why: 'nobody is to be asked', allowedBy: 'a rule' };
  return {
    verdict: 'deny',
    reason: `${why}; it would be allowed by ${allowedBy}, or asked for with --approval on-request`,
    rule: 'approval never',
  };
}

function ask(mode: Settings['approval'], leaving: Leaving | undefined): Verdict {
  const why = leaving?.why ?? 'only known reads are done without asking';
  const allowedBy =
    mode === 'untrusted'
      ? '--approval on-request where it stays in the sandbox'
      : (leaving?.allowedBy ?? 'a rule');
  return { verdict: 'ask', reason: `${why} (allowed by ${allowedBy})`, rule: `approval ${mode}` };
}

function insideReason({ sandbox }: Settings): string {
  return sandbox === 'danger-full-access'
    ? 'there is no sandbox to leave'
    : 'it stays in the sandbox';
}

/** What plugins read for the prompt, and their requests to a model. */
function isTrustedCode({ origin, kind }: Effect): boolean {
  return origin.kind === 'plugin' && (kind === 'read' || kind === 'fetch');
}
