/** `spindle app-server schema --out DIR`. */

import { join, resolve } from 'node:path';

import { messageOf } from '../../../core/index.ts';
import type { AppServerOptions } from '../app-server.ts';
import { parse } from '../command-line/parse.ts';

/** Writes the files of the protocol. Resolves to the exit code: 2 for what was typed, 1 when they cannot be written. */
export async function writeSchema(
  argv: readonly string[],
  options: AppServerOptions,
): Promise<number> {
  const { write, cwd = process.cwd() } = options;
  try {
    const { flags } = parse(argv, { out: { takes: 'DIR' } });
    if (flags.out === undefined || write === undefined) {
      process.stderr.write(
        'spindle app-server schema: expected --out DIR, the folder to write to\n',
      );
      return 2;
    }
    const { schemaFiles } = await import('./schemas/write.ts');
    const files = Object.entries(schemaFiles());
    for (const [name, text] of files) await write(join(resolve(cwd, flags.out), name), text);
    process.stdout.write(`${files.map(([name]) => join(String(flags.out), name)).join('\n')}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`spindle app-server schema: ${messageOf(error)}\n`);
    return 1;
  }
}
