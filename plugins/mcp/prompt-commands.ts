/** Prompts of servers as commands of the user's: `/server:prompt value name=value`. */

import type { GetPromptResult } from '@modelcontextprotocol/client';

import { type Client, type Command, type Content, invalid } from '../../core/index.ts';
import { contentOf, label } from './content.ts';
import type { PromptInfo } from './remembered.ts';
import { callLimitOf } from './server-config.ts';
import type { McpServer } from './server.ts';
import { clean, oneLine } from './text.ts';

/** A command for each prompt. It is named after the server and the prompt, and starts a turn with what the server gives. */
export function promptCommand(server: McpServer, prompt: PromptInfo): Command {
  const { name, arguments: args, description = '' } = prompt;
  const usage = args.map((one) => (one.required ? one.name : `[${one.name}]`)).join(' ');
  return {
    name: commandName(server.config.name, name),
    description: oneLine(
      `${description}${usage === '' ? '' : ` (${usage})`} [MCP ${server.config.name}]`,
      200,
    ),
    run: async (argument: string, client: Client, thread: string) => {
      const input = await promptInput(server, prompt, argument);
      await client.request('turn/start', { thread, input });
    },
  };
}

/** `server:prompt`, in characters that can be typed as one word. */
export function commandName(server: string, prompt: string): string {
  return clean(`${server}:${prompt}`, 100).replaceAll(/\s+/gu, '-');
}

/** What the server makes of a prompt, as input of a turn. */
export async function promptInput(
  server: McpServer,
  prompt: PromptInfo,
  argument: string,
  signal?: AbortSignal,
): Promise<readonly Content[]> {
  const { client } = await server.ready(signal);
  const args = readArguments(prompt, argument);
  const timeout = callLimitOf(server.config);
  const answer = await client.getPrompt(
    { name: prompt.name, arguments: args },
    { timeout, ...(signal === undefined ? {} : { signal }) },
  );
  return [label(server.config.name, `prompt ${oneLine(prompt.name, 100)}`), ...contentsOf(answer)];
}

function contentsOf({ messages }: GetPromptResult): readonly Content[] {
  return messages.flatMap(({ role, content }): readonly Content[] => {
    const one = contentOf(content);
    return role === 'user'
      ? [one]
      : [{ type: 'text', text: '[an earlier answer, as the prompt has it:]' }, one];
  });
}

/** `name=value` by name, the rest in order; quotes hold words together, and the last argument takes what is left. */
export function readArguments(
  { name, arguments: known }: PromptInfo,
  text: string,
): Record<string, string> {
  const words = [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/gu)].map(([word]) =>
    word.replaceAll(/["']/gu, ''),
  );
  const args: Record<string, string> = {};
  const rest: string[] = [];
  for (const word of words) {
    const [, key = '', value = ''] = /^([\w.-]+)=([\s\S]*)$/u.exec(word) ?? [];
    if (known.some((one) => one.name === key)) args[key] = value;
    else rest.push(word);
  }
  const open = known.filter((one) => !Object.hasOwn(args, one.name));
  for (const [at, one] of open.entries()) {
    const value = at === open.length - 1 ? rest.slice(at).join(' ') : rest[at];
    if (value !== undefined && value !== '') args[one.name] = value;
  }
  const missing = known.find((one) => one.required && !Object.hasOwn(args, one.name));
  if (missing !== undefined)
    throw invalid`the prompt ${oneLine(name, 80)} needs ${missing.name}: give it as ${missing.name}=…`;
  return args;
}
