/** The turns of a thread, as people count them. */

import { type Item, notFound } from '../../core/index.ts';

/** A turn; `n` is its item's ordinal, `number` counts from 1 all that ever ran in this thread. */
export type Turn = Readonly<{ id: string; n: number; at: number; number: number }>;

/** All turns, those that were taken back too. */
export function turnsOf(items: readonly Item[]): readonly Turn[] {
  const turns = items.filter((item) => item.type === 'turn');
  return turns.map(({ id, n, at }, index) => ({ id, n, at, number: index + 1 }));
}

/** The turns that the conversation holds: without those that a revert took back. */
export function turnsInForce(items: readonly Item[]): readonly Turn[] {
  let inForce: readonly number[] = [];
  /** What was in force before a turn began or the window moved. */
  const before = new Map<number, readonly number[]>();
  for (const item of items) {
    if (item.type !== 'turn' && item.type !== 'window') continue;
    before.set(item.n, inForce);
    if (item.type === 'turn') inForce = [...inForce, item.n];
    else if (item.to !== undefined) inForce = before.get(item.to) ?? inForce;
  }
  const all = turnsOf(items);
  return all.filter(({ n }) => inForce.includes(n));
}

/**
 * The turn of this id, start of an id, or number; without any the last one in force in which something was said. Throws
 * `not_found`.
 */
export function turnNamed(items: readonly Item[], name: string | undefined): Turn {
  const all = turnsOf(items);
  const found = name === undefined ? lastSaid(items) : all.filter((one) => isNamed(one, name));
  const [turn, second] = found;
  if (turn === undefined) throw noTurn(all, name);
  if (second !== undefined)
    throw notFound`expected one turn, but the ids of ${found.length} begin with "${name}"`;
  return turn;
}

function noTurn({ length }: readonly Turn[], name: string | undefined): Error {
  if (length === 0) return notFound`the thread has no turn yet`;
  const there = `there are 1 to ${length}, or their ids`;
  return name === undefined
    ? notFound`the thread has no turn to go back to: name one; ${there}`
    : notFound`the thread has no turn "${name}"; ${there}`;
}

function isNamed({ id, number }: Turn, name: string): boolean {
  return String(number) === name || id === name || (name.length >= 8 && id.startsWith(name));
}

function lastSaid(items: readonly Item[]): readonly Turn[] {
  const said = new Set(items.flatMap((item) => (item.type === 'user' ? [item.turn] : [])));
  return turnsInForce(items)
    .filter(({ id }) => said.has(id))
    .slice(-1);
}
