// 12 mcp tools — tools of an MCP server, found by search and judged like ours. `node examples/12-mcp-tools/mcp-tools.ts`
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createKernel, policies, textOf, type Plugin } from 'spindle';
import local from '../../plugins/machines/local.ts';
import mcp from '../../plugins/mcp/mcp.ts';
import scripted from '../../plugins/models/scripted.ts';
import { runTurn } from '../turn.ts';

// In a configuration: {"mcpServers": {"clock": {"command": "node", "args": ["clock.ts"]}}}
const clock = {
  name: 'clock',
  key: 'clock',
  from: 'this example',
  type: 'stdio',
  command: process.execPath,
  args: [join(import.meta.dirname, 'clock.ts')],
  env: {},
  cwd: import.meta.dirname,
  sandbox: true,
} as const;

/** Every call of a server comes by here, under the tool's own name. */
const seen: string[] = [];
const watching: Plugin = {
  name: 'watching',
  api: 1,
  setup: (host) => {
    host.add(policies, {
      name: 'watching',
      judge: (effect) => {
        if (effect.kind === 'call') seen.push(`${effect.server}: ${effect.tool}`);
        return { verdict: 'allow', reason: 'an example', rule: 'all' };
      },
    });
  },
};

const steps = [
  { calls: [{ name: 'tool_search', args: { query: 'what time is it', server: 'clock' } }] },
  { calls: [{ name: 'tool_call', args: { name: 'clock__time_in', arguments: { zone: 'UTC' } } }] },
  { text: 'It is midnight.' },
];
const plugins = [local(), mcp({ servers: [clock] }), watching, scripted({ steps })];
await using kernel = await createKernel({
  plugins: plugins.map((plugin) => ({ plugin })),
  settings: { provider: 'scripted', sandbox: 'danger-full-access' },
});
const items = await runTurn(kernel, 'What time is it?');
const results = items.flatMap((item) => (item.type === 'result' ? [textOf(item.content)] : []));
console.log(results.join('\n\n'));
assert.match(results[1] ?? '', /00:00:00/);
assert.deepEqual(seen, ['clock: time_in']);
