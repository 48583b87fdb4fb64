import assert from 'node:assert/strict';
import { test } from 'node:test';

import { replay } from './context/replay.ts';
import { recordings } from './context/threads.ts';

test('a recorded thread is replayed under each strategy, and what it sent is counted', async () => {
  const talk = (await recordings()).find(({ rules }) => rules.length > 2);
  assert.ok(talk !== undefined);
  const whole = await replay(talk, 'none');
  assert.deepEqual([whole.compactions, whole.kept], [0, talk.rules.length]);
  for (const strategy of ['prune', 'summary', 'provider']) {
    const outcome = await replay(talk, strategy);
    assert.ok(outcome.compactions > 0, strategy);
    assert.ok(outcome.input < whole.input && outcome.largest < whole.largest, strategy);
    assert.ok(outcome.kept >= 2, `${strategy}: the first and the last message of the user stay`);
    assert.ok(outcome.cached > 0 && outcome.cached < outcome.input, strategy);
  }
});
