/** What a running server offers. */

import type { Client, Tool } from '@modelcontextprotocol/client';

import type { Remembered } from './remembered.ts';
import { clean, oneLine } from './text.ts';

interface ReadOptions {
  /** In ms, for each list. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Its tools as it lists them, and what else it says of itself. */
export interface Offer extends Omit<Remembered, 'tools' | 'version' | 'legacyAt'> {
  readonly tools: readonly Tool[];
}

/** Its lists, asked for anew, and what it says of itself. */
export async function readOffer(client: Client, options: ReadOptions): Promise<Offer> {
  const can = client.getServerCapabilities() ?? {};
  const anew = { ...options, cacheMode: 'refresh' } as const;
  const { tools } = can.tools ? await client.listTools(undefined, anew) : { tools: [] };
  const { prompts } = can.prompts ? await client.listPrompts(undefined, anew) : { prompts: [] };
  const { name = 'unnamed', version = '' } = client.getServerVersion() ?? {};
  const instructions = client.getInstructions();
  return {
    tools,
    prompts: prompts.map(({ name: prompt, description, arguments: args = [] }) => ({
      name: prompt,
      ...(description === undefined ? {} : { description }),
      arguments: args.map((one) => ({ name: one.name, required: one.required === true })),
    })),
    hasResources: can.resources !== undefined,
    ...(instructions ? { instructions: clean(instructions, 4000) } : {}),
    title: oneLine(`${name} ${version}`, 100),
  };
}
