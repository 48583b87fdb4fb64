/** What a tool of this server is. */

import type { Content, JsonSchema, ToolAnnotations } from '../../../core/index.ts';
import type { CallContext } from './held-call.ts';

/** What a call gave, in MCP's words. */
export interface ServedResult {
  readonly [name: string]: unknown;
  readonly content: readonly Content[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: boolean;
}

/** A tool as it is listed, and what runs it. What `run` throws becomes an error result. */
export interface ServedTool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema | undefined;
  readonly annotations?: ToolAnnotations | undefined;
  /** It may run as a task. */
  readonly execution?: { readonly taskSupport: 'optional' };
  readonly run: (args: JsonSchema, call: CallContext) => Promise<ServedResult>;
}

/** A result of one text, and the same as data. */
export const said = (text: string, data?: Readonly<Record<string, unknown>>): ServedResult => ({
  content: [{ type: 'text', text }],
  ...(data === undefined ? {} : { structuredContent: data }),
});

/** An error that the host's model reads. */
export const failed = (text: string): ServedResult => ({
  content: [{ type: 'text', text }],
  isError: true,
});
