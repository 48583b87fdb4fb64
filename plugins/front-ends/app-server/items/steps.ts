/** What a translation has to say, in order, before it is taken. */

import type { QuestionItem, Stamped } from '../../../../core/index.ts';
import type { WireItem } from '../schemas/item.ts';
import type { Notification } from '../schemas/notifications.ts';
import type { CallState } from './call-item.ts';

/** A question that is open: in which turn, about which call. */
export interface OpenQuestion {
  readonly item: Stamped<QuestionItem>;
  readonly turn: string;
  readonly call?: CallState | undefined;
}

/** What is to be done. `patched`: files of the turn changed (the detail of the result), so that its diff did. */
export type Step =
  | Readonly<{ kind: 'notify' } & Notification>
  | Readonly<{ kind: 'ask'; question: OpenQuestion }>
  | Readonly<{ kind: 'settle'; question: string }>
  | Readonly<{ kind: 'patched'; turn: string; changes: unknown }>;

/** Steps of one thread, in its turn. */
export class Steps {
  readonly #thread: string;
  #steps: Step[] = [];
  /** The turn that runs, or ran last. */
  turn = '';

  constructor(thread: string) {
    this.#thread = thread;
  }

  readonly inThread = () => ({ threadId: this.#thread });
  readonly inTurn = () => ({ threadId: this.#thread, turnId: this.turn });

  readonly push = (step: Step) => void this.#steps.push(step);
  readonly tell = (notification: Notification) => this.push({ kind: 'notify', ...notification });

  /** An item begins. */
  start(item: WireItem | undefined, startedAtMs: number): void {
    if (item === undefined) return;
    this.tell({ method: 'item/started', params: { ...this.inTurn(), item, startedAtMs } });
  }

  /** An item has ended. */
  complete(item: WireItem | undefined, completedAtMs: number): void {
    if (item === undefined) return;
    const params = { ...this.inTurn(), item, completedAtMs, contentTokenCount: null };
    this.tell({ method: 'item/completed', params });
  }

  /** What there is, and no longer here; with the ordinal of the thread's item that it tells of. */
  take(ordinal?: number): readonly Step[] {
    const steps = this.#steps;
    this.#steps = [];
    return ordinal === undefined ? steps : steps.map((step) => withOrdinal(step, ordinal));
  }
}

/** A status is told by the server too, and is of no item. */
function withOrdinal(step: Step, ordinal: number): Step {
  if (step.kind !== 'notify' || step.method === 'thread/status/changed') return step;
  return { ...step, params: { ...step.params, ordinal } } as Step; // of the same method
}
