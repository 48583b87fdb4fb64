/** A call of a server's tool, from the gate to the result. */

import type { JsonSchema, Settings, ToolContext, ToolResult } from '../../core/index.ts';
import type { OfferedTool } from './catalog.ts';
import { resultOf } from './content.ts';
import type { McpServer } from './server.ts';

/** Judges the call under the tool's own name and makes it. The server is started before, so that it is known what holds it. */
export async function runTool(
  { server, definition: { name } }: OfferedTool,
  args: JsonSchema,
  context: ToolContext,
): Promise<ToolResult> {
  const what = { server: server.config.name, tool: name };
  await server.ready(context.signal);
  const confined = isInside(server, context.call.settings);
  const answer = await context.effects.call({ ...what, args, confined }, () =>
    server.call(name, { ...args }, context),
  );
  return resultOf(answer, what);
}

const modes: readonly string[] = ['read-only', 'workspace-write', 'danger-full-access'];

/** Whether what a server does stays inside what the thread's own commands may do. */
export function isInside(
  { confinement }: Pick<McpServer, 'confinement'>,
  thread: Settings,
): boolean {
  if (confinement === undefined || confinement.level === 'none') return false;
  const isNarrow = modes.indexOf(confinement.mode) <= modes.indexOf(thread.sandbox);
  return isNarrow && (!confinement.network || thread.network);
}
