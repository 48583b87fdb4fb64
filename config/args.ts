/**
 * Parses command lines by the table in flags.ts. What is well-formed needs nothing more; whatever is not goes to yargs
 * (usage.ts), which costs the start some 50 ms and knows how to tell people what is wrong. Where this parser answers,
 * yargs would answer the same.
 */

import { type Command, commands, type Flag } from './flags.ts';

/** A command line that is well-formed. */
export interface Parsed {
  readonly command: Command;
  /** By name, without dashes: `true`, or the values in the order they were given. */
  readonly flags: Readonly<Record<string, true | readonly string[]>>;
  /** What stands beside flags. */
  readonly words: readonly string[];
  /** What follows `--`. */
  readonly rest: readonly string[];
}

/** The command line, or `undefined` when it takes yargs to say what it is or what is wrong with it. */
export function parseArgs(argv: readonly string[]): Parsed | undefined {
  const command = findCommand(argv);
  if (command === undefined) return undefined;
  const tokens = argv.slice(command.name.split(' ').length);
  const end = tokens.indexOf('--');
  const rest = end < 0 ? [] : tokens.slice(end + 1);
  const before = end < 0 ? tokens : tokens.slice(0, end);
  const found = readTokens(
    command,
    before.flatMap((token) => apart(command, token)),
  );
  if (found === undefined) return undefined;
  const parsed = { command, ...found, rest };
  return faultIn(parsed) === undefined ? parsed : undefined;
}

/** The command that a line begins with. */
export function findCommand(argv: readonly string[]): Command | undefined {
  return commands.find(({ name }) => name.split(' ').every((word, index) => argv[index] === word));
}

/** What is wrong with the values or the number of words, if anything is; begins with a lower-case letter. */
export function faultIn({ command, flags, words, rest }: Parsed): string | undefined {
  for (const flag of command.flags) {
    const given = flags[flag.name];
    const bad = Array.isArray(given) ? given.find((value) => !isValue(flag, value)) : undefined;
    if (bad !== undefined) return `--${flag.name}: expected ${wanted(flag)}, but got "${bad}"`;
  }
  const [least, most] = command.words;
  const count = words.length + rest.length;
  if (count < least) return `expected ${command.usage[0] ?? ''} after "spindle ${command.name}"`;
  if (count > most) return tooMany(command, [...words, ...rest][most] ?? '');
  return undefined;
}

function tooMany(command: Command, word: string): string {
  const hint = command.frontEnd === 'exec' ? ': put quotes round the prompt' : '';
  return `"${word}" is one word too many for "spindle ${command.name}"${hint}`;
}

function isValue(flag: Flag, value: string): boolean {
  if (flag.isNumber) return isNumber(value, flag);
  if (flag.name === 'config') return /^[^=]+=/.test(value);
  return value !== '' && (flag.choices?.includes(value) ?? true);
}

function isNumber(value: string, { isSeconds, key }: Flag): boolean {
  const isShaped = (isSeconds ? /^\d{1,9}(\.\d{1,6})?$/ : /^\d{1,9}$/).test(value);
  return isShaped && (Number(value) > 0 || key === undefined);
}

function wanted(flag: Flag): string {
  if (flag.choices !== undefined) return `one of ${flag.choices.join(', ')}`;
  if (flag.isNumber) return flag.key === undefined ? 'a number' : 'a number above 0';
  return flag.name === 'config' ? 'KEY=VALUE, such as limits.steps=20' : 'a value';
}

type Found = Pick<Parsed, 'flags' | 'words'>;

function readTokens(command: Command, tokens: readonly string[]): Found | undefined {
  const flags: Record<string, true | readonly string[]> = {};
  const words: string[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? '';
    if (!isFlagLike(token)) {
      words.push(token);
      continue;
    }
    const { flag, value } = readFlag(command, token);
    const next = flag?.value !== undefined && value === undefined ? tokens[++index] : undefined;
    const given = flag && givenTo(flag, value, next);
    if (flag === undefined || given === undefined) return undefined;
    const before = flags[flag.name];
    flags[flag.name] = flag.many && Array.isArray(before) ? [...before, ...listOf(given)] : given;
  }
  return { flags, words };
}

function listOf(given: true | readonly string[]): readonly string[] {
  return given === true ? [] : given;
}

/** What a flag is given, attached to it or as the next token; `undefined` when that is not what it takes. */
function givenTo(
  flag: Flag,
  attached: string | undefined,
  next: string | undefined,
): true | readonly [string] | undefined {
  if (flag.value === undefined) return attached === undefined ? true : undefined;
  const value = attached ?? next;
  const isMissing = value === undefined || (attached === undefined && isFlagLike(value));
  return isMissing ? undefined : [value];
}

/** `--name`, `--name=value` or `-n`. */
function readFlag(
  command: Command,
  token: string,
): { readonly flag?: Flag | undefined; readonly value?: string } {
  if (!token.startsWith('--'))
    return { flag: command.flags.find(({ alias }) => token === `-${alias}`) };
  const equals = token.indexOf('=');
  const name = token.slice(2, equals < 0 ? undefined : equals);
  const flag = command.flags.find((one) => one.name === name);
  return equals < 0 ? { flag } : { flag, value: token.slice(equals + 1) };
}

/** A word that is attached to a flag which takes none stands after it. */
function apart(command: Command, token: string): readonly string[] {
  const { flag, value } = readFlag(command, token);
  return flag?.takesWord && value ? [`--${flag.name}`, value] : [token];
}

function isFlagLike(token: string): boolean {
  return token.startsWith('-') && token !== '-';
}
