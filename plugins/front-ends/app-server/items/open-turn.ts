/** A turn that has not ended. */

import type { WireItem } from '../schemas/item.ts';
import type { WireTurn } from '../schemas/thread.ts';
import { secondsOf } from './end.ts';

/** `user`: what was said; `message`: the model's last; `review`: what it reviews. `at` in milliseconds. */
export interface OpenTurn {
  readonly id: string;
  readonly at: number;
  readonly user: WireItem[];
  message?: WireItem;
  review?: string;
}

/** How a turn ended. `at` in milliseconds. */
export type Ended = Pick<WireTurn, 'status' | 'error'> & {
  readonly at: number;
  readonly durationMs: number;
};

/** A turn that runs, without its items. */
export function emptyTurn({ id, at }: Pick<OpenTurn, 'id' | 'at'>): WireTurn {
  return {
    id,
    rootTurnId: null,
    items: [],
    itemsView: 'notLoaded',
    status: 'inProgress',
    error: null,
    startedAt: secondsOf(at),
    completedAt: null,
    durationMs: null,
  };
}

/** A turn that has ended, with what was said first and last. */
export function endedTurn(turn: OpenTurn, { at, ...end }: Ended): WireTurn {
  const items = [...turn.user, ...(turn.message === undefined ? [] : [turn.message])];
  return { ...emptyTurn(turn), ...end, items, itemsView: 'summary', completedAt: secondsOf(at) };
}
