/** Calls as items of the wire: what they are is told by the shapes of their arguments and details. */

import { isAbsolute, resolve } from 'node:path';

import { textOf } from '../../../../core/index.ts';
import type { CallItem, Content, JsonSchema, ResultItem, Stamped } from '../../../../core/index.ts';
import { type CallView, type Change, type CommandView, viewOf } from '../../view/call-view.ts';
import type { WireItem, WireItemOf } from '../schemas/item.ts';
import { commandActions } from './command-actions.ts';
import { commandLine } from './command-line.ts';
import { dataUrl } from './input.ts';
import { patchChanges } from './patch.ts';

/** A call, and what has been learned of it. */
export interface CallState {
  readonly thread: string;
  readonly call: CallItem;
  readonly cwd: string;
  readonly startedAtMs: number;
  /** Where it acts, when that is elsewhere: an MCP server and its own name of the tool. */
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  /** A client runs it. */
  readonly isClientTool: boolean;
  /** The last thing that it wanted was refused. */
  readonly isDenied: boolean;
}

type Result = Stamped<ResultItem>;

/** The item of a call, as far as it has come. */
export function callItem(state: CallState, result?: Result): WireItem {
  const view = viewOf(state.call, result);
  const times = {
    startedAtMs: state.startedAtMs,
    completedAtMs: result === undefined ? null : result.at,
  };
  return { ...bodyOf(state, view, result), ...times };
}

function bodyOf(state: CallState, view: CallView, result?: Result): WireItem {
  if (state.isClientTool) return clientToolItem(state, result);
  if (state.server !== undefined) return mcpItem(state, result);
  if (view.kind === 'command' || view.kind === 'input') return commandItem(state, view, result);
  if (view.kind === 'patch') return patchItem(state, view.changes, result);
  const { call, thread } = state;
  const args = argumentsOf(call);
  if (view.kind === 'plan') return { type: 'plan', id: call.call, text: planText(view.steps) };
  if (call.name === 'view_image' && typeof args['path'] === 'string')
    return { type: 'imageView', id: call.call, path: absolute(args['path'], state.cwd) };
  if (call.name === 'task') return agentItem({ thread, call, args }, result);
  return mcpItem(state, result);
}

function commandItem(
  { call, cwd, isDenied }: CallState,
  view: Extract<CallView, { kind: 'command' | 'input' }>,
  result?: Result,
): WireItemOf<'commandExecution'> {
  const folder = result?.detail?.['cwd'] ?? argumentsOf(call)['cwd'];
  return {
    type: 'commandExecution',
    id: call.call,
    command: view.kind === 'input' ? view.command : commandLine(view.command),
    cwd: typeof folder === 'string' ? absolute(folder, cwd) : cwd,
    processId: view.process ?? null,
    source: view.kind === 'input' ? 'unifiedExecInteraction' : 'agent',
    commandActions: commandActions(view.command),
    pluginId: null,
    scriptPath: null,
    ...commandEnd(view, { result, isDenied }),
  };
}

function commandEnd(
  { exitCode, signal, output }: Pick<CommandView, 'exitCode' | 'signal' | 'output'>,
  { result, isDenied }: { readonly result: Result | undefined; readonly isDenied: boolean },
) {
  const hasRun = exitCode !== undefined || signal !== undefined;
  const isFine = result?.isError === false && (exitCode ?? 0) === 0 && signal === undefined;
  return {
    status: statusOf(result, { isFine, isDenied: isDenied && !hasRun }),
    aggregatedOutput: result === undefined ? null : output,
    exitCode: exitCode ?? null,
    durationMs: result?.durationMs ?? null,
  };
}

function patchItem(
  { call, cwd, isDenied }: CallState,
  changes: readonly Change[],
  result?: Result,
): WireItemOf<'fileChange'> {
  const { patch } = argumentsOf(call);
  const hasDiffs = changes.some(({ diff }) => diff !== undefined);
  const asked = typeof patch === 'string' ? patchChanges(patch) : [];
  const shown = hasDiffs || asked.length === 0 ? changes.map(fileUpdate) : asked;
  return {
    type: 'fileChange',
    id: call.call,
    changes: shown.map((change) => ({ ...change, path: absolute(change.path, cwd) })),
    status: statusOf(result, { isFine: result?.isError === false, isDenied }),
  };
}

function fileUpdate({
  path,
  kind,
  to,
  diff = '',
}: Change): WireItemOf<'fileChange'>['changes'][number] {
  if (kind === 'add' || kind === 'delete') return { path, kind: { type: kind }, diff };
  return { path, kind: { type: 'update', move_path: to ?? null }, diff };
}

