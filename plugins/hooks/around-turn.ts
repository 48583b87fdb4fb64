/** SessionStart, UserPromptSubmit, Stop and SubagentStop: what hooks say before and after a turn. */

import { textOf, type AroundTurn, type TurnContext, type TurnOutcome } from '../../core/index.ts';
import { refusal, type Session, type Sessions, tellPeople } from './sessions.ts';

/** How often in a row Stop hooks may send the model on. */
const maxStops = 8;

type RunTurn = Parameters<AroundTurn>[1];

/** Wraps turns. What is blocked before the turn fails it with `denied`, and nothing of it is said to the model. */
export function aroundTurns(sessions: Sessions): AroundTurn {
  return async (turn, next) => {
    const session = await sessions.open(turn.thread, turn.client, turn.settings);
    session.turn = turn;
    try {
      await begin(sessions, session, turn);
      await submit(sessions, session, turn);
      const outcome = await untilStopped(sessions, session, next);
      await Promise.all(session.hearing); // the turn's end would end them
      return outcome;
    } finally {
      session.turn = undefined;
      session.tell = undefined;
      session.calls.clear();
    }
  };
}

async function begin(sessions: Sessions, session: Session, turn: TurnContext): Promise<void> {
  if (session.isBegun) return;
  session.isBegun = true;
  if (!sessions.has('SessionStart')) return;
  const source = await sourceOf(turn);
  const event = 'SessionStart';
  const { signal } = turn;
  const answer = await sessions.run({ event, session, input: { source }, subject: source, signal });
  const { stop = answer.verdict === 'deny' ? answer.reason : undefined } = answer;
  if (stop === undefined) return;
  session.isBegun = false;
  throw refusal(event, stop);
}

/** A thread with an earlier turn is resumed. */
async function sourceOf({ thread, turn, client }: TurnContext): Promise<'startup' | 'resume'> {
  const { items } = await client.request('thread/read', { thread, limit: 20 });
  const isOld = items.some((item) => item.type === 'turn' && item.id !== turn);
  return isOld ? 'resume' : 'startup';
}

async function submit(sessions: Sessions, session: Session, turn: TurnContext): Promise<void> {
  const event = 'UserPromptSubmit';
  const { signal } = turn;
  const input = { prompt: textOf(turn.input) };
  const { verdict, reason = '', stop } = await sessions.run({ event, session, input, signal });
  if (stop !== undefined) throw refusal(event, stop);
  if (verdict === 'deny') throw refusal(event, reason);
}

async function untilStopped(
  sessions: Sessions,
  session: Session,
  next: RunTurn,
): Promise<TurnOutcome> {
  const event = session.isSubagent ? 'SubagentStop' : 'Stop';
  let outcome = await next();
  for (let count = 0; count < maxStops; count++) {
    const answer = await sessions.run({
      event,
      session,
      input: {
        stop_hook_active: count > 0,
        last_assistant_message: outcome.text,
        ...(session.isSubagent ? { agent_id: session.thread, agent_type: 'subagent' } : {}),
      },
      signal: session.turn?.signal,
    });
    const { verdict, reason = '', stop } = answer;
    if (stop !== undefined) tellPeople(session, `a ${event} hook ended the turn: ${stop}`);
    if (stop !== undefined || verdict !== 'deny') return outcome;
    outcome = await next([
      { type: 'text', text: `A ${event} hook, not the user, says: ${reason}` },
    ]);
  }
  const text = `${event} hooks sent the model on ${maxStops} times in a row; it may stop now`;
  tellPeople(session, text);
  return outcome;
}
