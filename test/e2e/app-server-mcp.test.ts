/** MCP servers as clients of the app server see them: a real server, the real binary. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { connectClient } from '../fixtures/front-ends/app-client.ts';
import { makeE2e, unconfined } from './place.ts';

const modules = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol');

test('a call of an MCP tool is asked for, told as its server’s, and the server is listed with its tools', async (t) => {
  const graph = { name: 'memory__read_graph', arguments: {} };
  const { start, cwd } = await makeE2e(t, {
    answers: [{ parts: [{ call: 'tool_call', args: graph, id: 'm1' }] }, { text: 'It is empty.' }],
    config: {
      mcpServers: {
        memory: { command: process.execPath, args: [join(modules, 'server-memory/dist/index.js')] },
      },
    },
  });
  const client = await connectClient(
    t,
    start('app-server', ...unconfined, '--approval', 'untrusted'),
  );
  let asked: unknown;
  client.answers['mcpServer/elicitation/request'] = (params) => {
    asked = params;
    return { action: 'accept', content: {}, _meta: null };
  };
  const { thread } = await client.request('thread/start', { cwd });
  await client.request('turn/start', {
    threadId: thread.id,
    input: [{ type: 'text', text: 'read' }],
  });
  const { item } = await client.until('item/completed', (told) => told.item.type === 'mcpToolCall');
  assert.ok(item.type === 'mcpToolCall');
  assert.deepEqual(
    [item.server, item.tool, item.status],
    ['memory', 'read_graph', 'completed'],
    JSON.stringify(item),
  );
  assert.deepEqual(item.result?.structuredContent, { entities: [], relations: [] });
  assert.match(
    JSON.stringify(asked),
    /"serverName":"memory".*"codex_approval_kind":"mcp_tool_call"/u,
  );
  await client.until('turn/completed');
  const { data } = await client.request('mcpServerStatus/list', { threadId: thread.id });
  assert.deepEqual(
    data.map(({ name, runtimeStatus }) => [name, runtimeStatus]),
    [['memory', 'connected']],
  );
  assert.ok('read_graph' in (data[0]?.tools ?? {}));
});
