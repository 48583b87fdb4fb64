/** `spindle policy list` and `spindle policy remove`. */

import { KernelError } from '../../../core/index.ts';
import type { ListedRule } from '../../policies/rules/list.ts';
import { ruleText } from '../../policies/rules/rule.ts';
import { showText } from '../../policies/shell/show.ts';
import { parse } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import { table } from '../terminal/table.ts';

/** All rules in force: those of the configuration, strongest layer first, then those that were remembered. */
export const policyList: Command = (argv) => {
  const { flags, words } = parse(argv, { json: {} });
  if (words[0] !== undefined)
    throw new KernelError('invalid', `expected no "${words[0]}" after "policy list"`);
  return async ({ client, stdout }) => {
    // The plugin `rules` answers with this.
    const rules = (await client.call('policy/list', {})) as readonly ListedRule[];
    const text = flags.json === true ? `${JSON.stringify(rules, null, 2)}\n` : shownRules(rules);
    await stdout.write(text);
  };
};

function shownRules(rules: readonly ListedRule[]): string {
  if (rules.length === 0) return 'There are no rules: the approval mode alone decides.\n';
  const rows = rules.map(({ id = '', rule, layer, file = '' }) => [
    id,
    rule.action,
    layer,
    showText(ruleText(rule)),
    showText(file),
  ]);
  return table([['ID', 'ACTION', 'LAYER', 'RULE', 'FROM'], ...rows]);
}

/** Takes back a rule that was remembered, by its id in the list. */
export const policyRemove: Command = (argv) => {
  const [id, ...more] = parse(argv, {}).words;
  if (id === undefined || more.length > 0)
    throw new KernelError('invalid', 'expected one id: spindle policy remove ID');
  return async ({ client, stdout }) => {
    const { rule } = (await client.call('policy/remove', { id })) as ListedRule; // as above
    await stdout.write(`removed: ${showText(ruleText(rule))}\n`);
  };
};
