/** What is kept of a server between starts: its tools as they were accepted, so that they are offered with none running. */

import type { Prompt, Tool } from '@modelcontextprotocol/client';

import type { JsonSchema } from '../../core/index.ts';

/** A tool as its server described it. */
export type Definition = Pick<Tool, 'name' | 'title' | 'description' | 'annotations'> & {
  readonly inputSchema: JsonSchema;
  readonly outputSchema?: JsonSchema;
  /** Whether calls of it are tasks (specification 2025-11-25). */
  readonly task?: 'optional' | 'required';
};

/** A tool that was accepted. `changed` is what its server says of it now: until that is accepted it cannot be called. */
export interface Pin {
  readonly definition: Definition;
  /** SHA-256 of name, description and schemas. */
  readonly hash: string;
  readonly changed?: Definition;
  /** Its server does not have it any more. */
  readonly isGone?: true;
}

/** A prompt, as much as a command needs to know. */
export type PromptInfo = Pick<Prompt, 'name' | 'description'> & {
  readonly arguments: readonly { readonly name: string; readonly required: boolean }[];
};

/** One server's file. */
export interface Remembered {
  readonly version: 1;
  readonly tools: readonly Pin[];
  readonly prompts: readonly PromptInfo[];
  readonly hasResources: boolean;
  readonly instructions?: string;
  /** Its own name and version. */
  readonly title?: string;
  /** When it was last found to know no version from 2026 on, in ms since 1970: it is not asked for a while. */
  readonly legacyAt?: number;
}

/** Where this is kept, by a server's key; whoever opens the kernel provides it. */
export interface McpState {
  readonly read: (key: string) => Remembered | undefined;
  readonly write: (key: string, remembered: Remembered) => void;
  /** Tokens and what was registered with an authorization server; `undefined` forgets. */
  readonly readAuth: (key: string) => StoredAuth | undefined;
  readonly writeAuth: (key: string, auth: StoredAuth | undefined) => void;
}

/** Of one server: plain data that `oauth.ts` makes and reads. */
export interface StoredAuth {
  /** The address that it is for; it is sent nowhere else. */
  readonly url: string;
  /** By the issuer of the authorization server. */
  readonly clients: Readonly<Record<string, JsonSchema>>;
  readonly tokens?: JsonSchema;
}

/** Kept in memory only. */
export function memoryState(): McpState {
  const servers = new Map<string, Remembered>();
  const auth = new Map<string, StoredAuth>();
  return {
    read: (key) => servers.get(key),
    write: (key, remembered) => void servers.set(key, remembered),
    readAuth: (key) => auth.get(key),
    writeAuth: (key, stored) => void (stored ? auth.set(key, stored) : auth.delete(key)),
  };
}

/** A first file. */
export const nothingRemembered: Remembered = {
  version: 1,
  tools: [],
  prompts: [],
  hasResources: false,
};
