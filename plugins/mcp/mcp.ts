/**
 * MCP servers: external tools, resources and prompts. Without a configured server it adds requests that say so and
 * nothing else. With servers nothing is started before the first request to the model has left: tools are offered as
 * they were accepted at an earlier start, and whatever is not known yet is found with `tool_search`.
 */

import {
  notFound,
  type Plugin,
  type RequestHandler,
  requests,
  type SandboxMode,
} from '../../core/index.ts';
import type { McpState } from './remembered.ts';
import type { ServerConfig } from './server-config.ts';

/** What the program gives beside the options of the configuration. */
export interface McpOptions {
  /** Offered as they are while all servers together have no more tools. Default 20. */
  readonly directTools?: number;
  /** … and while these have no more bytes. Default 8,000. */
  readonly directBytes?: number;
  readonly servers?: readonly ServerConfig[];
  /** Default: nothing is kept. */
  readonly state?: McpState;
  /** The folders that servers are told of outside a call. */
  readonly roots?: readonly string[];
  /** The mode in which the kernel starts processes outside threads. Default: workspace-write. */
  readonly sandbox?: SandboxMode;
  readonly version?: string;
}

export default function mcp(options: McpOptions = {}): Plugin {
  return {
    name: 'mcp',
    api: 1,
    setup: async (host) => {
      const { servers = [] } = options;
      if (servers.length > 0) return (await import('./servers.ts')).addServers(host, options);
      for (const name of ['status', 'reload']) host.add(requests, request(name, noServers));
      for (const name of ofServers) host.add(requests, request(name, noServer));
    },
  };
}

/** Requests about one server. */
const ofServers = 'tools diff accept login logout resources prompt complete'.split(' ');
const noServers = () => Promise.resolve({ servers: {} });
const noServer = () =>
  Promise.reject(notFound`no MCP server is configured: add one under "mcpServers" (docs/mcp.md)`);

function request(name: string, run: RequestHandler['run']): RequestHandler {
  const object = { type: 'object' };
  return { name: `mcp/${name}`, params: object, result: object, run };
}

/** What a configuration may say of this plugin; the servers are under `mcpServers`. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    directTools: z.int().nonnegative().optional().describe('tools that are offered as they are'),
    directBytes: z.int().nonnegative().optional().describe('bytes of their descriptions'),
  });
};
