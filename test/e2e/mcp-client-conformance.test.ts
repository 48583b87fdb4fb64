import assert from 'node:assert/strict';
import { test } from 'node:test';

import { told } from '../conformance/kit.ts';
import { judgeClient } from '../conformance/mcp-client.ts';

/** One of each kind; `npm run conformance -- client` runs them all. */
const only = [
  'tools_call',
  'elicitation-sep1034-client-defaults',
  'auth/scope-step-up',
  'sep-2322-client-request-state',
];

test('the conformance kit finds nothing wrong with the client, in scenarios of each kind', async () => {
  const scenarios = await judgeClient({ only });
  assert.match(told('client', scenarios), /^client: (\d+)\/\1 checks, 4\/4 scenarios$/);
  for (const { name, passed } of scenarios) assert.ok(passed > 0, `${name} checked nothing`);
});
