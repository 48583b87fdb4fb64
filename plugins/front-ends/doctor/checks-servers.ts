/** Whether the configured MCP servers start, and how long that takes. */

import type { Client } from '../../../core/index.ts';
import type { ServerStatus } from '../mcp/status.ts';
import { duration } from '../terminal/words.ts';
import type { Check } from './facts.ts';

const limitMs = 15_000;

/** A check for each server; none when there is no server or no such plugin. */
export async function checkServers(client: Client): Promise<readonly Check[]> {
  const { slots } = await client.request('kernel/describe', {});
  const isThere = slots.some(({ entries }) => entries.some(({ name }) => name === 'mcp/status'));
  if (!isThere) return [];
  const status = client.call('mcp/status', { start: true }, AbortSignal.timeout(limitMs));
  const { servers } = (await status) as {
    readonly servers: Readonly<Record<string, ServerStatus>>; // its result
  };
  return Object.entries(servers).map(([server, one]) => checkOf(server, one));
}

function checkOf(server: string, { state, why, startMs = 0, tools, changed }: ServerStatus): Check {
  const name = 'mcp';
  if (state === 'ready') {
    const message = `${server} started in ${duration(startMs)} with ${tools} tools`;
    if (changed === 0) return { name, state: 'ok', message };
    const advice = `spindle mcp diff ${server}`;
    return { name, state: 'warn', message: `${message}, ${changed} changed`, advice };
  }
  const fault = why ?? `it is still ${state} after ${duration(limitMs)}`;
  return {
    name,
    state: 'warn',
    message: `${server}: ${fault}`,
    advice: `spindle mcp get ${server}`,
  };
}
