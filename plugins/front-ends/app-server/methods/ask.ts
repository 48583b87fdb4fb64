/** The kernel's questions as those of the wire, and what is answered as the kernel's answers. */

import type { Answer, EffectData } from '../../../../core/index.ts';
import { argumentsOf, type CallState, callItem, clientToolName } from '../items/call-item.ts';
import { commandActions } from '../items/command-actions.ts';
import { commandLine } from '../items/command-line.ts';
import { mediaOf } from '../items/input.ts';
import type { OpenQuestion } from '../items/steps.ts';
import type {
  QuestionAnswer as AnswerOf,
  QuestionName,
  QuestionParams as ParamsOf,
} from '../schemas/questions.ts';
import { scriptOf, showCommand, showText } from '../../../policies/shell/show.ts';
import { elicit, requestInput } from './ask-input.ts';

/** A question for a client, and what its answer means. */
export type Asking = {
  [M in QuestionName]: {
    readonly method: M;
    readonly params: ParamsOf<M>;
    readonly answerOf: (answer: AnswerOf<M>) => Answer;
  };
}[QuestionName];

type Approval = Extract<OpenQuestion['item']['question'], { kind: 'approval/ask' }>;
type Json = ParamsOf<'item/tool/call'>['arguments'];

/** What is asked of the clients of a thread. */
export function askingOf(thread: string, open: OpenQuestion): Asking {
  const { question } = open.item;
  if (question.kind === 'approval/ask') return approvalOf(thread, open, question);
  if (question.kind === 'tool/call') return toolCallOf(thread, open, question);
  const isOfTool = open.call !== undefined && open.call.call.name === question.from;
  const where = whereOf(thread, open);
  return isOfTool ? requestInput(where, question) : elicit(where, question);
}

/** Where a question belongs: thread, turn, item. */
export interface Where {
  readonly threadId: string;
  readonly turnId: string;
  readonly itemId: string;
}

function whereOf(threadId: string, { item, turn }: OpenQuestion): Where {
  return { threadId, turnId: turn, itemId: item.call ?? item.id };
}

function approvalOf(thread: string, open: OpenQuestion, question: Approval): Asking {
  const { effect } = question;
  const where = whereOf(thread, open);
  switch (effect.kind) {
    case 'write':
      return isOfPatch(open.call)
        ? patchApproval(where, open, question)
        : permission(where, open, question);
    case 'read':
    case 'fetch':
      return permission(where, open, question);
    case 'call':
      return mcpApproval(where, question);
    default:
      return commandApproval(where, open, question);
  }
}

/** Whether a call changes files that its item shows. */
export const isOfPatch = (call: CallState | undefined) =>
  call !== undefined && callItem(call).type === 'fileChange';

function commandApproval(where: Where, { item, call }: OpenQuestion, question: Approval): Asking {
  const { effect, proposal } = question;
  const { command, line, reason: rule } = shownCommand(question);
  const why = call && effect['confined'] === 'none' && stringOf(argumentsOf(call.call)['outside']);
  const reason = why ? `the model says: ${showText(why)}. Asked since ${rule}` : rule;
  const prefix = stringsOf(proposal?.['command']);
  const isOffered = prefix.length > 0;
  const amendment = { acceptWithExecpolicyAmendment: { execpolicy_amendment: prefix } };
  return {
    method: 'item/commandExecution/requestApproval',
    params: {
      ...where,
      kind: effect.kind === 'input' ? 'writeStdin' : 'command',
      startedAtMs: item.at,
      approvalId: item.id,
      environmentId: null,
      reason,
      command: line,
      cwd: stringOf(effect['cwd']) ?? call?.cwd ?? null,
      commandActions: commandActions(command),
      proposedExecpolicyAmendment: isOffered ? prefix : null,
      availableDecisions: [
        'accept',
        'acceptForSession',
        ...(isOffered ? [amendment] : []),
        'decline',
        'cancel',
      ],
    },
    answerOf: ({ decision, remark }) => withRemark(decisionOf(decision), remark),
  };
}

/** Exactly what will run, or what is written to a process, whatever the call said; nothing in it hides or moves text. */
function shownCommand({ effect, reason }: Approval) {
  const argv = stringsOf(effect['argv']);
  const command = showCommand(argv);
  const line = scriptOf(argv) === undefined ? command : commandLine(command);
  if (effect.kind !== 'input') return { command, line, reason: showText(reason) };
  const data = showText(stringOf(effect['data']) ?? '');
  return { command: data, line: data, reason: showText(`it is input to ${command}: ${reason}`) };
}

