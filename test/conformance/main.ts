/** `npm run conformance`: the pinned MCP conformance kit against this program, and its numbers. */

import { told, type Scenario } from './kit.ts';
import { judgeClient } from './mcp-client.ts';
import { startJudged } from './server.ts';

const roles: Readonly<
  Record<string, () => AsyncGenerator<readonly [string, readonly Scenario[]]>>
> = {
  server: async function* () {
    await using server = await startJudged();
    yield ['server, 2025-11-25 (--suite active)', await server.judge('--suite', 'active')];
    const modern = ['--suite', 'all', '--spec-version', '2026-07-28'];
    yield ['server, 2026-07-28 (--suite all)', await server.judge(...modern)];
  },
  client: async function* () {
    yield ['client, all scenarios', await judgeClient()];
    yield ['client, 2026-07-28', await judgeClient({ version: '2026-07-28' })];
  },
};

/** Not done: tokens bound to a key (DPoP), and workload identity. */
const notDone = ['auth/dpop', 'auth/dpop-nonce', 'auth/wif-jwt-bearer'];
const isFault = ({ name, failed }: Scenario) => failed.length > 0 && !notDone.includes(name);

const wanted = process.argv.slice(2);
for (const [role, run] of Object.entries(roles)) {
  if (wanted.length > 0 && !wanted.includes(role)) continue;
  for await (const [what, scenarios] of run()) {
    console.log(told(what, scenarios));
    if (scenarios.some(isFault)) process.exitCode = 1;
  }
}
