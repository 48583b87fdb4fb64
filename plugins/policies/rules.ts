import { policies, requests, type Plugin } from '../../core/index.ts';
import type { ProjectRules } from './approval/remembered.ts';
import type { Means } from './rules/judge.ts';
import { policyRequests } from './rules/requests.ts';
import type { PlacedRule } from './rules/rule.ts';
import { lazyParser } from './shell/load.ts';

/** Options of `rules`, given by the program that it is part of. */
export interface RulesOptions extends Partial<Means> {
  /** The rules of all layers, the strongest first. */
  readonly rules?: readonly PlacedRule[];
  /** What was answered for the project. */
  readonly project?: ProjectRules;
}

/**
 * The rules of all layers. As a policy it asks and denies; what rules allow counts where `approval` would ask. The
 * requests `policy/check`, `policy/list` and `policy/remove` show and undo them.
 */
export default function rules(options: RulesOptions = {}): Plugin {
  return {
    name: 'rules',
    api: 1,
    setup: (host) => {
      const { rules: all = [], project, parser = lazyParser() } = options;
      const means = { parser, resolve: options.resolve ?? ((path: string) => path) };
      const narrowing = all.filter(({ rule }) => rule.action !== 'allow');
      host.add(policies, {
        name: 'rules',
        judge: async (effect, settings) => {
          if (narrowing.length === 0) return undefined;
          const { judgeByRules } = await import('./rules/judge.ts');
          return judgeByRules(effect, settings, narrowing, means);
        },
      });
      const basis = { rules: all, project, parser, policies: () => host.get(policies) };
      for (const one of policyRequests(basis)) host.add(requests, one);
    },
  };
}

/** It takes no options from a configuration: rules stand under `rules`. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({});
};
