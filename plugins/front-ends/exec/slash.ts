/** `/name argument` in place of a prompt: a command, when there is one of that name. */

import type { Client } from '../../../core/index.ts';
import type { ExecInput } from './input.ts';

/** What was typed. `rest` is what else the input holds. */
export interface Slash {
  readonly name: string;
  readonly argument: string;
  readonly rest: ExecInput['content'];
}

const form = /^\/([A-Za-z0-9][\w.:-]*)(?:\s+([\s\S]*))?$/;

/** The command that an input names; `undefined` for one that is there to be said. */
export async function slashOf(input: ExecInput, client: Client): Promise<Slash | undefined> {
  const [first, ...rest] = input.content;
  const found = first?.type === 'text' ? form.exec(first.text.trim()) : null;
  if (found === null) return undefined;
  const [, name = '', argument = ''] = found;
  const names = await namesOf(client);
  return names.includes(name) ? { name, argument, rest } : undefined;
}

/** None where no plugin answers for commands. */
async function namesOf(client: Client): Promise<readonly string[]> {
  try {
    const found = (await client.call('command/list', {})) as CommandList; // as the plugin `commands` answers
    return found.commands.map(({ name }) => name);
  } catch {
    return [];
  }
}

interface CommandList {
  readonly commands: readonly { readonly name: string }[];
}
