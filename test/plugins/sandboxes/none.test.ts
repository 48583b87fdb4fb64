import assert from 'node:assert/strict';
import { test } from 'node:test';

import none from '../../../plugins/sandboxes/none.ts';
import { requestIn, sandboxContract, sandboxOf } from '../../contracts/sandboxes.ts';

sandboxContract('none', none);

test('the plan of none is the command as it is', async (t) => {
  const sandbox = await sandboxOf(none());
  const request = requestIn(t, ['ls', '-l', 'a b']);
  const { cwd, env } = request;
  assert.deepEqual(await sandbox.plan(request), { file: 'ls', args: ['-l', 'a b'], cwd, env });
});

test('none says that it confines nothing, so that it is never chosen by itself', async () => {
  assert.equal((await (await sandboxOf(none())).probe()).level, 'none');
});
