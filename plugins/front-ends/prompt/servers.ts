/** The tools of MCP servers as they are now, for a lock that finds their updates. */

import type { Client } from '../../../core/index.ts';
import type { ServerStatus } from '../mcp/status.ts';
import { plural } from '../terminal/words.ts';

export interface ServersNow {
  /** The tools that new threads are offered as they are, by the model's names of them. */
  readonly offered: ReadonlySet<string>;
  /** What people should know: servers that did not start, and tools that wait to be accepted. */
  readonly remarks: readonly string[];
}

/** Starts all servers and waits for them. Those that fail count as they were accepted at an earlier start. */
export async function serversNow(client: Client, signal: AbortSignal): Promise<ServersNow> {
  const { slots } = await client.request('kernel/describe', {});
  const isThere = slots.some(({ entries }) => entries.some(({ name }) => name === 'mcp/status'));
  if (!isThere) return { offered: new Set(), remarks: [] };
  const { servers } = (await client.call('mcp/status', { start: true }, signal)) as {
    readonly servers: Readonly<Record<string, ServerStatus>>;
  }; // its result
  const all = Object.entries(servers);
  return {
    offered: new Set(all.flatMap(([, { offered }]) => offered)),
    remarks: all.flatMap(([name, status]) => remarksOn(name, status)),
  };
}

function remarksOn(name: string, { state, why, changed }: ServerStatus): readonly string[] {
  const failed = `MCP server ${name} did not start (${why ?? state}): its tools count as they were accepted`;
  const waits = `MCP server ${name} changed ${plural(changed, 'tool')}, left out until accepted: "spindle mcp diff ${name}" shows how`;
  return [...(state === 'ready' ? [] : [failed]), ...(changed > 0 ? [waits] : [])];
}
