/** `spindle policy check`: what would be decided of a command, and of each of its parts. */

import { KernelError } from '../../../core/index.ts';
import type { Client, Settings } from '../../../core/index.ts';
import type { Checked, CheckedCommand } from '../../policies/rules/check.ts';
import { showCommand, showText } from '../../policies/shell/show.ts';
import { parse } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import type { Style } from '../terminal/style.ts';

/** What the command ends with, by verdict. */
const exitCodes = { allow: 0, deny: 1, ask: 3 } as const;

/** One word after `--` is the text of a command, several are a program and its arguments. */
export const policyCheck: Command = (argv) => {
  const { flags, words, verbatim } = parse(argv, { json: {}, outside: {} });
  const [first, ...others] = [...words, ...verbatim];
  if (first === undefined)
    throw new KernelError('invalid', 'expected a command: spindle policy check -- COMMAND');
  const command = others.length === 0 ? ['bash', '-c', first] : [first, ...others];
  return async ({ client, stdout, style }) => {
    const settings = await defaultSettings(client);
    const outside = flags.outside === true;
    const params = { argv: command, settings, outside };
    // The plugin `rules` answers with this.
    const checked = (await client.call('policy/check', params)) as CheckedCommand;
    const text =
      flags.json === true
        ? JSON.stringify({ command: showCommand(command), ...checked }, null, 2)
        : shownCheck(showCommand(command), checked, style);
    await stdout.write(`${text}\n`);
    return exitCodes[checked.verdict];
  };
};

/** What a new thread gets; an ephemeral one leaves nothing behind. */
async function defaultSettings(client: Client): Promise<Settings> {
  const { id, settings } = await client.request('thread/start', { ephemeral: true });
  await client.request('thread/close', { thread: id });
  return settings;
}

function shownCheck(command: string, checked: CheckedCommand, style: Style): string {
  const doubt = checked.unknown;
  const { length } = checked.parts;
  const parts = length > 1 || doubt !== undefined ? checked.parts : [];
  return [
    `${shownVerdict(checked, style)}  ${style.bold(command)}`,
    ...groundsOf(checked),
    ...(doubt === undefined ? [] : [`  not understood: ${showText(doubt)}`]),
    ...parts.flatMap((part) => [
      `  ${shownVerdict(part, style)}  ${showText(part.text)}  ${style.dim(`(${part.what})`)}`,
      ...groundsOf(part).map((line) => `  ${line}`),
    ]),
  ].join('\n');
}

function shownVerdict({ verdict }: Checked, style: Style): string {
  const colour = { allow: style.green, ask: style.yellow, deny: style.red }[verdict];
  return colour(verdict.padEnd(5));
}

function groundsOf({ reason, rule, layer, file, policy }: Checked): readonly string[] {
  const place = [layer, file].filter((one) => one !== undefined).join(', ');
  const where = place === '' ? '' : ` (${place})`;
  return [`       ${showText(reason)}`, `       ${policy}: ${showText(rule)}${where}`];
}
