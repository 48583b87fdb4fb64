import type { JsonSchema, Tool, ToolContext, ToolResult } from '../../core/index.ts';
import { KernelError } from '../../core/index.ts';
import { ending, joined } from '../tools/run/report.ts';
import type { DeclaredArgument, DeclaredTool } from './declaration.ts';
import { runDeclared } from './run.ts';
import { fillTemplate, parseTemplate } from './template.ts';
import type { Template } from './template.ts';

const defaultTimeoutMs = 300_000;

/** A declared tool as the model gets it. Throws `invalid` when the declaration does not hold together. */
export function declaredTool(name: string, declared: DeclaredTool): Tool {
  if (!/^[\w-]{1,64}$/u.test(name))
    throw new KernelError(
      'invalid',
      `toolchain: expected a tool's name of at most 64 letters, digits, "_" and "-", got "${name}"`,
      { plugin: 'toolchain' },
    );
  const template = parseTemplate(`tool ${name}`, declared.argv, declared.arguments ?? {});
  return {
    name,
    description: declared.description,
    inputSchema: schemaOf(declared.arguments ?? {}),
    annotations: { readOnlyHint: declared.readOnly === true },
    run: (args, context) => run(template, declared, { args, context }),
  };
}

async function run(
  template: Template,
  declared: DeclaredTool,
  { args, context }: { readonly args: JsonSchema; readonly context: ToolContext },
): Promise<ToolResult> {
  const argv = fillTemplate(template, args);
  const limits = { timeoutMs: defaultTimeoutMs, ...declared };
  const { text, exit, interrupted } = await runDeclared(argv, limits, { context });
  const { code: exitCode, signal, timedOut, durationMs } = exit;
  return {
    content: [{ type: 'text', text: joined(text, ending(exit, { interrupted })) }],
    isError: timedOut || interrupted,
    detail: { argv, exitCode, signal, timedOut, interrupted, durationMs: Math.round(durationMs) },
  };
}

function schemaOf(declared: Readonly<Record<string, DeclaredArgument>>): JsonSchema {
  const entries = Object.entries(declared);
  const required = entries
    .filter(([, argument]) => argument.required === true)
    .map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, argument]) => [name, propertyOf(argument)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
}

function propertyOf({ type, description, values }: DeclaredArgument): JsonSchema {
  return {
    type,
    ...(type === 'array' ? { items: { type: 'string' } } : {}),
    ...(description === undefined ? {} : { description }),
    ...(values === undefined ? {} : { enum: values }),
  };
}
