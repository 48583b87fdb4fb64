/** Items of a thread as lines of text, the same while a turn runs and when it is looked at later. */

import { textOf } from '../../../core/index.ts';
import type {
  CallItem,
  DecisionItem,
  EffectData,
  Item,
  NoticeItem,
  ResultItem,
  StepItem,
} from '../../../core/index.ts';
import { line, type Style } from '../terminal/style.ts';
import { count, duration, plural } from '../terminal/words.ts';
import { briefOf, endingOf, viewOf, type CallView, type Change } from './call-view.ts';
import { cutAnswer } from './cut-answer.ts';
import { diffLines } from './diff-view.ts';

/** How to show items: paths from `cwd`, and at most so many lines of a diff and of a failed command's last output. */
export interface ItemOptions {
  readonly style: Style;
  readonly cwd: string;
  readonly maxDiff: number;
  readonly maxTail: number;
}

/** Lines for one item after the other: calls with their results, denials, notices. What was said is for others. */
export function itemLines(options: ItemOptions): (item: Item) => readonly string[] {
  const calls = new Map<string, CallItem>();
  const begun = new Set<string>();
  return (item) => {
    if (item.type === 'call') calls.set(item.call, item);
    const call = 'call' in item && item.call !== undefined ? calls.get(item.call) : undefined;
    return linesOf(item, { ...options, call, begun });
  };
}

interface View extends ItemOptions {
  readonly call: CallItem | undefined;
  /** Calls whose command line has been shown. */
  readonly begun: Set<string>;
}

function linesOf(item: Item, view: View): readonly string[] {
  if (item.type === 'decision') return decisionLines(item, view);
  if (item.type === 'result') return resultLines(item, view);
  if (item.type === 'notice') return noticeLines(item, view.style);
  if (item.type === 'hosted') return [`${view.style.bold(item.name)} ${line(item.summary)}`];
  if (item.type === 'step') return cutLines(item, view.style);
  if (item.type === 'window') {
    const size = `${count(item.before)} to ${count(item.after)} tokens`;
    return [view.style.dim(item.reason === 'revert' ? 'reverted' : `compacted: ${size}`)];
  }
  return item.type === 'discarded' ? [view.style.dim(`discarded: ${line(item.reason)}`)] : [];
}

function cutLines(item: StepItem, style: Style): readonly string[] {
  const cut = cutAnswer(item);
  return cut === undefined ? [] : [style.yellow(`! ${line(cut, 1000)}`)];
}

function decisionLines(item: DecisionItem, { call, style, begun }: View): readonly string[] {
  if (item.verdict === 'deny') return deniedLines(item, style);
  if (call === undefined || item.effect.kind !== 'spawn' || begun.has(call.call)) return [];
  const view = viewOf(call);
  if (view.kind !== 'command') return [];
  begun.add(call.call);
  return [commandLine(view.command, style)];
}

/** What was denied, why, and the rule that would allow it. */
function deniedLines(item: DecisionItem, style: Style): readonly string[] {
  const { effect, reason, rule } = item;
  const what = [effect['argv'], effect['path'], effect['url'], effect['tool']].flat();
  const named = what
    .filter((part) => part !== undefined)
    .map(String)
    .join(' ');
  // Present where nobody was there to ask and a rule is safe to offer.
  const { proposal } = item as { readonly proposal?: unknown };
  return [
    style.red(`denied: ${effect.kind} ${line(named)}`),
    `  ${line(reason, 400)} (rule: ${line(rule, 200)})`,
    ...(proposal === undefined ? [] : [`  to allow it: ${line(JSON.stringify(proposal), 400)}`]),
  ];
}

function resultLines(result: ResultItem, view: View): readonly string[] {
  const { call, style } = view;
  if (call === undefined) return failureLines(result, style);
  const told = viewOf(call, result);
  switch (told.kind) {
    case 'command':
    case 'input':
      return commandLines(told, result, view);
    case 'patch':
      return patchLines(told.changes, result, view);
    case 'plan':
      return [
        style.bold('plan'),
        ...told.steps.map(({ step, status }) => `  ${marks[status]} ${line(step)}`),
      ];
    case 'other': {
      const { name, args } = elsewhere(result, told.args);
      return [
        `${style.bold(name)} ${line(briefOf(args))}${took(result, style)}`,
        ...agentLines(result, style),
        ...failureLines(result, style),
      ];
    }
  }
}

/** A tool that acts elsewhere is shown under its own name, not under that of the tool that called it. */
function elsewhere({ name, detail = {} }: ResultItem, args: unknown) {
  const { server, tool } = detail;
  if (typeof server !== 'string' || typeof tool !== 'string') return { name, args };
  const { arguments: inner } = Object(args) as { readonly arguments?: unknown }; // of tool_call
  return { name: line(`${server}/${tool}`), args: name === 'tool_call' ? (inner ?? {}) : args };
}

/** Of a sub-agent: its thread and what it cost, and what it was denied. */
function agentLines({ detail = {} }: ResultItem, style: Style): readonly string[] {
  const { thread, steps, tokens, denied } = detail;
  if (typeof thread !== 'string' || typeof steps !== 'number') return [];
  const cost = `${plural(steps, 'step')}, ${count(Number(tokens))} tokens`;
  const all = Array.isArray(denied) ? (denied as readonly Denied[]) : []; // questions, in the detail of `task`
  const lines = all.map(({ effect, reason = '' }) => {
    return style.red(`  denied: ${effect?.kind ?? 'a question'} ${line(reason, 400)}`);
  });
  return [style.dim(`  thread ${thread}, ${cost}`), ...lines];
}

interface Denied {
  readonly effect?: EffectData;
  readonly reason?: string;
}

function took({ durationMs }: ResultItem, style: Style): string {
  return durationMs < 100 ? '' : style.dim(`, ${duration(durationMs)}`);
}

function failureLines({ isError, content }: ResultItem, style: Style): readonly string[] {
  return isError ? [style.red(`  ${line(textOf(content), 400)}`)] : [];
}

function patchLines(
  changes: readonly Change[],
  result: ResultItem,
  { style, cwd, maxDiff }: View,
): readonly string[] {
  const lines = changes.flatMap((change) => diffLines(change, { style, cwd, maxLines: maxDiff }));
  if (!result.isError) return lines;
  return [style.bold('patch'), ...lines.map((one) => `  ${one}`), ...failureLines(result, style)];
}

const marks = { completed: '[x]', in_progress: '[>]', pending: '[ ]' } as const;

function commandLines(
  view: Extract<CallView, { kind: 'command' | 'input' }>,
  result: ResultItem,
  { style, begun, maxTail }: View,
): readonly string[] {
  const isFine = view.exitCode === 0 || view.process !== undefined;
  const ending = endingOf(view);
  const lines = view.output
    .trimEnd()
    .split('\n')
    .filter((one) => one !== '');
  const tail = lines.slice(Math.max(0, lines.length - maxTail));
  return [
    ...(begun.has(result.call) ? [] : [commandLine(view.command, style)]),
    ...(isFine ? [] : tail.map((one) => style.dim(`  ${line(one)}`))),
    `  ${isFine ? style.green(ending) : style.red(ending)}${took(result, style)}`,
  ];
}

function commandLine(command: string, style: Style): string {
  return `${style.bold('$')} ${line(command, 400)}`;
}

function noticeLines({ level, message }: NoticeItem, style: Style): readonly string[] {
  const text = line(message, 1000);
  return [level === 'error' ? style.red(`! ${text}`) : style.yellow(`! ${text}`)];
}
