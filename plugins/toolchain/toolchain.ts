import { aroundEffect, aroundTool, messageOf, observers, tools } from '../../core/index.ts';
import type { AroundTool, Plugin, ToolResult } from '../../core/index.ts';
import { parseCheck, reportOf, runChecks } from './checks.ts';
import type { Check, Checked } from './checks.ts';
import { toolchainSchema } from './declaration.ts';
import type { ToolchainOptions } from './declaration.ts';
import { declaredTool } from './declared-tool.ts';
import { Edits } from './edits.ts';

/**
 * What a repository needs, declared as data: tools that run a command, and checks that run after edits, whose output is
 * appended to the result of the edit. Their commands run in the workspace, through the gate and the sandbox like any.
 */
export default function toolchain(declared: ToolchainOptions = {}): Plugin {
  return {
    name: 'toolchain',
    api: 1,
    setup(host) {
      for (const [name, tool] of Object.entries(declared.tools ?? {}))
        host.add(tools, declaredTool(name, tool));
      const checks = (declared.checks ?? []).map(parseCheck);
      if (checks.length === 0) return;
      const edits = new Edits();
      host.add(aroundEffect, edits.wrapper);
      host.add(observers, edits.observer);
      host.add(aroundTool, checkAfter(checks, edits));
    },
  };
}

/** The schema of ToolchainOptions. */
export const options = toolchainSchema;

function checkAfter(checks: readonly Check[], edits: Edits): AroundTool {
  return async (call, context, next) => {
    // A tool that throws may have edited before; what it threw becomes the result that the kernel would make of it.
    const result = await next(call).catch((error: unknown): ToolResult => ({
      content: [{ type: 'text', text: messageOf(error) }],
      isError: true,
    }));
    const edited = edits.take(call);
    if (edited.size === 0) return result;
    return withChecks(result, await runChecks(checks, edited, { ...context, call }));
  };
}

function withChecks(result: ToolResult, checked: readonly Checked[]): ToolResult {
  if (checked.length === 0) return result;
  const outcomes = checked.map(({ name, passed, durationMs }) => ({ name, passed, durationMs }));
  return {
    ...result,
    content: [...result.content, { type: 'text', text: reportOf(checked) }],
    detail: { ...result.detail, checks: outcomes },
  };
}
