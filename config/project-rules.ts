/** What was answered for projects: rules by the real path of the repository, in the user's state. */

import { existsSync, readFileSync } from 'node:fs';
import { KernelError, messageOf } from '../core/errors.ts';
import type { ProjectRules } from '../plugins/policies/approval/remembered.ts';
import { isRule, type Rule, ruleText } from '../plugins/policies/rules/rule.ts';
import { isSection } from './key-path.ts';
import { writePrivateFile } from './paths.ts';

interface Records {
  readonly version: 1;
  readonly paths: Readonly<Record<string, readonly Rule[]>>;
}

/**
 * The rules of the repository at this real path. The file is read each time, so what another process removed does not
 * count any more; a damaged one throws KernelError `invalid` and is left as it is.
 */
export function projectRules(file: string, root: string): ProjectRules {
  const rulesIn = ({ paths }: Records) => (Object.hasOwn(paths, root) ? (paths[root] ?? []) : []);
  const write = (records: Records, rules: readonly Rule[]) => {
    const { [root]: _old, ...others } = records.paths;
    const paths = rules.length === 0 ? others : { ...others, [root]: rules };
    writePrivateFile(file, `${JSON.stringify({ ...records, paths }, null, 2)}\n`);
  };
  return {
    file,
    read: () => rulesIn(readRecords(file)),
    add: (rule) => {
      const records = readRecords(file);
      write(records, [...without(rulesIn(records), rule), rule]);
    },
    remove: (rule) => {
      const records = readRecords(file);
      const rest = without(rulesIn(records), rule);
      const isThere = rest.length < rulesIn(records).length;
      if (isThere) write(records, rest);
      return isThere;
    },
  };
}

function without(rules: readonly Rule[], rule: Rule): readonly Rule[] {
  return rules.filter((one) => ruleText(one) !== ruleText(rule));
}

function readRecords(file: string): Records {
  if (!existsSync(file)) return { version: 1, paths: {} };
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw damaged(file, messageOf(error));
  }
  if (!isRecords(data)) throw damaged(file, 'it has another shape');
  return data;
}

function isRecords(data: unknown): data is Records {
  if (!isSection(data) || data['version'] !== 1 || !isSection(data['paths'])) return false;
  return Object.values(data['paths']).every((rules) => Array.isArray(rules) && rules.every(isRule));
}

function damaged(file: string, reason: string): KernelError {
  return new KernelError(
    'invalid',
    `${file} is damaged (${reason}): no remembered answer counts until you mend it, or move it away`,
  );
}
