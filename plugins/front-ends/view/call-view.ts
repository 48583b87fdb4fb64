/** What a call is, for people and for event streams: told by the shapes of its arguments and details, not by its name. */

import { textOf } from '../../../core/index.ts';
import type { CallItem, JsonSchema, ResultItem } from '../../../core/index.ts';

/** A call and, once there is one, its result. */
export type CallView =
  | CommandView
  | { readonly kind: 'patch'; readonly changes: readonly Change[] }
  | { readonly kind: 'plan'; readonly steps: readonly PlanStep[] }
  /** More of a command that outlived its call. */
  | (Omit<CommandView, 'kind'> & { readonly kind: 'input'; readonly process: string })
  | { readonly kind: 'other'; readonly args: unknown };

/** A command. Without an exit code and a signal it has not ended. */
export interface CommandView {
  readonly kind: 'command';
  readonly command: string;
  readonly output: string;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly timedOut: boolean;
  /** It goes on under this name. */
  readonly process?: string;
}

/** A file changed by a patch; `diff` is there once it was. */
export interface Change {
  readonly path: string;
  readonly kind: 'add' | 'delete' | 'update' | 'move';
  readonly to?: string;
  readonly diff?: string;
}

export interface PlanStep {
  readonly step: string;
  readonly status: 'pending' | 'in_progress' | 'completed';
}

/** Looks at a call. */
export function viewOf(call: CallItem, result?: ResultItem): CallView {
  const args = parsed(call.args);
  const detail = result?.detail ?? {};
  const changes = detail['changes'] ?? changesNamed(args);
  if (Array.isArray(changes)) return { kind: 'patch', changes: changes as readonly Change[] }; // apply_patch's detail
  const plan = args['plan'];
  if (Array.isArray(plan)) return { kind: 'plan', steps: plan as readonly PlanStep[] }; // update_plan's arguments
  const command = commandOf(args, detail);
  if (command === undefined) return { kind: 'other', args };
  const view = {
    command,
    output: outputOf(result),
    ...ending(detail),
  };
  const process = args['process'];
  return typeof process === 'string'
    ? { kind: 'input', ...view, process }
    : { kind: 'command', ...view };
}

function parsed(args: string): JsonSchema {
  try {
    const value: unknown = JSON.parse(args);
    return typeof value === 'object' && value !== null ? (value as JsonSchema) : {}; // a JSON object
  } catch {
    return {};
  }
}

function commandOf(args: JsonSchema, detail: JsonSchema): string | undefined {
  const given = detail['command'] ?? args['command'] ?? detail['argv'];
  if (typeof given === 'string') return given;
  if (Array.isArray(given)) return given.map(String).join(' ');
  return typeof args['process'] === 'string' ? `process ${args['process']}` : undefined;
}

/** What the shell says of a command's end on a line of its own is for the model: the view has it as data. */
const endingNote =
  /(^|\n)\[(?:exit code|took|timed out|killed by|interrupted|still running|no output|[^\n]*process \w+ still runs)[^\n]*\]$/u;

function outputOf(result: ResultItem | undefined): string {
  return result === undefined ? '' : textOf(result.content).replace(endingNote, '$1');
}

function ending(detail: JsonSchema) {
  const { exitCode, signal, process } = detail;
  return {
    ...(typeof exitCode === 'number' ? { exitCode } : {}),
    ...(typeof signal === 'string' ? { signal } : {}),
    ...(typeof process === 'string' ? { process } : {}),
    timedOut: detail['timedOut'] === true,
  };
}

const verbs = { Add: 'add', Update: 'update', Delete: 'delete' } as const;

/** The files that a patch which has not been applied names. */
function changesNamed(args: JsonSchema): readonly Change[] | undefined {
  const patch = args['patch'];
  if (typeof patch !== 'string') return undefined;
  return [...patch.matchAll(/^\*\*\* (Add|Update|Delete) File: (.+)$/gmu)].map(
    ([, verb = 'Update', path = '']) => ({
      path: path.trim(),
      kind: verbs[verb as keyof typeof verbs], // by the pattern
    }),
  );
}

/** How a command ended, in a few words: `exit 1`, `SIGKILL, time limit`, `still running as p1`. */
export function endingOf({
  exitCode,
  signal,
  timedOut,
  process,
}: Omit<CommandView, 'kind'>): string {
  const limit = timedOut ? ', time limit' : '';
  if (exitCode !== undefined) return `exit ${exitCode}${limit}`;
  if (signal !== undefined) return `${signal}${limit}`;
  return process === undefined ? 'no exit code' : `still running as ${process}`;
}

/** One line on a call that is neither command, patch nor plan: its most telling argument. */
export function briefOf(args: unknown): string {
  if (typeof args !== 'object' || args === null) return '';
  const texts = Object.values(args).filter(
    (value) => typeof value === 'string' || typeof value === 'number',
  );
  return texts.length > 0 ? texts.slice(0, 2).join(' ') : JSON.stringify(args);
}
