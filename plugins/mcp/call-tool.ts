/** One call over the protocol: with progress, cancellation, addresses that are to be opened first, and tasks. */

import type { CallToolResult } from '@modelcontextprotocol/client';

import { invalid, type JsonSchema } from '../../core/index.ts';
import type { ActiveCall } from './active-calls.ts';
import type { Connection } from './connect.ts';
import { elicit } from './elicitation.ts';
import { runTask } from './tasks.ts';
import { oneLine } from './text.ts';

export interface WantedCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
  readonly task?: 'optional' | 'required' | undefined;
}

/** Longer than any call: the limit is the active call's own, which does not count what people take. */
const noLimitMs = 2 ** 31 - 1;

/** Calls a tool. The active call's signal ends it, and the server is told. */
export async function callTool(
  connection: Connection,
  wanted: WantedCall,
  active: ActiveCall,
): Promise<CallToolResult> {
  const { client, sdk } = connection;
  const { name, args, task } = wanted;
  const options = {
    signal: active.signal,
    timeout: noLimitMs,
    onprogress: ({ progress, total, message }: Progress) => {
      const amount = total === undefined ? `${progress}` : `${progress}/${total}`;
      active.context.progress(
        `${message === undefined ? '' : `${oneLine(message)} `}(${amount})\n`,
      );
    },
  };
  const hasTasks = client.getServerCapabilities()?.tasks?.requests?.tools?.call !== undefined;
  if (task === 'required' && hasTasks) return runTask(connection, wanted, active);
  try {
    return await client.callTool({ name, arguments: args }, options);
  } catch (error) {
    if (!(error instanceof sdk.UrlElicitationRequiredError)) throw error;
    for (const params of error.elicitations) {
      const { action } = await elicit(params, { server: active.what, call: active });
      if (action !== 'accept')
        throw invalid`${name} needs an address to be opened, and the user did not`;
    }
    return client.callTool({ name, arguments: args }, options);
  }
}

type Progress = JsonSchema & {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
};
