import { posix, relative, resolve, sep } from 'node:path';

import { messageOf } from '../../core/index.ts';
import type { FileInfo, ToolContext } from '../../core/index.ts';
import { ending, joined } from '../tools/run/report.ts';
import type { DeclaredCheck } from './declaration.ts';
import type { Edited } from './edits.ts';
import { runDeclared, workspaceOf } from './run.ts';
import { fillTemplate, parseTemplate } from './template.ts';
import type { Template } from './template.ts';

const defaultTimeoutMs = 120_000;
/** Characters of a failing check's output from each end. */
const kept = 4000;

/** A check with its command line read. */
export interface Check extends DeclaredCheck {
  readonly template: Template;
  readonly takesFiles: boolean;
}

/** How a check went. `rewritten`: files that it changed, relative to the workspace. */
export interface Checked {
  readonly name: string;
  readonly passed: boolean;
  /** For the model; empty when it passed. */
  readonly report: string;
  readonly durationMs: number;
  readonly rewritten: readonly string[];
}

/** Reads a declaration. Throws `invalid` when it does not hold together. */
export function parseCheck(declared: DeclaredCheck): Check {
  const takesFiles = declared.argv.some((element) => element.includes('{files}'));
  const files = { files: { type: 'array', mayBeOption: false } } as const;
  const template = parseTemplate(`check ${declared.name}`, declared.argv, takesFiles ? files : {});
  return { ...declared, template, takesFiles };
}

/** Runs the checks that match the edited files, in order; stops at an interrupt and where a check says so. */
export async function runChecks(
  checks: readonly Check[],
  edited: Edited,
  context: ToolContext,
): Promise<readonly Checked[]> {
  const done: Checked[] = [];
  for (const check of checks) {
    const files = matching(check, edited, workspaceOf(context.call.settings));
    if (files === undefined || context.signal.aborted) continue;
    const checked = await runCheck(check, files, context);
    done.push(checked);
    if (!checked.passed && check.onFailure === 'stop') break;
  }
  return done;
}

/** What is appended to the result of the edit; empty when no check ran. */
export function reportOf(checked: readonly Checked[]): string {
  const passed = checked.filter((one) => one.passed).map((one) => one.name);
  const rewritten = checked.filter((one) => one.rewritten.length > 0);
  return [
    ...(passed.length === 0 ? [] : [`[checks passed: ${passed.join(', ')}]`]),
    ...rewritten.map(
      (one) =>
        `[check ${one.name} rewrote ${one.rewritten.join(', ')}: read them again before you patch them]`,
    ),
    ...checked.filter((one) => !one.passed).map((one) => one.report),
  ].join('\n');
}

/** The matching files that are there, relative to the workspace; nothing when the check need not run. */
function matching(check: Check, edited: Edited, workspace: string): readonly string[] | undefined {
  const all = [...edited].map(([path, how]) => ({
    path: relative(workspace, path).replaceAll(sep, '/'),
    how,
  }));
  const matched = all.filter(
    ({ path }) => !path.startsWith('../') && matches(path, check.when ?? ['**']),
  );
  const files = matched.filter(({ how }) => how === 'written').map(({ path }) => path);
  return matched.length === 0 || (check.takesFiles && files.length === 0) ? undefined : files;
}

function matches(path: string, globs: readonly string[]): boolean {
  const isMatch = (glob: string) =>
    posix.matchesGlob(path, glob.includes('/') ? glob : `**/${glob}`);
  return (
    globs.some((glob) => !glob.startsWith('!') && isMatch(glob)) &&
    !globs.some((glob) => glob.startsWith('!') && isMatch(glob.slice(1)))
  );
}

async function runCheck(
  check: Check,
  files: readonly string[],
  context: ToolContext,
): Promise<Checked> {
  const started = performance.now();
  const named = files.map((path) => (path.startsWith('-') ? `./${path}` : path));
  const before = check.rewrites === true ? await stamps(files, context) : [];
  const outcome = await outcomeOf(check, named, context);
  const after = check.rewrites === true ? await stamps(files, context) : [];
  return {
    name: check.name,
    ...outcome,
    durationMs: Math.round(performance.now() - started),
    rewritten: files.filter((_, at) => before[at] !== after[at]),
  };
}

async function outcomeOf(
  check: Check,
  files: readonly string[],
  context: ToolContext,
): Promise<Pick<Checked, 'passed' | 'report'>> {
  try {
    const argv = fillTemplate(check.template, { files });
    const limits = { timeoutMs: defaultTimeoutMs, ...check };
    const { text, exit, interrupted } = await runDeclared(argv, limits, { context, kept });
    if (exit.code === 0) return { passed: true, report: '' };
    const failed = joined(text, ending(exit, { interrupted }));
    return { passed: false, report: `[check ${check.name} failed]\n${failed}` };
  } catch (error) {
    return { passed: false, report: `[check ${check.name} could not run: ${messageOf(error)}]` };
  }
}

/** What tells whether files have changed. */
function stamps(
  files: readonly string[],
  { call, effects }: ToolContext,
): Promise<readonly string[]> {
  const workspace = workspaceOf(call.settings);
  const stampOf = async (file: string) => {
    try {
      return stamp(await effects.stat(resolve(workspace, file)));
    } catch {
      return 'gone';
    }
  };
  return Promise.all(files.map(stampOf));
}

function stamp({ bytes, modifiedMs }: FileInfo): string {
  return `${bytes} ${modifiedMs}`;
}
