/** Connections of commands that no call of a tool stands behind: of hooks, checks, clients, and what outlived its call. */

import { KernelError, messageOf, policies } from '../../../core/index.ts';
import type {
  Effect,
  EffectRequest,
  Host,
  Policy,
  Settings,
  Verdict,
} from '../../../core/index.ts';

const server = 'network';
const strictness = { deny: 0, ask: 1, allow: 2 } as const;

interface Pending {
  readonly effect: Effect;
  readonly settings: Settings;
}

/**
 * Each is a call of `network` by this plugin, with the request and who causes it as its arguments: so it passes the gate
 * and leaves a record. It is judged as the request itself would be, by all other policies; there is nobody to ask.
 */
export class Judgements {
  readonly #host: Host;
  readonly #pending = new Map<string, Pending>();
  #count = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  readonly policy: Policy = {
    name: 'domains',
    judge: async (effect) => {
      if (effect.kind !== 'call' || effect.server !== server) return undefined;
      const { id = '' } = effect.args as { readonly id?: string }; // ours, or not pending
      const pending = this.#pending.get(id);
      if (pending === undefined)
        return { verdict: 'deny', reason: 'it is no connection of a command', rule: 'domains' };
      return this.#strictest(pending);
    },
  };

  /** Resolves when a command may connect for a URL; throws `denied`. */
  async pass(what: EffectRequest, url: string): Promise<void> {
    const { origin, thread, call, settings } = what;
    const id = String(++this.#count);
    // Plugins' own requests, such as those to a model, are trusted; those of the commands that they run are not.
    const judged = origin.kind === 'plugin' ? { kind: 'tool' as const, name: origin.name } : origin;
    const effect: Effect = { kind: 'fetch', url, method: 'CONNECT', origin: judged, thread, call };
    this.#pending.set(id, { effect, settings });
    try {
      const args = { id, url, origin, thread };
      await this.#host.effects.call(
        { server, tool: 'connect', args, confined: true },
        async () => {},
      );
    } finally {
      this.#pending.delete(id);
    }
  }

  async #strictest({ effect, settings }: Pending): Promise<Verdict> {
    const others = this.#host.get(policies).filter(({ name }) => name !== this.policy.name);
    const verdicts = await Promise.all(others.map((policy) => judge(policy, effect, settings)));
    const [first] = verdicts
      .filter((one) => one !== undefined)
      .toSorted((a, b) => strictness[a.verdict] - strictness[b.verdict]);
    const { verdict, ...grounds } = first ?? {
      verdict: 'deny',
      reason: 'no policy has a rule for it',
      rule: 'what no policy judges is asked',
    };
    if (verdict !== 'ask') return { ...grounds, verdict };
    return { ...grounds, verdict: 'deny', reason: `${grounds.reason}, and nobody is there to ask` };
  }
}

async function judge(
  policy: Policy,
  effect: Effect,
  settings: Settings,
): Promise<Verdict | undefined> {
  try {
    return await policy.judge(effect, settings);
  } catch (error) {
    if (error instanceof KernelError && error.code === 'aborted') throw error;
    return { verdict: 'deny', reason: messageOf(error), rule: 'a policy that fails denies' };
  }
}