const decisions = {
  accept: { decision: 'once' },
  acceptForSession: { decision: 'thread' },
  decline: { decision: 'deny' },
  cancel: { decision: 'stop' },
} as const satisfies Record<string, Answer>;

/** What the user says beside a no reaches the model. */
function withRemark(answer: Answer, remark: string | null | undefined): Answer {
  const isNo = answer.decision === 'deny' || answer.decision === 'stop';
  return isNo && remark ? { ...answer, remark } : answer;
}

/** An amendment stands for the rule that was proposed, whatever its words. */
function decisionOf(
  decision: AnswerOf<'item/commandExecution/requestApproval'>['decision'],
): Answer {
  if (typeof decision === 'string') return decisions[decision];
  return { decision: 'acceptWithExecpolicyAmendment' in decision ? 'project' : 'once' };
}

function patchApproval(where: Where, { item }: OpenQuestion, { reason }: Approval): Asking {
  return {
    method: 'item/fileChange/requestApproval',
    params: { ...where, startedAtMs: item.at, reason: showText(reason), grantRoot: null },
    answerOf: ({ decision, remark }) => withRemark(decisions[decision], remark),
  };
}

/** To reach a file or the network, asked by what runs no command. */
function permission(where: Where, { item, call }: OpenQuestion, question: Approval): Asking {
  const { effect, reason } = question;
  const path = stringOf(effect['path']);
  const url = stringOf(effect['url']);
  const files = path === null ? null : filesOf(effect, path);
  const network = url === null ? null : { enabled: true };
  return {
    method: 'item/permissions/requestApproval',
    params: {
      ...where,
      environmentId: null,
      startedAtMs: item.at,
      cwd: call?.cwd ?? '/',
      reason: showText(url === null ? reason : `${url}: ${reason}`),
      permissions: { network, fileSystem: files },
    },
    answerOf: ({ permissions, scope }) => {
      const granted = [permissions.fileSystem?.[effect.kind === 'write' ? 'write' : 'read']].flat();
      const isGranted =
        path === null ? permissions.network?.enabled === true : granted.includes(path);
      if (!isGranted) return { decision: 'deny' };
      return { decision: scope === 'session' ? 'thread' : 'once' };
    },
  };
}

function filesOf({ kind }: EffectData, path: string) {
  return kind === 'write' ? { read: null, write: [path] } : { read: [path], write: null };
}

/** A call of an MCP server's tool, asked as the known protocol does: an empty form with its facts in `_meta`. */
function mcpApproval(where: Where, { effect, reason }: Approval): Asking {
  const { server, tool, args } = effect;
  const { threadId, turnId } = where;
  const facts = {
    codex_approval_kind: 'mcp_tool_call',
    persist: ['session', 'always'],
    tool_title: String(tool),
    tool_params: (args ?? {}) as Json, // plain data
    reason,
  };
  return {
    method: 'mcpServer/elicitation/request',
    params: {
      threadId,
      turnId,
      serverName: String(server),
      mode: 'form',
      _meta: facts,
      message: `Allow ${String(server)} to run "${String(tool)}"?`,
      requestedSchema: { type: 'object', properties: {} },
    },
    answerOf: ({ action, _meta }) => {
      if (action !== 'accept') return { decision: 'deny' };
      const persist = Object(_meta)['persist'] as unknown;
      if (persist === 'always') return { decision: 'project' };
      return { decision: persist === 'session' ? 'thread' : 'once' };
    },
  };
}

function toolCallOf(
  threadId: string,
  { item, turn }: OpenQuestion,
  { name, args }: { readonly name: string; readonly args: unknown },
): Asking {
  return {
    method: 'item/tool/call',
    params: {
      threadId,
      turnId: turn,
      callId: item.call ?? item.id,
      ...clientToolName(name),
      arguments: (args ?? {}) as Json, // plain data
    },
    answerOf: ({ contentItems, success }) => ({
      value: { content: contentItems.map(contentOf), isError: !success },
    }),
  };
}

type ContentItem = AnswerOf<'item/tool/call'>['contentItems'][number];

function contentOf(item: ContentItem) {
  if (item.type === 'inputText') return { type: 'text', text: item.text };
  const url = item.type === 'inputImage' ? item.imageUrl : item.audioUrl;
  const media = mediaOf(url);
  const type = item.type === 'inputImage' ? 'image' : 'audio';
  return media === undefined ? { type: 'text', text: `[${type} ${url}]` } : { type, ...media };
}

const stringOf = (value: unknown) => (typeof value === 'string' ? value : null);
const stringsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
