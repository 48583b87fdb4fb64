/** What was answered for projects: rules by the real path of the repository, in the user's state. */

import type { ProjectRules } from '../plugins/policies/approval/remembered.ts';
import { isRule, type Rule, ruleText } from '../plugins/policies/rules/rule.ts';
import { readPathRecords, type RecordFile, writePathRecords } from './path-records.ts';

const rulesFile: RecordFile<readonly Rule[]> = {
  isRecord: (data) => Array.isArray(data) && data.every(isRule),
  advice: 'no remembered answer counts until you mend it, or move it away',
};

/**
 * The rules of the repository at this real path. The file is read each time, so what another process removed does not
 * count any more; a damaged one throws KernelError `invalid` and is left as it is.
 */
export function projectRules(file: string, root: string): ProjectRules {
  const all = () => readPathRecords(file, rulesFile);
  const read = () => all()[root] ?? [];
  const write = (rules: readonly Rule[]) => {
    const { [root]: _old, ...others } = all();
    writePathRecords(file, rules.length === 0 ? others : { ...others, [root]: rules });
  };
  return {
    file,
    read,
    add: (rule) => write([...without(read(), rule), rule]),
    remove: (rule) => {
      const rules = read();
      const rest = without(rules, rule);
      const isThere = rest.length < rules.length;
      if (isThere) write(rest);
      return isThere;
    },
  };
}

function without(rules: readonly Rule[], rule: Rule): readonly Rule[] {
  return rules.filter((one) => ruleText(one) !== ruleText(rule));
}
