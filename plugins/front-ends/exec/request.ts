/** What a command line asks `spindle exec` to do. */

import { resolve } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import type { Limits, Settings } from '../../../core/index.ts';
import { oneOf, parse, positive } from '../command-line/parse.ts';
import { codexSettings } from './codex-config.ts';

/** One run of `spindle exec`. Paths are absolute. */
export interface ExecRequest {
  /** The thread to go on with: an id or the start of one, or the last of this folder. */
  readonly resume?: { readonly thread: string } | 'last';
  /** Absent when it comes from stdin. */
  readonly prompt?: string;
  /** `codex` is `json` with the exit codes that Codex's SDK expects. */
  readonly format: 'text' | 'json' | 'codex';
  /** Events of text as it comes, and of diffs, beside those of whole items. */
  readonly deltas: boolean;
  readonly outputSchema?: string;
  readonly outputLastMessage?: string;
  readonly images: readonly string[];
  /** What flags say; a stored thread keeps the rest. */
  readonly settings: Partial<Settings>;
  /** Folders that may be written too. */
  readonly addedRoots: readonly string[];
  readonly limits: Limits;
  readonly ephemeral: boolean;
  /** What was asked for and has no effect. */
  readonly notices: readonly string[];
}

/** The flags of `spindle exec`; docs/exec.md has a line on each. */
const execFlags = {
  json: {},
  'experimental-json': {},
  'json-deltas': {},
  'output-schema': { takes: 'FILE' },
  'output-last-message': { takes: 'FILE', short: 'o' },
  image: { takes: 'FILE', many: true, short: 'i' },
  cd: { takes: 'DIR', short: 'C' },
  'add-dir': { takes: 'DIR', many: true },
  provider: { takes: 'NAME' },
  model: { takes: 'NAME', short: 'm' },
  effort: { takes: 'NAME' },
  sandbox: { takes: 'MODE', short: 's' },
  approval: { takes: 'MODE', short: 'a' },
  network: {},
  'max-steps': { takes: 'N' },
  timeout: { takes: 'SECONDS' },
  ephemeral: {},
  last: {},
  config: { takes: 'KEY=VALUE', many: true, short: 'c' },
  'skip-git-repo-check': {},
  'thread-source': { takes: 'NAME' },
  'cyber-access-program': { takes: 'NAME' },
} as const;

const sandboxes = ['read-only', 'workspace-write', 'danger-full-access'] as const;
const approvals = ['untrusted', 'on-request', 'never'] as const;

/** Where relative paths are taken from, and the real path of the folder that `--cd` led to, when that is known. */
export interface Folders {
  readonly cwd: string;
  readonly folder?: string | undefined;
}

/** Reads the arguments after `exec`. Throws KernelError `invalid`. */
export function readRequest(argv: readonly string[], { cwd, folder }: Folders): ExecRequest {
  const { flags, words, verbatim } = parse(argv, execFlags);
  const at = (path: string) => resolve(cwd, path);
  const codex = codexSettings(flags.config ?? []);
  const isCodex = flags['experimental-json'] === true;
  return {
    ...wordsOf(words, verbatim, flags.last === true),
    format: isCodex
      ? 'codex'
      : flags.json === true || flags['json-deltas'] === true
        ? 'json'
        : 'text',
    deltas: flags['json-deltas'] === true,
    outputSchema: flags['output-schema'] && at(flags['output-schema']),
    outputLastMessage: flags['output-last-message'] && at(flags['output-last-message']),
    images: (flags.image ?? []).map(at),
    settings: { ...codex.settings, ...settingsOf(flags, (path) => folder ?? at(path)) },
    addedRoots: (flags['add-dir'] ?? []).map(at),
    limits: limitsOf(flags),
    ephemeral: flags.ephemeral === true,
    notices: codex.unknown.map((one) => `--config ${one} has no effect here`),
  };
}

type ExecFlags = ReturnType<typeof parse<typeof execFlags>>['flags'];

function settingsOf(flags: ExecFlags, folderOf: (path: string) => string): Partial<Settings> {
  const { provider, model, effort } = flags;
  const sandbox = oneOf('--sandbox', flags.sandbox, sandboxes);
  const approval = oneOf('--approval', flags.approval, approvals);
  const cwd = flags.cd === undefined ? undefined : folderOf(flags.cd);
  const network = flags.network;
  return defined({ cwd, provider, model, effort, sandbox, approval, network });
}

function limitsOf(flags: ExecFlags): Limits {
  const steps = positive('--max-steps', flags['max-steps'], { whole: true });
  const seconds = positive('--timeout', flags.timeout, { whole: false });
  return defined({ steps, timeoutMs: seconds && Math.ceil(seconds * 1000) });
}

/** `[resume [ID]] [prompt]`; what follows `--` is always the prompt. */
function wordsOf(
  words: readonly string[],
  verbatim: readonly string[],
  isLast: boolean,
): Pick<ExecRequest, 'resume' | 'prompt'> {
  const { resume, others } = resumeOf(words, isLast);
  const prompts = [...others, ...verbatim];
  if (prompts.length > 1) {
    const got = prompts.map((word) => JSON.stringify(word.slice(0, 40))).join(', ');
    throw new KernelError(
      'invalid',
      `expected one prompt, but got ${prompts.length} (${got}): put it in quotes`,
    );
  }
  const [prompt] = others[0] === '-' ? verbatim : prompts;
  return defined({ resume, prompt });
}

function resumeOf(
  words: readonly string[],
  isLast: boolean,
): { readonly resume?: ExecRequest['resume']; readonly others: readonly string[] } {
  const [command, thread, ...others] = words;
  if (command !== 'resume') {
    if (!isLast) return { others: words };
    throw new KernelError(
      'invalid',
      'expected --last after "resume": spindle exec resume --last [prompt]',
    );
  }
  if (isLast) return { resume: 'last', others: words.slice(1) };
  if (thread !== undefined) return { resume: { thread }, others };
  throw new KernelError(
    'invalid',
    'expected a thread to resume: spindle exec resume ID|--last [prompt]',
  );
}

/** Without the members that are undefined: an override says only what was given. */
function defined<T extends object>(values: T): Partial<T> {
  // The same members, fewer of them.
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
