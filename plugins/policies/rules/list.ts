/** The rules in force, and the end of those that were remembered. */

import { KernelError } from '../../../core/index.ts';
import { field } from './params.ts';
import type { Basis } from './requests.ts';
import { type PlacedRule, ruleText } from './rule.ts';

/** A rule in force. `id` names one that was remembered, which can be removed. */
export interface ListedRule extends PlacedRule {
  readonly id?: string;
}

/** Rules of the configuration, strongest layer first, then what was answered for the project. */
export function listRules({
  rules,
  project,
}: Pick<Basis, 'rules' | 'project'>): readonly ListedRule[] {
  if (project === undefined) return rules;
  const { file } = project;
  const kept = project
    .read()
    .map((rule) => ({ rule, layer: 'project', file, id: idOf(ruleText(rule)) }));
  return [...rules, ...kept];
}

/** Removes a remembered rule and gives it. Throws `not_found`. */
export function removeRule(params: unknown, basis: Basis): ListedRule {
  const id = String(field(params, 'id'));
  const found = listRules(basis).find((one) => one.id === id);
  if (found !== undefined && basis.project?.remove(found.rule) === true) return found;
  throw new KernelError(
    'not_found',
    `no remembered rule has the id "${id}": "spindle policy list" shows those there are; all others stand in configuration files`,
  );
}

/** Eight hexadecimal digits made of a rule's text (FNV-1a), for people to type. */
function idOf(rule: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(rule)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
