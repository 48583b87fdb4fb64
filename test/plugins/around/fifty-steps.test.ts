/** Whatever changes on the way, what was sent stays: fifty steps under the strict cache guard, byte for byte. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { tools, type Host, type Plugin, type Settings } from '../../../core/index.ts';
import cacheGuard from '../../../plugins/around/cache-guard.ts';
import mcp from '../../../plugins/mcp/mcp.ts';
import { memoryState } from '../../../plugins/mcp/remembered.ts';
import openaiChat from '../../../plugins/models/openai-chat.ts';
import openaiResponses from '../../../plugins/models/openai-responses.ts';
import agentsMd from '../../../plugins/prompts/agents-md.ts';
import environment from '../../../plugins/prompts/environment.ts';
import history from '../../../plugins/prompts/history.ts';
import system from '../../../plugins/prompts/system.ts';
import { echo, openModelThread } from '../../contracts/model-thread.ts';
import { serve } from '../../contracts/served-model.ts';
import type { Answer } from '../../fixtures/model-server.ts';
import { program } from '../mcp/mcp-thread.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const stepsOfTurn = 5;
const turns = 10;
const raw = join(import.meta.dirname, '../../fixtures/mcp/raw.ts');

/** Steps of a turn: the model finds tools of the server, calls one, calls ours and one that comes late. */
function answersOf(turn: number): readonly Answer[] {
  const call = (name: string, args: object): Answer => ({
    parts: [{ reasoning: `thought ${turn}` }, { call: name, args }],
  });
  return [
    call('tool_search', { server: 'raw', query: 'echo' }),
    call('tool_call', { name: 'raw__echo', arguments: { text: `of turn ${turn}` } }),
    call('echo', { text: 'é "\\n\u2028'.repeat(turn) }),
    call('late', {}),
    { text: `Done ${turn}.` },
  ];
}

function folders(t: TestContext): readonly [string, string] {
  const base = temporaryFolder(t);
  const made = [join(base, 'one'), join(base, 'two')] as const;
  for (const folder of made) mkdirSync(folder);
  return made;
}

for (const [provider, model] of [
  ['openai-responses', openaiResponses],
  ['openai-chat', openaiChat],
] as const) {
  test(`${provider}: fifty steps with an MCP server, a late tool, and cwd, policy and AGENTS.md changed on the way keep one unbroken prefix`, async (t) => {
    const [one, two] = folders(t);
    const answers = Array.from({ length: turns }, (_, turn) => answersOf(turn)).flat();
    const server = await serve(t, answers);
    let hosted: Host | undefined;
    const late: Plugin = { name: 'late', api: 1, setup: (host) => void (hosted = host) };
    const servers = [program('raw', [raw, 'plain'])];
    const plugins = [
      model({ baseURL: server.url, model: 'stand-in', apiKey: 'k' }),
      system(),
      agentsMd(),
      environment(),
      history(),
      cacheGuard({ strict: true }),
      late,
      mcp({ servers, state: memoryState(), sandbox: 'danger-full-access' }),
    ];
    const settings = { provider, cwd: one, roots: [one] };
    const thread = await openModelThread(t, { plugins, settings });
    const changes: Readonly<Record<number, Partial<Settings>>> = {
      3: { cwd: two },
      5: { approval: 'on-request' },
      6: { sandbox: 'workspace-write', network: true },
      8: { cwd: one, instructions: 'be quick' },
    };
    for (let turn = 0; turn < turns; turn++) {
      if (turn % 4 === 1) writeFileSync(join(one, 'AGENTS.md'), `Rule ${turn}: keep tidy.\n`);
      if (turn === 4) hosted?.add(tools, { ...echo, name: 'late' });
      const { end, items } = await thread.turn(`ask ${turn}`, { settings: changes[turn] });
      assert.equal(end.error, undefined);
      const notices = items.filter(
        (item) => item.type === 'notice' && item.plugin === 'cache-guard',
      );
      assert.deepEqual(notices, []);
    }
    const bodies = server.requests.map(({ body }) => body);
    assert.equal(bodies.length, turns * stepsOfTurn);
    for (const [at, body] of bodies.entries()) {
      const before = bodies[at - 1] ?? '';
      assert.ok(body.startsWith(before.slice(0, -2)), `request ${at + 1} begins with the former`);
    }
    const last = bodies.at(-1) ?? '';
    for (const told of ['echo: of turn 9', 'Rule 9', two, 'on-request', 'be quick'])
      assert.ok(last.includes(told), `expected the last request to hold "${told}"`);
  });
}
