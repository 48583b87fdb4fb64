/** What a parent gets of a sub-agent: its answer, and for front ends what it was. */

import type { JsonSchema, ToolResult } from '../../core/index.ts';
import type { Report } from './child.ts';
import type { Ledger } from './ledger.ts';

/** Which sub-agent it was, and out of what it was paid. */
export interface Worker {
  readonly thread: string;
  readonly agent: string | undefined;
  readonly ledger: Ledger;
}

/** The result of `task`: the answer alone, or an error that says why there is none. */
export function resultOf(report: Report, { thread, agent, ledger }: Worker): ToolResult {
  const { end, steps, tokens, usage, denied } = report;
  const detail: JsonSchema = {
    thread,
    ...(agent === undefined ? {} : { agent }),
    status: end?.status ?? 'interrupted',
    steps,
    tokens,
    usage,
    ...(denied.length === 0 ? {} : { denied }),
  };
  const isDone = end?.status === 'completed' && report.text !== '';
  const text = isDone ? report.text : failureOf(report, ledger);
  return { content: [{ type: 'text', text }], isError: !isDone, detail };
}

function failureOf({ end, broken, text }: Report, ledger: Ledger): string {
  const isSpent = ledger.left <= 0 && end?.status !== 'failed';
  const fault = broken ?? end?.error?.message ?? end?.status ?? 'interrupted';
  const why = isSpent ? `${ledger.exhausted}: do the rest yourself` : fault;
  const said = text === '' ? '' : `\nWhat it had said:\n${text}`;
  return `the sub-agent gave no answer: ${why}${said}`;
}
