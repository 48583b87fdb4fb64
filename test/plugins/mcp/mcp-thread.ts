/** A thread whose kernel has MCP servers, which are real programs. */

import { join } from 'node:path';
import type { TestContext } from 'node:test';

import mcp, { type McpOptions } from '../../../plugins/mcp/mcp.ts';
import { memoryState } from '../../../plugins/mcp/remembered.ts';
import type {
  RemoteServer,
  ServerConfig,
  StdioServer,
} from '../../../plugins/mcp/server-config.ts';
import {
  openToolThread,
  type ToolThread,
  type ToolThreadOptions,
} from '../../contracts/tool-thread.ts';

const packages = join(import.meta.dirname, '../../../node_modules/@modelcontextprotocol');
const fixtures = join(import.meta.dirname, '../../fixtures/mcp');

/** A program as a server. */
export function program(
  name: string,
  args: readonly string[],
  more: Partial<StdioServer> = {},
): StdioServer {
  const command = process.execPath;
  const shared = { name, key: name, from: 'a test', type: 'stdio' } as const;
  return { ...shared, command, args, env: {}, cwd: '/', sandbox: true, ...more };
}

/** A fixture of ours, `test/fixtures/mcp/NAME.ts`. */
export function fixture(name: string, more: Partial<StdioServer> = {}): StdioServer {
  return program(name, [join(fixtures, `${name}.ts`)], more);
}

/** One of the reference servers, over stdio. */
export function reference(
  name: 'everything' | 'filesystem' | 'memory',
  args: readonly string[] = [],
  more: Partial<StdioServer> = {},
): StdioServer {
  return program(name, [join(packages, `server-${name}/dist/index.js`), ...args], more);
}

/** A server at an address. */
export function remote(name: string, url: string, more: Partial<RemoteServer> = {}): RemoteServer {
  return { name, key: name, from: 'a test', type: 'http', url, headers: {}, ...more };
}

/** A thread as `openToolThread` opens it, with these servers. */
export function openMcpThread(
  t: TestContext,
  servers: readonly ServerConfig[],
  {
    options,
    ...rest
  }: Partial<ToolThreadOptions> & { readonly options?: Partial<McpOptions> } = {},
): Promise<ToolThread> {
  const plugin = mcp({ servers, state: memoryState(), sandbox: 'danger-full-access', ...options });
  return openToolThread(t, { ...rest, plugins: [plugin, ...(rest.plugins ?? [])] });
}
