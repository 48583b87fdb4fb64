/** PreToolUse and PostToolUse: what hooks say before and after a call. */

import {
  messageOf,
  textOf,
  type AroundTool,
  type JsonSchema,
  type ToolCall,
  type ToolContext,
  type ToolResult,
} from '../../core/index.ts';
import type { HookAnswer } from './answer.ts';
import { interrupt, type Session, type Sessions, tellPeople } from './sessions.ts';

/**
 * Wraps calls. A deny gives the model its reason; an ask is put to a person before the call runs; an allow changes
 * nothing, since what the call does is judged at the gate all the same.
 */
export function aroundTools(sessions: Sessions): AroundTool {
  return async (call, on, next) => {
    const session = await sessions.open(call.thread, on.client, call.settings);
    session.calls.set(call.id, call);
    const before = await sessions.run({
      event: 'PreToolUse',
      session,
      input: inputOf(call),
      subject: call.name,
      signal: on.signal,
    });
    const changed = before.updatedInput ? { ...call, args: before.updatedInput } : call;
    session.calls.set(call.id, changed);
    const refused = await judge(before, changed, { session, on });
    if (refused !== undefined) return failure(refused);
    const result = await next(changed).catch((error: unknown) => failure(messageOf(error)));
    if (on.signal.aborted) return result;
    return after(sessions, result, { session, call: changed, on });
  };
}

function inputOf({ id, name, args }: ToolCall): JsonSchema {
  return { tool_name: name, tool_input: args, tool_use_id: id };
}

function failure(text: string): ToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

interface Within {
  readonly session: Session;
  readonly on: ToolContext;
}

/** Why the call is not to run, if it is not. */
async function judge(
  { verdict, reason = '', stop }: HookAnswer,
  call: ToolCall,
  { session, on }: Within,
): Promise<string | undefined> {
  if (stop !== undefined) {
    interrupt(session, on.client);
    return `not run: a PreToolUse hook stopped the turn: ${stop}`;
  }
  if (verdict === 'deny') return `not run: a PreToolUse hook denied it: ${reason}`;
  return verdict === 'ask' ? ask(call, reason, { session, on }) : undefined;
}

async function ask(
  { id, name, args, thread, settings }: ToolCall,
  reason: string,
  { session, on }: Within,
): Promise<string | undefined> {
  const key = `${name} ${JSON.stringify(args)}`;
  if (session.allowed.has(key)) return undefined;
  const why = `not run: a PreToolUse hook wants a person to allow it (${reason})`;
  if (settings.approval === 'never') return `${why}, and the approval mode is never`;
  const { decision, remark, by } = await on.client.request('question/ask', {
    thread,
    call: id,
    question: {
      kind: 'approval/ask',
      effect: { kind: 'call', server: 'tools', tool: name, args, confined: true },
      origin: { kind: 'hook', name: 'PreToolUse' },
      reason,
      rule: 'a PreToolUse hook asks',
    },
  });
  if (decision === 'thread' || decision === 'project') session.allowed.add(key);
  if (decision === 'once' || decision === 'thread' || decision === 'project') return undefined;
  if (decision === 'stop') interrupt(session, on.client);
  if (by === 'nobody') return `${why}, and nobody is there to ask`;
  return `not run: the user said no${remark === undefined ? '' : `: ${remark}`}`;
}

async function after(
  sessions: Sessions,
  result: ToolResult,
  { session, call, on }: Within & { readonly call: ToolCall },
): Promise<ToolResult> {
  const { content, isError = false, detail = {} } = result;
  const event = isError ? 'PostToolUseFailure' : 'PostToolUse';
  if (!sessions.has(event)) return result;
  const said = textOf(content);
  const answer = await sessions.run({
    event,
    session,
    input: {
      ...inputOf(call),
      tool_response: { ...detail, content: said, is_error: isError },
      ...(isError ? { error: said } : {}),
    },
    subject: call.name,
    signal: on.signal,
  });
  const { verdict, reason = '', stop } = answer;
  if (stop !== undefined) {
    tellPeople(session, `a ${event} hook ended the turn: ${stop}`);
    interrupt(session, on.client);
  }
  if (verdict !== 'deny') return result;
  const text = `A ${event} hook says: ${reason}`;
  return { ...result, content: [...content, { type: 'text', text }] };
}
