/**
 * Shell commands on the usual moments, with the JSON in and out that Claude Code's hooks use. They run in the sandbox and
 * through the gate, within a time, and can only narrow what may happen. docs/hooks.md tells all of it.
 */

import {
  aroundTool,
  aroundTurn,
  compactors,
  observers,
  prompts,
  type Event,
  type Host,
  type Plugin,
  type PromptSource,
} from '../../core/index.ts';
import { aroundTools } from './around-tool.ts';
import { aroundTurns } from './around-turn.ts';
import { hookedCompactor } from './compaction.ts';
import { hooksSchema, type HooksOptions } from './options.ts';
import { hearQuestion } from './questions.ts';
import { Sessions } from './sessions.ts';

/** The schema of HooksOptions. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    events: (await hooksSchema()).optional(),
    transcripts: z.string().min(1).optional().describe('The folder of the thread files.'),
  });
};

export default function hooks(given: HooksOptions = {}): Plugin {
  return {
    name: 'hooks',
    api: 1,
    setup: (host) => {
      const sessions = new Sessions(host, given);
      const pending = new Set<Promise<unknown>>();
      host.scope.defer(async () => void (await Promise.all(pending)));
      host.add(aroundTurn, aroundTurns(sessions), 'first');
      host.add(aroundTool, aroundTools(sessions), 'first');
      host.add(compactors, hookedCompactor(sessions, host.client), 'first');
      host.add(prompts, promptSource(sessions));
      host.add(observers, (event) => {
        const work = hear(event, sessions, host)?.catch((error: unknown) => {
          host.log(`hooks: ${String(error)}`); // answered by someone else meanwhile, or interrupted
        });
        if (work === undefined) return;
        const hearing = 'thread' in event ? sessions.get(event.thread)?.hearing : undefined;
        for (const set of [pending, hearing]) {
          set?.add(work);
          void work.then(() => set?.delete(work));
        }
      });
    },
  };
}

/** Tells the model and the user what hooks have said since it was last read. */
function promptSource(sessions: Sessions): PromptSource {
  return {
    name: 'hooks',
    stability: 'turn',
    read: ({ thread, notice }) => {
      const session = sessions.get(thread);
      if (session === undefined) return [];
      session.tell = session.turn && notice;
      for (const text of session.waiting.messages.splice(0)) notice('warning', text);
      return session.waiting.context
        .splice(0)
        .map(({ text, from }) => ({ text, source: from, role: 'developer' as const }));
    },
  };
}

/** Questions, and the end of a thread. */
function hear(event: Event, sessions: Sessions, host: Host): Promise<unknown> | undefined {
  if (event.type === 'thread/closed') {
    const session = sessions.close(event.thread);
    if (session?.isBegun !== true) return undefined;
    const reason = 'other';
    return sessions.run({ event: 'SessionEnd', session, input: { reason }, subject: reason });
  }
  if (event.type !== 'item/appended' || event.item.type !== 'question') return undefined;
  const session = sessions.get(event.thread);
  return session && hearQuestion(sessions, event.item, { session, client: host.client });
}
