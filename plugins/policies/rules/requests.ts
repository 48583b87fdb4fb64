/** Requests by which front ends show rules, check commands and undo what was answered. */

import type { JsonSchema, Policy, RequestHandler } from '../../../core/index.ts';
import type { ProjectRules } from '../approval/remembered.ts';
import type { ParseText } from '../shell/tree.ts';
import type { PlacedRule } from './rule.ts';

/** What the requests show. */
export interface Basis {
  readonly rules: readonly PlacedRule[];
  readonly project?: ProjectRules | undefined;
  readonly parser: () => Promise<ParseText>;
  /** Those in force. */
  readonly policies: () => readonly Policy[];
}

const text: JsonSchema = { type: 'string' };
const checked: JsonSchema = {
  type: 'object',
  properties: {
    argv: { type: 'array', items: text, minItems: 1 },
    settings: { type: 'object' },
    outside: { type: 'boolean' },
  },
  required: ['argv', 'settings'],
};

/**
 * `policy/list` gives ListedRule[], `policy/remove {id}` the removed one, `policy/check {argv, settings, outside}` a
 * CheckedCommand.
 */
export function policyRequests(basis: Basis): readonly RequestHandler[] {
  return [
    {
      name: 'policy/list',
      params: { type: 'object' },
      result: { type: 'array' },
      run: async () => (await import('./list.ts')).listRules(basis),
    },
    {
      name: 'policy/remove',
      params: { type: 'object', properties: { id: text }, required: ['id'] },
      result: { type: 'object' },
      run: async (params) => (await import('./list.ts')).removeRule(params, basis),
    },
    {
      name: 'policy/check',
      params: checked,
      result: { type: 'object' },
      run: async (params) => (await import('./check.ts')).checkCommand(params, basis),
    },
  ];
}
