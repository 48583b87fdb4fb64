/** Rules as people write them in the configuration, and where they stand. */

import type { Effect } from '../../../core/index.ts';

/** A rule. It is about what all its keys but `action` and `reason` say, of which there is at least one. */
export interface Rule {
  readonly action: Action;
  /** The first words of a command: `"git push"` or `["git", "push"]`. */
  readonly command?: string | readonly string[];
  /** A file or folder; `*` and `?` within a name, `**` over folders, `~/` home; relative to the workspace. */
  readonly path?: string;
  /** A tool by name, with `*`. */
  readonly tool?: string;
  /** An MCP server by name, with `*`. */
  readonly server?: string;
  /** The host of a request, with `*`: `*.example.com` is every host below example.com. */
  readonly domain?: string;
  readonly kind?: Effect['kind'];
  /** Only what runs in the sandbox, or only what runs outside. */
  readonly confined?: boolean;
  /** Told to whoever is asked or refused. */
  readonly reason?: string;
}
type Action = 'allow' | 'ask' | 'deny';

/** A rule with the layer of the configuration it is from, and that layer's file or flag. */
export interface PlacedRule {
  readonly rule: Rule;
  readonly layer: string;
  readonly file?: string;
}

/** The words of a rule's command. */
export function commandWords({ command }: Rule): readonly string[] | undefined {
  return typeof command === 'string' ? command.trim().split(/\s+/) : command;
}

/** A rule as it would be written, on one line and without its reason. */
export function ruleText({ reason: _reason, ...rule }: Rule): string {
  return JSON.stringify(rule);
}

/** The grounds of a verdict: this rule. */
export function groundsOf({ rule, layer, file }: PlacedRule, reason: string) {
  const grounds = { reason: rule.reason ?? reason, rule: ruleText(rule), layer };
  return file === undefined ? grounds : { ...grounds, file };
}

const actions: ReadonlySet<unknown> = new Set<Action>(['allow', 'ask', 'deny']);
const kinds: ReadonlySet<unknown> = new Set<Effect['kind']>([
  'spawn',
  'input',
  'read',
  'write',
  'fetch',
  'call',
]);
const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isCommand = (value: unknown) =>
  typeof value === 'string'
    ? value.trim() !== ''
    : Array.isArray(value) && value.length > 0 && value.every(isText);

const checks: { readonly [K in keyof Rule]-?: (value: unknown) => boolean } = {
  action: (value) => actions.has(value),
  command: isCommand,
  path: isText,
  tool: isText,
  server: isText,
  domain: isText,
  kind: (value) => kinds.has(value),
  confined: (value) => typeof value === 'boolean',
  reason: (value) => typeof value === 'string',
};

/** Whether something read from a file is a rule. */
export function isRule(data: unknown): data is Rule {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false;
  const entries = Object.entries(data);
  const isSound = entries.every(
    ([key, value]) => Object.hasOwn(checks, key) && checks[key as keyof Rule](value), // just checked
  );
  const about = entries.filter(([key]) => key !== 'action' && key !== 'reason');
  return isSound && 'action' in data && about.length > 0;
}
