/** What a thread does, as the wire has it. */

import type { Question, ThreadStatus } from '../../../../core/index.ts';
import type { WireStatus } from '../schemas/thread.ts';

const flags = {
  'approval/ask': 'waitingOnApproval',
  'input/ask': 'waitingOnUserInput',
  'tool/call': undefined,
} as const;

/** A thread with a turn that runs, with these questions open. */
export function activeStatus(questions: readonly Question[]): WireStatus {
  const waiting = new Set(questions.map(({ kind }) => flags[kind]));
  return { type: 'active', activeFlags: [...waiting].filter((flag) => flag !== undefined) };
}

/** A thread by what the kernel says of it. */
export function statusOf({ state, error, questions }: ThreadStatus): WireStatus {
  if (error !== undefined) return { type: 'systemError' };
  if (state === 'closed') return { type: 'notLoaded' };
  if (state === 'idle') return { type: 'idle' };
  return activeStatus(questions.map(({ question }) => question));
}
