/** Who tells the user of a turn, in text or in events. */

import type { Item, ThreadEvent, ThreadInfo } from '../../../core/index.ts';
import type { Outcome } from './outcome.ts';

/** Told in this order: started, then what happens, then ended. Each resolves when there is room for more. */
export interface Reporter {
  readonly started: (thread: ThreadInfo) => Promise<void>;
  readonly notice: (message: string) => Promise<void>;
  readonly item: (item: Item) => Promise<void>;
  readonly delta: (event: Extract<ThreadEvent, { type: 'item/delta' }>) => Promise<void>;
  readonly ended: (outcome: Outcome) => Promise<void>;
  /** There is no turn, or no more of it. */
  readonly failed: (message: string) => Promise<void>;
}

/** What went wrong with a turn that did not complete; `undefined` for one that did. */
export function failureOf({ end, broken }: Outcome): string | undefined {
  if (end === undefined) return broken?.message ?? 'the turn did not end';
  if (end.status === 'completed') return undefined;
  return end.error?.message ?? (end.status === 'interrupted' ? 'interrupted' : end.status);
}
