/** yargs, made of the table in flags.ts: help, completion, and what is wrong with a command line. */

import yargs, { type Argv, type Options } from 'yargs';
import { KernelError } from '../core/errors.ts';
import { faultIn, findCommand, type Parsed } from './args.ts';
import { type Command, commands, type Flag } from './flags.ts';
import { didYouMean, nearest } from './suggest.ts';

/** Parses as `parseArgs` does. Throws KernelError `invalid` with what is wrong and the nearest flag or command. */
export function parseWithYargs(argv: readonly string[]): Parsed {
  const command = findCommand(argv);
  if (command === undefined) throw noCommand(argv);
  const tokens = argv.slice(command.name.split(' ').length);
  const parser = withFlags(plainYargs(tokens), command)
    .fail((message, error: unknown) => {
      throw explain(command, tokens, message || String(error));
    })
    .strictOptions();
  const { _: words, '--': rest = [], ...found } = parser.parseSync();
  const flags = Object.fromEntries(
    command.flags.flatMap((flag) => {
      const value = valueOf(flag, found[flag.name]);
      return value === undefined ? [] : [[flag.name, value] as const];
    }),
  );
  const parsed: Parsed = {
    command,
    flags,
    words: words.map(String),
    rest: (rest as unknown[]).map(String),
  };
  const fault = faultIn(parsed);
  if (fault !== undefined) throw usageError(command, fault);
  return parsed;
}

/** The help of a command, of what begins with the same word, or of the program, in `columns` columns. */
export async function helpFor(argv: readonly string[], columns: number): Promise<string> {
  const command = findCommand(argv);
  const parser = command === undefined ? groupHelp(argv) : commandHelp(command);
  return (await (parser ?? allCommands()).wrap(columns).getHelp()).trimEnd();
}

/** With the commands that lie below it. */
function commandHelp(command: Command): Argv {
  const below = commands.filter(({ name }) => name.startsWith(`${command.name} `));
  const parser = withFlags(plainYargs([]), command).usage(usageOf(command));
  return withCommands(parser, below);
}

function groupHelp([word = '']: readonly string[]): Argv | undefined {
  const group = commands.filter(({ name }) => name.startsWith(`${word} `));
  if (group.length === 0) return undefined;
  return withCommands(plainYargs([]).usage(`spindle ${word} COMMAND`), group);
}

/** Under their whole names. */
function withCommands(parser: Argv, group: readonly Command[]): Argv {
  return group.reduce((inner, { name, description }) => inner.command(name, description), parser);
}

/** The completion script for `completion`; the words that may come next for `--get-yargs-completions …`. */
export async function completionFor(argv: readonly string[]): Promise<string> {
  let text = '';
  await allCommands(argv)
    .completion('completion', false)
    .parseAsync([...argv], {}, (_error, _argv, output) => {
      text += output;
    });
  return text.trimEnd();
}

function plainYargs(tokens: readonly string[]): Argv {
  return yargs([...tokens])
    .scriptName('spindle')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': true,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'populate--': true,
      'short-option-groups': false,
      'strip-aliased': true,
    })
    .help(false)
    .version(false)
    .exitProcess(false);
}

function withFlags(parser: Argv, command: Command): Argv {
  return parser.options(
    Object.fromEntries(command.flags.map((flag) => [flag.name, optionOf(flag)])),
  );
}

/** Choices are checked by `faultIn`, and named here for the completion. */
function optionOf({ alias, value, description, choices, isHidden }: Flag): Options {
  return {
    hidden: isHidden === true,
    ...(alias === undefined ? {} : { alias }),
    description:
      value === undefined ? description : `${description} [${choices?.join(' | ') ?? value}]`,
    ...(value === undefined ? { type: 'boolean' } : { type: 'string', requiresArg: true }),
  };
}

function valueOf(flag: Flag, found: unknown): true | readonly string[] | undefined {
  const all = (Array.isArray(found) ? found : [found]).filter((one) => one !== undefined);
  if (all.length === 0) return undefined;
  if (flag.value === undefined) return all.at(-1) === true ? true : undefined;
  const texts = all.map(String);
  return flag.many ? texts : texts.slice(-1);
}

function usageOf({ name, usage, description }: Command): string {
  const lines = usage.map((line) => `spindle ${name} ${line}`.trimEnd());
  return `${lines.join('\n')}\n\n${description}`;
}

function allCommands(argv: readonly string[] = []): Argv {
  const groups = Map.groupBy(commands, ({ name }) => name.split(' ')[0] ?? '');
  let parser = plainYargs(argv).usage('spindle COMMAND\n\nA microkernel coding agent.');
  for (const [word, group] of groups) {
    const own = group.find(({ name }) => name === word);
    const below = group.filter((command) => command !== own);
    const names = below.map(({ name }) => name.slice(word.length + 1)).join(', ');
    parser = parser.command(word, own?.description ?? names, (inner) =>
      withSubcommands(own === undefined ? inner : withFlags(inner, own), below),
    );
  }
  return parser.options({
    help: {
      type: 'boolean',
      alias: 'h',
      description: 'Print this; after a command, its own.',
      global: false,
    },
    version: { type: 'boolean', alias: 'V', description: 'Print the version.', global: false },
  });
}

function withSubcommands(parser: Argv, group: readonly Command[]): Argv {
  return group.reduce(
    (inner, command) =>
      inner.command(command.name.split(' ')[1] ?? '', command.description, (one) =>
        withFlags(one, command),
      ),
    parser,
  );
}

function noCommand(argv: readonly string[]): KernelError {
  const [word = '', second = ''] = argv;
  const group = commands.filter(({ name }) => name.startsWith(`${word} `));
  if (group.length > 0) {
    const words = group.map(({ name }) => name.slice(word.length + 1));
    const got = second === '' ? 'nothing' : `"${second}"`;
    return new KernelError(
      'invalid',
      `expected one of ${words.join(', ')} after "spindle ${word}", but got ${got}.${didYouMean(second, words)}`,
    );
  }
  const known = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))];
  const what = word.startsWith('-') ? `flag ${word} before a command` : `command "${word}"`;
  return new KernelError(
    'invalid',
    `unknown ${what}.${didYouMean(word, known)} "spindle --help" shows all commands; a task needs quotes: spindle exec "…"`,
  );
}

function explain(command: Command, tokens: readonly string[], message: string): KernelError {
  const names = command.flags.flatMap(({ name, alias }) => [
    `--${name}`,
    ...(alias ? [`-${alias}`] : []),
  ]);
  for (const token of tokens) {
    if (token === '--') break;
    const [name = ''] = token.split('=', 1);
    if (!/^-./.test(name) || names.includes(name)) continue;
    const near = nearest(name, names);
    return usageError(
      command,
      `unknown flag ${name}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    );
  }
  const missing = /^Not enough arguments following: (.+)$/.exec(message)?.[1];
  const flag = command.flags.find(({ name, alias }) => missing === name || missing === alias);
  if (flag !== undefined)
    return usageError(command, `--${flag.name}: expected a value (${flag.value})`);
  return usageError(command, message);
}

function usageError({ name }: Command, what: string): KernelError {
  const end = /[.?]$/.test(what) ? '' : '.';
  return new KernelError('invalid', `${what}${end} "spindle ${name} --help" shows what there is`);
}
