/** What a hook answered: by its exit code, by JSON on its stdout, or by plain text. */

import { messageOf, type JsonSchema } from '../../core/index.ts';
import type { Hook, HookEvent } from './options.ts';

/** How a hook's command ended. `fault`: it could not be run to its end. */
export interface HookRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly fault?: string;
}

/** What one hook, or all hooks of a moment together, want. `deny` also stands for `block` and exit code 2. */
export interface HookAnswer {
  readonly verdict?: HookVerdict;
  /** Why, in the hook's words. */
  readonly reason?: string;
  /** What the model is to be told, each with the hook that says it. */
  readonly context?: readonly { readonly text: string; readonly from: string }[];
  /** Arguments to call the tool with instead. */
  readonly updatedInput?: JsonSchema;
  /** The turn is to end, for this reason. */
  readonly stop?: string;
  /** What the user is to be told. */
  readonly messages?: readonly string[];
}
export type HookVerdict = 'allow' | 'ask' | 'deny';

/** Characters of context that one hook may add. */
const maxContext = 10_000;
const shownCommand = 100;

/** Moments that have come to pass: at these an exit code of 2 is a failure like any other. */
const onlyTells: ReadonlySet<HookEvent> = new Set([
  'SessionStart',
  'SessionEnd',
  'Notification',
  'PostCompact',
]);

/** Reads the answer of one hook. What cannot be understood is a failure, and closes if the hook is told to. */
export function readAnswer(event: HookEvent, hook: Hook, run: HookRun): HookAnswer {
  const { code, stdout, stderr, fault } = run;
  if (fault !== undefined) return failed(event, hook, fault);
  if (code === 2 && !onlyTells.has(event))
    return { verdict: 'deny', reason: stderr.trim() || `${nameOf(hook)} said no` };
  if (code !== 0)
    return failed(event, hook, `exit code ${code}: ${stderr.trim().slice(0, 500) || 'no message'}`);
  const text = stdout.trim();
  if (!text.startsWith('{')) return isContext(event) ? contextOf(text, hook) : {};
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (error) {
    return failed(event, hook, `its answer begins as JSON, but is none (${messageOf(error)})`);
  }
  return readJson(event, hook, said as JsonSchema); // an object, by its first character
}

/** A command's beginning, to name it by. */
export function nameOf({ command }: Hook): string {
  const line = command.trim().replaceAll(/\s+/gu, ' ');
  return line.length > shownCommand ? `${line.slice(0, shownCommand)}…` : line;
}

function failed(event: HookEvent, hook: Hook, fault: string): HookAnswer {
  const text = `the ${event} hook "${nameOf(hook)}" failed: ${fault}`;
  if (hook.onFailure === 'block') return { verdict: 'deny', reason: text };
  return { messages: [text] };
}

/** Whether plain text on stdout is for the model. */
function isContext(event: HookEvent): boolean {
  return event === 'SessionStart' || event === 'UserPromptSubmit';
}

function contextOf(text: string, hook: Hook): HookAnswer {
  if (text === '') return {};
  const cut = `${text.slice(0, maxContext)}\n[… the rest is left out: hooks may add ${maxContext} characters …]`;
  return { context: [{ text: text.length > maxContext ? cut : text, from: nameOf(hook) }] };
}

function readJson(event: HookEvent, hook: Hook, said: JsonSchema): HookAnswer {
  const own = sectionOf(said['hookSpecificOutput']);
  const { hookEventName = event, additionalContext, updatedInput } = own;
  if (hookEventName !== event)
    return failed(
      event,
      hook,
      `expected hookSpecificOutput for ${event}, but got one for ${String(hookEventName)}`,
    );
  const decided = readDecision(said, own);
  if (decided === undefined)
    return failed(
      event,
      hook,
      `expected a decision of allow, ask, deny or block, but got ${JSON.stringify(said)}`,
    );
  const reason = decided.reason ?? textOf(said['reason']) ?? `${nameOf(hook)} said so`;
  const message = textOf(said['systemMessage']);
  return {
    ...(decided.verdict === undefined ? {} : { verdict: decided.verdict, reason }),
    ...contextOf(textOf(additionalContext) ?? '', hook),
    ...(isSection(updatedInput) ? { updatedInput } : {}),
    ...stopOf(said, sectionOf(own['decision']), reason),
    ...(message === undefined ? {} : { messages: [message] }),
  };
}

/** The verdict, if there is one; `undefined` when the word for it is not known. */
function readDecision(
  said: JsonSchema,
  own: JsonSchema,
): Pick<HookAnswer, 'verdict' | 'reason'> | undefined {
  const asked = sectionOf(own['decision']); // PermissionRequest's
  const word = own['permissionDecision'] ?? asked['behavior'] ?? said['decision'];
  if (word === undefined || word === null) return {};
  const verdict = typeof word === 'string' ? verdicts.get(word) : undefined;
  const reason = textOf(own['permissionDecisionReason']) ?? textOf(asked['message']);
  return verdict && { verdict, reason };
}

const verdicts: ReadonlyMap<string, HookVerdict> = new Map([
  ['allow', 'allow'],
  ['approve', 'allow'],
  ['ask', 'ask'],
  ['deny', 'deny'],
  ['block', 'deny'],
]);

function stopOf(
  said: JsonSchema,
  { interrupt }: JsonSchema,
  reason: string,
): Pick<HookAnswer, 'stop'> {
  if (said['continue'] === false) return { stop: textOf(said['stopReason']) ?? reason };
  return interrupt === true ? { stop: reason } : {};
}

function isSection(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sectionOf(value: unknown): JsonSchema {
  return isSection(value) ? value : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

const strictness = { allow: 0, ask: 1, deny: 2 } as const;

/** All answers of a moment as one: the strictest verdict with its reasons, all context, the last updated input. */
export function combineAnswers(answers: readonly HookAnswer[]): HookAnswer {
  const rank = ({ verdict }: HookAnswer) => (verdict === undefined ? -1 : strictness[verdict]);
  const strictest = answers.reduce((best, one) => Math.max(best, rank(one)), -1);
  const deciding = answers.filter((one) => strictest >= 0 && rank(one) === strictest);
  const reasons = deciding.map(({ reason = '' }) => reason);
  return {
    ...(deciding[0] === undefined
      ? {}
      : { verdict: deciding[0].verdict, reason: reasons.join('\n') }),
    context: answers.flatMap(({ context = [] }) => context),
    messages: answers.flatMap(({ messages = [] }) => messages),
    updatedInput: answers.findLast(({ updatedInput }) => updatedInput !== undefined)?.updatedInput,
    stop: answers.find(({ stop }) => stop !== undefined)?.stop,
  };
}
