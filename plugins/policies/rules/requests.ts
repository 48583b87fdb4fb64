/** Requests by which front ends show rules, check commands and undo what was answered. */

import type {
  Effect,
  JsonSchema,
  Policy,
  RequestHandler,
  Settings,
  Verdict,
} from '../../../core/index.ts';
import { KernelError } from '../../../core/index.ts';
import { isKnownProgram } from '../approval/known-reads.ts';
import type { ProjectRules } from '../approval/remembered.ts';
import { readArgv } from '../shell/command.ts';
import { type Segment, withRuns } from '../shell/script.ts';
import type { ParseText } from '../shell/tree.ts';
import { type PlacedRule, ruleText } from './rule.ts';

/** What the requests show. */
export interface Basis {
  readonly rules: readonly PlacedRule[];
  readonly project?: ProjectRules | undefined;
  readonly parser: () => Promise<ParseText>;
}

/** A rule in force. `id` names it, for those that can be removed. */
export interface ListedRule extends PlacedRule {
  readonly id?: string;
}

/** What would be decided of a command or a part of it, and by which policy. */
export type Checked = Verdict & Readonly<{ policy: string }>;
/** A part of a command; `what` it is, in words. */
export type CheckedPart = Readonly<{ text: string; what: string }> & Checked;
/** `unknown`: what of the command is not understood. */
export type CheckedCommand = Checked &
  Readonly<{ unknown?: string; parts: readonly CheckedPart[] }>;

const text: JsonSchema = { type: 'string' };

/** The requests; `policies` are those in force. */
export function policyRequests(
  basis: Basis,
  policies: () => readonly Policy[],
): readonly RequestHandler[] {
  return [
    {
      name: 'policy/list',
      params: { type: 'object' },
      result: { type: 'array' },
      run: async () => listRules(basis),
    },
    {
      name: 'policy/remove',
      params: { type: 'object', properties: { id: text }, required: ['id'] },
      result: { type: 'object' },
      run: async (params) => removeRule(basis, String(field(params, 'id'))),
    },
    {
      name: 'policy/check',
      params: {
        type: 'object',
        properties: {
          argv: { type: 'array', items: text },
          settings: { type: 'object' },
          outside: { type: 'boolean' },
        },
        required: ['argv', 'settings'],
      },
      result: { type: 'object' },
      run: (params) => checkCommand(readCheck(params), basis, policies()),
    },
  ];
}

function field(params: unknown, name: string): unknown {
  if (typeof params !== 'object' || params === null || !(name in params))
    throw new KernelError('invalid', `expected an object with "${name}", but it is not there`);
  return (params as Readonly<Record<string, unknown>>)[name]; // just checked
}

function listRules({ rules, project }: Basis): readonly ListedRule[] {
  const kept = project?.read() ?? [];
  const file = project?.file ?? '';
  return [
    ...rules,
    ...kept.map((rule) => ({ rule, layer: 'project', file, id: idOf(ruleText(rule)) })),
  ];
}

/** Eight hexadecimal digits made of a rule's text (FNV-1a), for people to type. */
function idOf(rule: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(rule)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

function removeRule(basis: Basis, id: string): { readonly removed: ListedRule } {
  const found = listRules(basis).find((one) => one.id !== undefined && one.id === id);
  if (found === undefined || basis.project?.remove(found.rule) !== true)
    throw new KernelError(
      'not_found',
      `no remembered rule has the id "${id}": "spindle policy list" shows those there are; others stand in the configuration files that it names`,
    );
  return { removed: found };
}

/** What is to be checked: a command, the settings of its thread, and whether it is to leave the sandbox. */
interface Check {
  readonly argv: readonly string[];
  readonly settings: Settings;
  readonly outside: boolean;
}

function readCheck(params: unknown): Check {
  const argv = field(params, 'argv');
  const isArgv =
    Array.isArray(argv) && argv.length > 0 && argv.every((one) => typeof one === 'string');
  if (!isArgv)
    throw new KernelError('invalid', 'expected "argv" to be a program and its arguments');
  const settings = field(params, 'settings') as Settings; // a client's own, as in thread/start
  if (typeof settings?.cwd !== 'string' || !Array.isArray(settings.roots))
    throw new KernelError(
      'invalid',
      'expected "settings" to be those of a thread, with cwd and roots',
    );
  const { outside } = params as { readonly outside?: unknown }; // an object, as `field` has seen
  return { argv, settings, outside: outside === true };
}

async function checkCommand(
  check: Check,
  { parser }: Basis,
  policies: readonly Policy[],
): Promise<CheckedCommand> {
  const script = await readArgv(check.argv, parser);
  const whole = await judge(check, check.argv, policies);
  const parts: CheckedPart[] = [];
  const isShell =
    script.segments.length !== 1 || script.segments[0]?.words.length !== check.argv.length;
  for (const segment of withRuns(script.segments)) {
    // A variable that is set, or the head of a loop, is nothing by itself.
    if (segment.words.length === 0 && segment.redirects.length === 0) continue;
    const argv = isShell ? ['bash', '-c', segment.text] : check.argv;
    parts.push({
      text: segment.text,
      what: whatIs(segment),
      ...(await judge(check, argv, policies)),
    });
  }
  return { ...whole, parts, ...(script.unknown === undefined ? {} : { unknown: script.unknown }) };
}

const strictness = { allow: 0, ask: 1, deny: 2 } as const;

/** As the gate does: the strictest verdict of all policies. */
async function judge(
  { settings, outside }: Check,
  argv: readonly string[],
  policies: readonly Policy[],
): Promise<Checked> {
  const isFree = outside || settings.sandbox === 'danger-full-access';
  const effect: Effect = {
    kind: 'spawn',
    argv,
    cwd: settings.cwd,
    confined: isFree ? 'none' : 'full',
    network: isFree || settings.network,
    origin: { kind: 'tool', name: 'shell' },
  };
  const verdicts = await Promise.all(
    policies.map(async (policy) => {
      const verdict = await policy.judge(effect, settings);
      return verdict === undefined ? [] : [{ ...verdict, policy: policy.name }];
    }),
  );
  const stricter = (a: Checked, b: Checked) =>
    strictness[b.verdict] > strictness[a.verdict] ? b : a;
  const [first, ...others] = verdicts.flat();
  if (first !== undefined) return others.reduce(stricter, first);
  const reason = 'no policy has a rule for it';
  return { verdict: 'ask', reason, rule: 'what no policy judges is asked', policy: 'kernel' };
}

function whatIs(segment: Segment): string {
  const [name] = segment.words;
  if (name === undefined) return segment.redirects.length > 0 ? 'redirection' : 'variables';
  const runs = segment.runs === undefined ? '' : `runs ${segment.runs.segments.length} more`;
  const writes = segment.redirects.filter(({ kind }) => kind === 'write');
  const files = writes.map(({ target }) => `writes ${target?.text ?? '?'}`);
  const kind = isKnownProgram(name.value ?? '') ? 'known to read' : 'command';
  return [kind, ...(runs === '' ? [] : [runs]), ...files].join(', ');
}
