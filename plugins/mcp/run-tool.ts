/** A call of a server's tool, from the gate to the result. */

import { messageOf } from '../../core/index.ts';
import type { JsonSchema, Settings, ToolContext, ToolResult } from '../../core/index.ts';
import type { Spent } from './active-calls.ts';
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
  const spent: Spent = { tokens: 0 };
  try {
    const answer = await context.effects.call({ ...what, args, confined }, () =>
      server.call(name, { args: { ...args }, spent }, context),
    );
    return counted(resultOf(answer, what), spent);
  } catch (error) {
    if (spent.tokens === 0) throw error;
    return counted({ content: [{ type: 'text', text: messageOf(error) }], isError: true }, spent);
  }
}

/** The kernel counts what stands in `detail.tokens` against the limits of the turn. */
function counted(result: ToolResult, { tokens }: Spent): ToolResult {
  return tokens === 0 ? result : { ...result, detail: { ...result.detail, tokens } };
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
