/** Progress as text for people, on stderr. */

import type { AssistantItem, EndItem, Limits, ThreadInfo } from '../../../core/index.ts';
import type { Output } from '../terminal/output.ts';
import { line, shown, type Style } from '../terminal/style.ts';
import { count, duration, plural } from '../terminal/words.ts';
import { CallProgress } from '../view/call-progress.ts';
import { itemLines } from '../view/item-lines.ts';
import { failureOf, type Reporter } from './reporter.ts';
import type { Outcome } from './outcome.ts';

/** Lines of a patch, and of what a failed command wrote last. */
const bounds = { maxDiff: 24, maxTail: 5 };

/** Where progress goes and how. */
export interface ProgressOptions {
  readonly output: Output;
  readonly style: Style;
}

/** Texts of intermediate steps, commands with exit code and duration, short diffs, notices, usage at the end. */
export function progressReporter({ output, style }: ProgressOptions): Reporter {
  let thread: ThreadInfo | undefined;
  let linesOf = itemLines({ style, cwd: '/', ...bounds });
  let said: AssistantItem | undefined;
  const progress = new CallProgress(style);
  const print = (lines: readonly string[]) => output.write(lines.map((one) => `${one}\n`).join(''));
  /** What the model said is its answer only when nothing follows. */
  const printSaid = async () => {
    if (said === undefined) return;
    const { text } = said;
    said = undefined;
    await print([shown(text.trim())]);
  };
  return {
    started: async (info) => {
      thread = info;
      const { cwd, sandbox, approval } = info.settings;
      linesOf = itemLines({ style, cwd, ...bounds });
      await print([style.dim(`thread ${info.id} in ${shown(cwd)} (${sandbox}, ${approval})`)]);
    },
    notice: (message) => print([style.yellow(`! ${line(message, 1000)}`)]),
    delta: (event) => print(progress.linesOf(event)),
    item: async (item) => {
      if (item.type === 'assistant' || item.type === 'call') await printSaid();
      if (item.type === 'assistant') said = item;
      progress.see(item);
      await print(linesOf(item));
    },
    ended: async (outcome) => {
      if (outcome.end?.status !== 'completed') await printSaid();
      await print(endLines(outcome, style, thread));
    },
    failed: (message) => print([style.red(`spindle exec: ${shown(message)}`)]),
  };
}

function endLines(
  outcome: Outcome,
  style: Style,
  thread: ThreadInfo | undefined,
): readonly string[] {
  const { usage, steps, end, below } = outcome;
  const failure = failureOf(outcome);
  const lasted = end === undefined ? '' : `, ${duration(end.durationMs)}`;
  const tokens = `${count(usage.input)} tokens in (${count(usage.cached)} cached), ${count(usage.output)} out${below === 0 ? '' : `, and ${count(below)} of sub-agents`}`;
  const resume =
    thread === undefined || thread.ephemeral
      ? []
      : [style.dim(`go on with: spindle exec resume ${thread.id} "..."`)];
  return [
    ...(failure === undefined ? [] : failureLines(failure, end, style)),
    ...aloneLines(outcome, style),
    ...(steps === 0 && failure === undefined
      ? [] // a command that started no turn
      : [style.dim(`${plural(steps, 'step')}${lasted}, ${tokens}`)]),
    ...resume,
  ];
}

const limitAdvice: Readonly<Record<keyof Limits, string>> = {
  steps: 'for more: --max-steps COUNT, or limits.steps in the configuration',
  timeoutMs: 'for more: --timeout SECONDS, or limits.timeoutMs in the configuration',
  tokens: 'for more: -c limits.tokens=COUNT, or limits.tokens in the configuration',
};

/** What a person would have been asked. */
function aloneLines({ denied, unanswered }: Outcome, style: Style): readonly string[] {
  const effects = `${plural(denied, 'effect')} denied, since nobody was there to ask`;
  const questions = `${plural(unanswered, 'question')} not answered, since nobody was there: put what is to be known into the prompt`;
  return [...(denied > 0 ? [effects] : []), ...(unanswered > 0 ? [questions] : [])].map(style.red);
}

function failureLines(failure: string, end: EndItem | undefined, style: Style): readonly string[] {
  const { status = 'failed', limit } = end ?? {};
  const said = status === failure ? status : `${status}: ${shown(failure)}`;
  return [style.red(said), ...(limit === undefined ? [] : [style.dim(limitAdvice[limit])])];
}
