/** PreCompact and PostCompact: what hooks say of a compaction. */

import type { Client, Compactor, WindowEntry } from '../../core/index.ts';
import { interrupt, refusal, type Sessions, tellPeople } from './sessions.ts';

/**
 * The outermost compactor, which leaves the work to the next. A block ends a compaction that the user asked for; one
 * that the full window needs goes on, with a notice. SessionStart runs anew afterwards, since what it said may be gone.
 */
export function hookedCompactor(sessions: Sessions, client: Client): Compactor {
  return {
    name: 'hooks',
    compact: async (job, next) => {
      const session = await sessions.open(job.thread, client, job.settings);
      const { signal } = job;
      const trigger = job.reason === 'asked' ? 'manual' : 'auto';
      const about = { session, subject: trigger, signal };
      const before = await sessions.run({
        ...about,
        event: 'PreCompact',
        input: { trigger, custom_instructions: job.remark ?? '' },
      });
      const no = before.stop ?? (before.verdict === 'deny' ? before.reason : undefined);
      if (no !== undefined && trigger === 'manual') {
        interrupt(session, client);
        throw refusal('PreCompact', no);
      }
      if (no !== undefined) {
        const text = `a PreCompact hook wanted no compaction, but the window is full: ${no}`;
        tellPeople(session, text);
      }
      const entries = await next(job);
      const input = { trigger, compact_summary: summaryOf(entries) };
      await sessions.run({ ...about, event: 'PostCompact', input });
      const source = 'compact';
      const begun = { event: 'SessionStart', session, input: { source }, subject: source } as const;
      await sessions.run({ ...begun, signal });
      return entries;
    },
  };
}

function summaryOf(entries: readonly WindowEntry[]): string {
  return entries
    .flatMap((entry) => ('fragment' in entry ? [entry.fragment.text] : []))
    .join('\n\n');
}
