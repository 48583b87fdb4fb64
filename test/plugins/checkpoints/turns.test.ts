import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Item } from '../../../core/index.ts';
import { turnNamed } from '../../../plugins/checkpoints/turns.ts';

const turn = (n: number, id: string): Item => ({ type: 'turn', n, at: 0, id });
const two = [turn(0, 'abcdefgh-1'), turn(1, 'abcdefgh-2')];

test('a turn is named by its number, its id or the start of that', () => {
  for (const name of ['2', 'abcdefgh-2']) assert.equal(turnNamed(two, name).n, 1);
  assert.equal(turnNamed(two.slice(0, 1), 'abcdefgh').n, 0);
});

test('who names none that is there is told which there are', () => {
  const faults: readonly (readonly [readonly Item[], string | undefined, RegExp])[] = [
    [two, '3', /^the thread has no turn "3"; there are 1 to 2, or their ids$/],
    [two.slice(0, 1), '9', /^the thread has no turn "9"; there are 1 to 1, or/],
    [two, 'abcdefgh', /^expected one turn, but the ids of 2 begin with "abcdefgh"$/],
    [two, undefined, /^the thread has no turn to go back to: name one; there are 1 to 2/],
    [[], '1', /^the thread has no turn yet$/],
  ];
  for (const [items, name, message] of faults)
    assert.throws(() => turnNamed(items, name), { code: 'not_found', message });
});
