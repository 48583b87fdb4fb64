import assert from 'node:assert/strict';
import { test } from 'node:test';

import plan from '../../../plugins/tools/plan.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import { toolContract } from '../../contracts/tools.ts';

const steps = [
  { step: 'read', status: 'completed' },
  { step: 'write', status: 'in_progress' },
  { step: 'test', status: 'pending' },
];

toolContract('update_plan', {
  plugin: () => plan(),
  valid: { plan: steps },
  invalid: [
    { args: {}, names: 'plan' },
    { args: { plan: [{ step: 'read' }] }, names: 'status' },
    { args: { plan: [{ step: 'read', status: 'done' }] }, names: 'done' },
  ],
});

test('the plan is in the detail of the result, with the explanation when there is one', async (t) => {
  const thread = await openToolThread(t, { plugins: [plan()] });
  const bare = await thread.call('update_plan', { plan: steps });
  assert.equal(textOfResult(bare), 'Plan updated');
  assert.deepEqual(bare.detail, { plan: steps });
  const explained = await thread.call('update_plan', { plan: [], explanation: 'all done' });
  assert.deepEqual(explained.detail, { plan: [], explanation: 'all done' });
});
