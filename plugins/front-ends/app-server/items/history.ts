/** The turns of a thread, from its items. */

import type { Item } from '../../../../core/index.ts';
import type { WireItem } from '../schemas/item.ts';
import type { WireTurn } from '../schemas/thread.ts';
import type { Step } from './steps.ts';
import { Translation } from './translation.ts';

/** What stands in a thread. `translation` has seen all of it, and can go on. */
export interface History {
  readonly turns: readonly WireTurn[];
  readonly translation: Translation;
}

/** Turns with all their items, first to last; those that were reverted are left out. */
export function historyOf(thread: string, items: readonly Item[]): History {
  const translation = new Translation(thread);
  let turns: { readonly n: number; turn: WireTurn }[] = [];
  for (const item of items) {
    if (item.type === 'window' && item.to !== undefined) {
      const { to } = item;
      turns = turns.filter(({ n }) => n < to);
    }
    for (const step of translation.add(item)) {
      const last = turns.at(-1);
      if (step.kind !== 'notify') continue;
      if (step.method === 'turn/started') turns.push({ n: item.n, turn: step.params.turn });
      else if (last !== undefined) last.turn = grown(last.turn, step);
    }
  }
  const last = turns.at(-1);
  const open = translation.openTurn();
  if (last !== undefined && open?.turn.id === last.turn.id)
    last.turn = { ...last.turn, items: [...last.turn.items, ...open.items] };
  return { turns: turns.map(({ turn }) => ({ ...turn, itemsView: 'full' })), translation };
}

function grown(turn: WireTurn, step: Extract<Step, { kind: 'notify' }>): WireTurn {
  if (step.method === 'item/completed' && step.params.turnId === turn.id) {
    turn.items.push(step.params.item); // ours: it was made for this list
    return turn;
  }
  if (step.method !== 'turn/completed' || step.params.turn.id !== turn.id) return turn;
  return { ...step.params.turn, items: turn.items };
}

/** A turn with all of its items, with what was said first and last, or with none. */
export function viewed(turn: WireTurn, view: WireTurn['itemsView']): WireTurn {
  if (view === 'full') return turn;
  if (view === 'notLoaded') return { ...turn, items: [], itemsView: view };
  return { ...turn, items: summaryOf(turn.items), itemsView: view };
}

function summaryOf(items: readonly WireItem[]): WireItem[] {
  const message = items.findLast((item) => item.type === 'agentMessage' && item.text !== '');
  const users = items.filter((item) => item.type === 'userMessage');
  return [...users, ...(message === undefined ? [] : [message])];
}