function mcpItem(
  { call, server = 'spindle', tool = call.name }: CallState,
  result?: Result,
): WireItemOf<'mcpToolCall'> {
  const { content = [], isError } = result ?? {};
  const structured = result?.detail?.['structured'] ?? null;
  const told = { content: content.map(jsonOf), structuredContent: jsonOf(structured), _meta: null };
  return {
    type: 'mcpToolCall',
    id: call.call,
    server,
    tool,
    status: statusOf(result, { isFine: isError === false }),
    arguments: jsonOf(argumentsOf(call)),
    result: isError === false ? told : null,
    error: isError === true ? { message: textOf(content) } : null,
    durationMs: result?.durationMs ?? null,
    appContext: null,
    mcpAppUi: null,
    pluginId: null,
    readOnlyHint: null,
  };
}

function clientToolItem({ call }: CallState, result?: Result): WireItemOf<'dynamicToolCall'> {
  return {
    type: 'dynamicToolCall',
    id: call.call,
    ...clientToolName(call.name),
    arguments: jsonOf(argumentsOf(call)),
    status: statusOf(result, { isFine: result?.isError === false }),
    contentItems: result === undefined ? null : result.content.map(contentItem),
    success: result === undefined ? null : !result.isError,
    durationMs: result?.durationMs ?? null,
  };
}

function contentItem(content: Content): { type: 'inputText'; text: string } | Media {
  if (content.type === 'image') return { type: 'inputImage', imageUrl: dataUrl(content) };
  if (content.type === 'audio') return { type: 'inputAudio', audioUrl: dataUrl(content) };
  return { type: 'inputText', text: textOf([content]) };
}
type Media = { type: 'inputImage'; imageUrl: string } | { type: 'inputAudio'; audioUrl: string };

/** Stands between a client's namespace and the name of a tool in it. */
export const namespaceMark = '__';

/** A client's tool as the client named it. */
export function clientToolName(name: string): { namespace: string | null; tool: string } {
  const at = name.indexOf(namespaceMark);
  if (at <= 0) return { namespace: null, tool: name };
  return { namespace: name.slice(0, at), tool: name.slice(at + namespaceMark.length) };
}

function agentItem(
  { thread, call, args }: { thread: string; call: CallItem; args: JsonSchema },
  result?: Result,
): WireItemOf<'collabAgentToolCall'> {
  const { detail = {}, isError } = result ?? {};
  const named = [detail['thread'], detail['threads']].flat();
  const receiverThreadIds = named.filter((one): one is string => typeof one === 'string');
  const status = result === undefined ? 'running' : isError ? 'errored' : 'completed';
  const states = receiverThreadIds.map((id) => [id, { status, message: null }] as const);
  return {
    type: 'collabAgentToolCall',
    id: call.call,
    tool: 'spawnAgent',
    status: statusOf(result, { isFine: isError === false }),
    senderThreadId: thread,
    receiverThreadIds,
    prompt: stringOf(args['prompt']) ?? stringOf(args['task']),
    model: stringOf(args['model']),
    reasoningEffort: stringOf(args['effort']),
    agentsStates: Object.fromEntries(states),
  };
}

const stringOf = (value: unknown) => (typeof value === 'string' ? value : null);

type Ended<Other> = 'inProgress' | 'completed' | 'failed' | Other;
interface Outcome {
  readonly isFine: boolean;
  readonly isDenied?: boolean;
}

function statusOf(result: Result | undefined, outcome: { readonly isFine: boolean }): Ended<never>;
function statusOf(result: Result | undefined, outcome: Outcome): Ended<'declined'>;
function statusOf(result: Result | undefined, { isFine, isDenied }: Outcome): Ended<'declined'> {
  if (result === undefined) return 'inProgress';
  if (isFine) return 'completed';
  return isDenied === true ? 'declined' : 'failed';
}

const marks = { pending: '[ ]', in_progress: '[~]', completed: '[x]' } as const;

function planText(steps: Extract<CallView, { kind: 'plan' }>['steps']): string {
  return steps.map(({ step, status }) => `- ${marks[status]} ${step}`).join('\n');
}

/** The arguments as an object; empty when they are none. */
export function argumentsOf({ args }: CallItem): JsonSchema {
  try {
    const value: unknown = JSON.parse(args);
    return typeof value === 'object' && value !== null ? (value as JsonSchema) : {}; // a JSON object
  } catch {
    return {};
  }
}

type Json = WireItemOf<'mcpToolCall'>['arguments'];
/** Items hold plain data, which is JSON. */
const jsonOf = (value: unknown) => value as Json;

const absolute = (path: string, cwd: string) => (isAbsolute(path) ? path : resolve(cwd, path));
