/** What the policies get of the program: the rules of all layers, what was answered, and where paths lead. */

import { resolvePath } from '../plugins/machines/local/files.ts';
import type { ApprovalOptions } from '../plugins/policies/approval.ts';
import type { ProjectRules } from '../plugins/policies/approval/remembered.ts';
import type { PlacedRule, Rule } from '../plugins/policies/rules/rule.ts';
import { lazyParser } from '../plugins/policies/shell/load.ts';
import { readableSkills } from './agent-folders.ts';
import type { Layer } from './layers.ts';
import type { Configuration } from './load.ts';
import { serverRules } from './mcp.ts';
import { projectRules } from './project-rules.ts';

/** Options of the policies by name; they share one parser. */
export function policyOptions(configuration: Configuration) {
  const { layers, paths, root, agents } = configuration;
  const rules = [
    ...layers.flatMap(rulesOf),
    ...serverRules(configuration),
    ...readableSkills(agents).map(skillRule),
  ];
  const project = projectRules(paths.rules, root);
  const shared: ApprovalOptions = {
    rules,
    project,
    parser: lazyParser(),
    resolve: (path) => resolvePath(path, '/'),
  };
  const isWanted = () => [...rules.map(({ rule }) => rule), ...kept(project)].some(isWay);
  return { approval: shared, rules: shared, domains: { isWanted } };
}

/** Whether a rule lets commands reach a host, or ask for it. */
function isWay({ action, domain, kind = 'fetch' }: Rule): boolean {
  return domain !== undefined && action !== 'deny' && kind === 'fetch';
}

/** What was answered for the project; what is wrong with that is for the policy to tell. */
function kept(project: ProjectRules): readonly Rule[] {
  try {
    return project.read();
  } catch {
    return [];
  }
}

/** The user's own skills lie outside the workspace, and are there to be read. */
function skillRule(path: string): PlacedRule {
  const reason = "the user's skills may be read";
  return { rule: { action: 'allow', kind: 'read', path, reason }, layer: 'default' };
}

/** The rules of a layer with its file, or the flag that gives them. */
function rulesOf({ name, file, values, names }: Layer): readonly PlacedRule[] {
  const rules = (values['rules'] ?? []) as readonly Rule[]; // valid: the configuration was checked
  const place = file ?? names?.['rules'];
  return rules.map((rule) => ({
    rule,
    layer: name,
    ...(place === undefined ? {} : { file: place }),
  }));
}
