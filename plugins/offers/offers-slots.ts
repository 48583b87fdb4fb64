/** What plugins offer to MCP hosts beside tools: by name, in MCP's shapes (spec 2026-07-28). */

import { list, named } from '../../core/index.ts';
import type { Content, Effects, JsonSchema, ToolAnnotations } from '../../core/index.ts';

/** What a host is asked for: `elicitation/create`, `sampling/createMessage`, `roots/list`. */
export interface Asking {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** The host on the other side of one call. */
export interface HostLink {
  /** Aborted when the host cancels or leaves. */
  readonly signal: AbortSignal;
  /** Of the asking client, outside any thread. */
  readonly effects: Effects;
  /** What it can be asked for, by MCP's names: `elicitation`, `sampling`, `roots`. */
  readonly abilities: Readonly<Record<string, unknown>>;
  /** Asks for several things at once, under names of yours, and gives the replies under the same names. */
  readonly ask: (
    asked: Readonly<Record<string, Asking>>,
  ) => Promise<Readonly<Record<string, unknown>>>;
  readonly progress: (at: Progress) => void;
  /** `level` is one of MCP's logging levels. */
  readonly log: (level: string, data: unknown) => void;
  /** Tells all hosts that a list, or the resource at a URI, has changed. */
  readonly changed: (what: Changed) => void;
}

/** How far a call is. Without numbers the server counts. */
export interface Progress {
  readonly progress?: number;
  readonly total?: number;
  readonly message?: string;
}

/** A list that has changed, or one resource. */
export type Changed = 'tools' | 'prompts' | 'resources' | { readonly uri: string };

/** What happens in a call, as `host/next` tells it. */
export type HostEvent =
  | (Progress & { readonly type: 'progress' })
  | { readonly type: 'log'; readonly level: string; readonly data: unknown }
  | {
      readonly type: 'ask';
      readonly ask: number;
      readonly requests: Readonly<Record<string, Asking>>;
    };

/** What a tool for hosts gives. */
export interface HostResult {
  readonly content: readonly Content[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

/** A tool that needs the host itself; one that does not belongs into `tools`, which the model has as well. */
export interface HostTool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  readonly annotations?: ToolAnnotations;
  readonly run: (args: JsonSchema, host: HostLink) => Promise<HostResult> | HostResult;
}

/** One message of a prompt. */
export interface HostMessage {
  readonly role: 'user' | 'assistant';
  readonly content: Content;
}

/** A prompt that people choose in the host. */
export interface HostPrompt {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly arguments?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly required?: boolean;
  }[];
  readonly get: (
    args: Readonly<Record<string, string>>,
    host: HostLink,
  ) => Promise<readonly HostMessage[]> | readonly HostMessage[];
  /** Values for an argument that begin like this. */
  readonly complete?: (
    argument: string,
    value: string,
  ) => Promise<readonly string[]> | readonly string[];
}

/** A resource, or with `uriTemplate` (RFC 6570) many, as it is listed. */
export interface ListedResource {
  readonly uri?: string;
  readonly uriTemplate?: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
}

/** Resources of one plugin. */
export interface HostResources {
  readonly list: () => Promise<readonly ListedResource[]> | readonly ListedResource[];
  /** `undefined`: it is not one of these. */
  readonly read: (
    uri: string,
    host: HostLink,
  ) => Promise<HostContent | undefined> | HostContent | undefined;
}

/** What a resource holds: text, or base64 in `blob`. */
export interface HostContent {
  readonly mimeType?: string;
  readonly text?: string;
  readonly blob?: string;
}

export const hostTools = named<HostTool>('hostTools');
export const hostPrompts = named<HostPrompt>('hostPrompts');
export const hostResources = list<HostResources>('hostResources');
