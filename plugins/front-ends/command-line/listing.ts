/** Front ends of one command, `NAME list`, which asks one request and shows its answer as text or JSON. */

import { KernelError } from '../../../core/index.ts';
import type { FrontEnd } from '../../../core/index.ts';
import type { Style } from '../terminal/style.ts';
import { parse } from './parse.ts';
import { runCommand, type Command } from './run.ts';

/** What is listed. */
export interface Listing<T> {
  readonly name: string;
  readonly description: string;
  readonly request: string;
  /** The answer as lines. */
  readonly linesOf: (found: T, style: Style) => readonly string[];
}

/** `T` is what the request answers with. */
export function listingFrontEnd<T>({ name, description, request, linesOf }: Listing<T>): FrontEnd {
  const list: Command = (argv) => {
    const { flags, words } = parse(argv, { json: {} });
    if (words[0] !== undefined)
      throw new KernelError('invalid', `expected no "${words[0]}" after "${name} list"`);
    return async ({ client, stdout, style }) => {
      const found = await client.call(request, {});
      if (flags.json === true) return stdout.write(`${JSON.stringify(found, null, 2)}\n`);
      return stdout.write(`${linesOf(found as T, style).join('\n')}\n`); // as the plugin answers
    };
  };
  return {
    name,
    description,
    run: (client, argv, signal) =>
      runCommand(argv, { name, commands: { list }, client, signal, cwd: '/' }),
  };
}
