import assert from 'node:assert/strict';
import { test } from 'node:test';

import { told } from '../conformance/kit.ts';
import { startJudged } from '../conformance/server.ts';

test('the conformance kit finds nothing wrong with the server, in either era', async () => {
  await using server = await startJudged();
  const old = await server.judge('--suite', 'active');
  assert.match(told('2025-11-25', old), /^2025-11-25: (\d+)\/\1 checks, (\d+)\/\2 scenarios$/);
  assert.ok(old.length >= 31, `expected all scenarios, but only ${old.length} ran`);
  const modern = await server.judge('--suite', 'all', '--spec-version', '2026-07-28');
  assert.match(told('2026-07-28', modern), /^2026-07-28: (\d+)\/\1 checks, (\d+)\/\2 scenarios$/);
  assert.ok(modern.length >= 40, `expected all scenarios, but only ${modern.length} ran`);
});
