/** PermissionRequest and Notification: what hooks say, or only hear, of a question to a person. */

import type { Client, QuestionItem } from '../../core/index.ts';
import type { Session, Sessions } from './sessions.ts';

/** Runs the hooks of a question that was just asked. A deny answers it; an allow does not, since it would widen. */
export async function hearQuestion(
  sessions: Sessions,
  item: QuestionItem,
  { session, client }: { readonly session: Session; readonly client: Client },
): Promise<void> {
  const { question } = item;
  if (question.kind === 'tool/call') return;
  const isApproval = question.kind === 'approval/ask';
  // A hook that has to be asked for itself would ask for ever.
  if (isApproval && question.origin.kind === 'hook' && question.origin.name !== 'PreToolUse')
    return;
  const type = isApproval ? 'permission_prompt' : 'elicitation_dialog';
  const message = isApproval ? `Spindle asks: ${question.reason}` : question.message;
  const signal = session.turn?.signal;
  const told = sessions.run({
    event: 'Notification',
    session,
    input: { message, notification_type: type },
    subject: type,
    signal,
  });
  await Promise.all([told, isApproval ? decide(sessions, item, { session, client }) : undefined]);
}

async function decide(
  sessions: Sessions,
  { id, call = '', question }: QuestionItem,
  { session, client }: { readonly session: Session; readonly client: Client },
): Promise<void> {
  if (question.kind !== 'approval/ask') return;
  const { effect, origin, reason: why } = question;
  const known = session.calls.get(call);
  const name = known?.name ?? origin.name;
  const { verdict, reason, stop } = await sessions.run({
    event: 'PermissionRequest',
    session,
    input: { tool_name: name, tool_input: known?.args ?? effect, effect, reason: why },
    subject: name,
    signal: session.turn?.signal,
  });
  if (stop === undefined && verdict !== 'deny') return;
  const answer = {
    decision: stop === undefined ? 'deny' : 'stop',
    remark: stop ?? reason,
  } as const;
  await client.request('question/answer', { thread: session.thread, question: id, answer });
}
