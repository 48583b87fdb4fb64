/** What would be decided of a command, and of each of its parts, without running anything. */

import { KernelError, type Effect, type Settings, type Verdict } from '../../../core/index.ts';
import { isKnownProgram } from '../approval/known-reads.ts';
import { readArgv } from '../shell/command.ts';
import { type Segment, withRuns } from '../shell/script.ts';
import { field } from './params.ts';
import type { Basis } from './requests.ts';

/** What would be decided, and by which policy. */
export type Checked = Verdict & Readonly<{ policy: string }>;
/** A part of a command; `what` it is, in words. */
export type CheckedPart = Readonly<{ text: string; what: string }> & Checked;
/** `unknown`: what of the command is not understood. */
export type CheckedCommand = Checked &
  Readonly<{ unknown?: string; parts: readonly CheckedPart[] }>;

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

/** Judges by all policies in force. Throws `invalid`. */
export async function checkCommand(params: unknown, basis: Basis): Promise<CheckedCommand> {
  const { parser, policies } = basis;
  const check = readCheck(params);
  const script = await readArgv(check.argv, parser);
  const whole = await judge(check, check.argv, policies());
  const parts: CheckedPart[] = [];
  for (const segment of withRuns(script.segments)) {
    // A variable that is set, or the head of a loop, is nothing by itself.
    if (segment.words.length === 0 && segment.redirects.length === 0) continue;
    const judged = await judge(check, argvOf(segment), policies());
    parts.push({ text: segment.text, what: whatIs(segment), ...judged });
  }
  return { ...whole, parts, ...(script.unknown === undefined ? {} : { unknown: script.unknown }) };
}

/** A part by itself: its words where they are certain, else its text. */
function argvOf({ text, words, assignments, redirects }: Segment): readonly string[] {
  const values = words.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const isPlain = values.length === words.length && words[0]?.isPlain === true;
  return isPlain && assignments.length === 0 && redirects.length === 0
    ? values
    : ['bash', '-c', text];
}

const strictness = { allow: 0, ask: 1, deny: 2 } as const;

/** As the gate does: the strictest verdict of all policies. */
async function judge(
  { settings, outside }: Check,
  argv: readonly string[],
  policies: ReturnType<Basis['policies']>,
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
