/** `spindle audit verify`. */

import { resolve } from 'node:path';
import { KernelError } from '../../../core/index.ts';
import { parse } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import { shown } from '../terminal/style.ts';
import { plural } from '../terminal/words.ts';

/** What `audit/verify` answers. */
interface Verdict {
  readonly files: readonly string[];
  readonly lines: number;
  readonly end?: { readonly file: string; readonly n: number; readonly hash: string };
  readonly faults: readonly {
    readonly file: string;
    readonly line?: number;
    readonly message: string;
  }[];
}

/** The whole log, or one file of it. A line for each fault, and exit code 1 when there is one. */
export const auditVerify: Command = (argv) => {
  const { flags, words } = parse(argv, { json: {} });
  const [file, ...more] = words;
  if (more.length > 0)
    throw new KernelError('invalid', `expected audit verify [FILE], but got ${words.length} files`);
  return async ({ client, stdout, cwd, style }) => {
    const params = file === undefined ? {} : { file: resolve(cwd, file) };
    const verdict = (await client.call('audit/verify', params)) as Verdict; // as the plugin says
    const { faults } = verdict;
    if (flags.json === true) await stdout.write(`${JSON.stringify(verdict, null, 2)}\n`);
    else {
      const lines = faults.map((one) => `${placeOf(one)}: ${shown(one.message)}\n`);
      await stdout.write(style.red(lines.join('')));
      await stdout.write(`${summaryOf(verdict)}\n`);
    }
    return faults.length > 0 ? 1 : 0;
  };
};

function placeOf({ file, line }: Verdict['faults'][number]): string {
  return line === undefined ? file : `${file}:${line}`;
}

function summaryOf({ files, lines, end, faults }: Verdict): string {
  if (files.length === 0 && faults.length === 0) return 'There is no audit log yet.';
  const looked = `${plural(files.length, 'file')}, ${plural(lines, 'line')}`;
  if (faults.length > 0)
    return `${looked}: ${plural(faults.length, 'fault')}. docs/audit.md says what they mean.`;
  return `${looked}: nothing was changed, removed or moved. The last is number ${end?.n}, SHA-256 ${end?.hash}.`;
}
