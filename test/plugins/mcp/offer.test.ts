import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import type { McpOptions } from '../../../plugins/mcp/mcp.ts';
import { memoryState } from '../../../plugins/mcp/remembered.ts';
import type { StdioServer } from '../../../plugins/mcp/server-config.ts';
import { textOfResult } from '../../contracts/tool-thread.ts';
import { openMcpThread, program } from './mcp-thread.ts';

type Test = Parameters<typeof openMcpThread>[0];

const raw = (name: string, behaviour: string, more: Partial<StdioServer> = {}) =>
  program(name, [join(import.meta.dirname, '../../fixtures/mcp/raw.ts'), behaviour], more);

/** The tools of a thread whose servers were started once before. */
async function toolsAfter(
  t: Test,
  servers: readonly StdioServer[],
  options: Partial<McpOptions> = {},
) {
  const state = memoryState();
  const first = await openMcpThread(t, servers, { options: { state } });
  await first.client.call('mcp/status', { start: true });
  const second = await openMcpThread(t, servers, { options: { state, ...options } });
  const { slots } = await second.client.request('kernel/describe', {});
  const names = slots.find(({ slot }) => slot === 'tools')?.entries.map(({ name }) => name) ?? [];
  return { thread: second, names: names.filter((name) => !/^(tool_|mcp_)/.test(name)) };
}

test('few tools are offered as they are, many are found by search', async (t) => {
  const one = await toolsAfter(t, [raw('a', 'many')]);
  assert.equal(one.names.length, 15);
  const two = await toolsAfter(t, [raw('a', 'many'), raw('b', 'many')]);
  assert.deepEqual(two.names, []);
  const always = await toolsAfter(t, [raw('a', 'many'), raw('b', 'plain', { offer: 'direct' })]);
  assert.deepEqual(
    always.names.filter((name) => name.startsWith('b')),
    ['b__echo', 'b__other'],
  );
  const never = await toolsAfter(t, [raw('a', 'plain', { offer: 'search' })]);
  assert.deepEqual(never.names, []);
});

test('configuration chooses, hides, renames and groups the tools of a server', async (t) => {
  const server = raw('a', 'plain', { hide: ['oth*'], alias: { echo: 'say' } });
  const { names, thread } = await toolsAfter(t, [server]);
  assert.deepEqual(names, ['say']);
  assert.match(textOfResult(await thread.call('say', { text: 'x' })), /echo: x/);
  const hidden = await thread.call('tool_call', { name: 'a__other' });
  assert.match(textOfResult(hidden), /there is no tool "a__other"/);
  const grouped = raw('a', 'many', { choose: ['*_1*'], group: { ones: ['*_1'] }, offer: 'search' });
  const { thread: other } = await toolsAfter(t, [grouped]);
  const found = textOfResult(await other.call('tool_search', { query: 'ones' }));
  assert.deepEqual(found.match(/^a__\w+/gm), ['a__list_things_1']);
  const told = (await other.items()).find(
    (item) => item.type === 'fragment' && item.plugin === 'mcp',
  );
  assert.match(told?.type === 'fragment' ? told.text : '', /- a: 15 tools \(ones\)/);
});

test('without a server requests about one say that none is configured', async (t) => {
  const { client } = await openMcpThread(t, []);
  assert.deepEqual(await client.call('mcp/status', {}), { servers: {} });
  await assert.rejects(
    client.call('mcp/tools', { server: 'x' }),
    /no MCP server is configured: add one/,
  );
  const other = await openMcpThread(t, [raw('a', 'plain')]);
  await assert.rejects(
    other.client.call('mcp/tools', { server: 'x' }),
    /no MCP server "x"; there are: a/,
  );
});

test('without a server, and before one is needed, nothing of the SDK is loaded', () => {
  const root = join(import.meta.dirname, '../../..');
  const url = (path: string) => JSON.stringify(new URL(path, `file://${root}/`).href);
  const script = (servers: string) => `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { createKernel } = await import(${url('core/index.ts')});
    const { default: mcp } = await import(${url('plugins/mcp/mcp.ts')});
    await using kernel = await createKernel({ plugins: [{ plugin: mcp({ servers: ${servers} }) }] });
    const status = await kernel.client('test').call('mcp/status', {});
    console.log(JSON.stringify({ status, loaded }));`;
  const run = (servers: string) => {
    const argv = ['--input-type=module', '-e', script(servers)];
    const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', cwd: root });
    assert.equal(stderr, '');
    return JSON.parse(stdout) as { status: { servers: object }; loaded: string[] };
  };
  const none = run('[]');
  assert.deepEqual(none.status, { servers: {} });
  assert.deepEqual(none.loaded.filter((one) => /plugins\/mcp\//.test(one)).length, 1);
  const one = run(JSON.stringify([raw('a', 'plain')]));
  assert.deepEqual(Object.keys(one.status.servers), ['a']);
  assert.deepEqual(
    one.loaded.filter((name) => /node_modules/.test(name)),
    [],
  );
});
