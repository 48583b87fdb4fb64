/** Calls as the items of events. */

import { textOf } from '../../../core/index.ts';
import type { CallItem, Content, ResultItem } from '../../../core/index.ts';
import type { CallView } from '../view/call-view.ts';

type Status = 'in_progress' | 'completed' | 'failed';

/** An item as `@openai/codex-sdk` 0.163 types it; members beyond that are ours. */
export type EventItem =
  | { readonly id: string; readonly type: 'agent_message' | 'reasoning'; readonly text: string }
  | { readonly id: string; readonly type: 'web_search'; readonly query: string }
  | { readonly id: string; readonly type: 'error'; readonly message: string }
  | {
      readonly id: string;
      readonly type: 'command_execution';
      readonly command: string;
      readonly aggregated_output: string;
      readonly exit_code?: number;
      readonly status: Status;
    }
  | {
      readonly id: string;
      readonly type: 'file_change';
      readonly changes: readonly {
        readonly path: string;
        readonly kind: 'add' | 'delete' | 'update';
        readonly move_path?: string;
      }[];
      readonly status: Status;
    }
  | {
      readonly id: string;
      readonly type: 'mcp_tool_call';
      /** `spindle` for tools of its own. */
      readonly server: string;
      readonly tool: string;
      readonly arguments: unknown;
      readonly result?: {
        readonly content: readonly Content[];
        readonly structured_content: unknown;
      };
      readonly error?: { readonly message: string };
      readonly status: Status;
    }
  | {
      readonly id: string;
      readonly type: 'todo_list';
      readonly items: readonly { readonly text: string; readonly completed: boolean }[];
    };

/** What is known of a call besides. */
export interface CallKnown {
  readonly view: CallView;
  /** The MCP server that runs it. */
  readonly server: string | undefined;
}

/** A call that has begun. */
export function itemOfCall(call: CallItem, { view, server }: CallKnown): EventItem {
  const { id } = call;
  if (view.kind === 'command') {
    const { command } = view;
    return { id, type: 'command_execution', command, aggregated_output: '', status: 'in_progress' };
  }
  return {
    id,
    type: 'mcp_tool_call',
    server: server ?? 'spindle',
    tool: call.name,
    arguments: argumentsOf(call, view),
    status: 'in_progress',
  };
}

/** A call that has its result. */
export function itemOfResult(
  result: ResultItem,
  { call, view, server }: CallKnown & { readonly call: CallItem },
): EventItem {
  const { id } = call;
  const status = result.isError ? 'failed' : 'completed';
  switch (view.kind) {
    case 'command':
    case 'input':
      return commandItem(id, view);
    case 'patch':
      return { id, type: 'file_change', changes: view.changes.map(changeOf), status };
    case 'plan': {
      const items = view.steps.map((one) => ({
        text: one.step,
        completed: one.status === 'completed',
      }));
      return { id, type: 'todo_list', items };
    }
    case 'other': {
      const content = result.content;
      const told = result.isError
        ? { error: { message: textOf(content) } }
        : { result: { content, structured_content: result.detail?.['structured'] ?? null } };
      const args = argumentsOf(call, view);
      const where = { server: server ?? 'spindle', tool: call.name, arguments: args };
      return { id, type: 'mcp_tool_call', ...where, ...told, status };
    }
  }
}

function commandItem(
  id: string,
  view: Extract<CallView, { kind: 'command' | 'input' }>,
): EventItem {
  const { command, output, exitCode, process, signal, kind } = view;
  const isRunning = exitCode === undefined && signal === undefined && process !== undefined;
  const hasEnded = exitCode !== undefined || signal !== undefined;
  // A later call on a process names it in its arguments, ended or not.
  const isOpen = kind === 'input' ? !hasEnded : isRunning;
  return {
    id,
    type: 'command_execution',
    command,
    aggregated_output: output,
    ...(exitCode === undefined ? {} : { exit_code: exitCode }),
    status: isOpen ? 'in_progress' : exitCode === 0 ? 'completed' : 'failed',
  };
}

function changeOf({ path, kind, to }: Extract<CallView, { kind: 'patch' }>['changes'][number]) {
  return kind === 'move'
    ? { path, kind: 'update' as const, ...(to === undefined ? {} : { move_path: to }) }
    : { path, kind };
}

function argumentsOf(call: CallItem, view: CallView): unknown {
  return view.kind === 'other' ? view.args : call.args;
}
