/** The flags and words of one front end's command line. */

import { KernelError } from '../../../core/index.ts';

/** A flag. With `takes` it needs a value, which that word names in messages; with `many` it may come again. */
interface Flag {
  readonly takes?: string;
  readonly many?: true;
  /** One letter. */
  readonly short?: string;
}
/** Flags by their long names. */
export type Flags = Readonly<Record<string, Flag>>;

/** The flags that were given, a later one over an earlier, and all else: `words`, and after `--` also `verbatim`. */
export interface Parsed<F extends Flags> {
  readonly flags: {
    readonly [K in keyof F]?: F[K] extends { readonly many: true }
      ? readonly string[]
      : F[K] extends { readonly takes: string }
        ? string
        : true;
  };
  readonly words: readonly string[];
  readonly verbatim: readonly string[];
}

/** Flags may stand anywhere before `--`; a value follows its flag as the next word or after `=`. Throws `invalid`. */
export function parse<const F extends Flags>(argv: readonly string[], known: F): Parsed<F> {
  const end = argv.indexOf('--');
  const given = end < 0 ? argv : argv.slice(0, end);
  const flags: Record<string, Value> = {};
  const words: string[] = [];
  for (let at = 0; at < given.length; at++) {
    const word = given[at] ?? '';
    if (!word.startsWith('-') || word === '-') {
      words.push(word);
      continue;
    }
    const { name, flag, attached } = flagOf(word, known);
    const isSeparate = flag.takes !== undefined && attached === undefined;
    const value = isSeparate ? given[++at] : attached;
    check(word, flag, { attached, value });
    flags[name] = added(flags[name], flag, value);
  }
  const verbatim = end < 0 ? [] : argv.slice(end + 1);
  // Each flag got what the table says it takes.
  return { flags: flags as Parsed<F>['flags'], words, verbatim };
}

type Value = true | string | readonly string[];

function added(before: Value | undefined, { many }: Flag, value: string | undefined): Value {
  if (many !== true) return value ?? true;
  return [...(Array.isArray(before) ? before : []), value ?? ''];
}

function flagOf(word: string, known: Flags) {
  const [, dashes = '', given = '', attached] = /^(--?)([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
  const name =
    dashes === '--' ? given : Object.keys(known).find((one) => known[one]?.short === given);
  const flag = name !== undefined && Object.hasOwn(known, name) ? known[name] : undefined;
  if (name === undefined || flag === undefined) {
    const all = Object.keys(known).map((one) => `--${one}`);
    throw new KernelError(
      'invalid',
      `there is no flag ${dashes}${given}; there are ${all.join(', ')} (a text that begins with "-" goes after "--")`,
    );
  }
  return { name, flag, attached };
}

function check(
  word: string,
  { takes }: Flag,
  {
    attached,
    value,
  }: { readonly attached?: string | undefined; readonly value: string | undefined },
): void {
  if (takes === undefined && attached !== undefined)
    throw new KernelError('invalid', `expected ${word.split('=')[0]} alone, but got ${word}`);
  if (
    takes !== undefined &&
    (value === undefined || (attached === undefined && value.startsWith('--')))
  )
    throw new KernelError('invalid', `expected ${word} ${takes}, but no ${takes} follows`);
}

/** The value of a flag that names one of a few things. Throws `invalid` listing them. */
export function oneOf<const T extends string>(
  flag: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  const found = allowed.find((one) => one === value);
  if (value !== undefined && found === undefined)
    throw new KernelError('invalid', `expected ${flag} ${allowed.join('|')}, but got "${value}"`);
  return found;
}

/** The value of a flag that is a positive number (`whole`: an integer). Throws `invalid`. */
export function positive(
  flag: string,
  value: string | undefined,
  { whole }: { readonly whole: boolean },
): number | undefined {
  if (value === undefined) return undefined;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isFinite(number) && number > 0 && (!whole || Number.isInteger(number))) return number;
  const what = whole ? 'a whole number above 0' : 'a number above 0';
  throw new KernelError('invalid', `expected ${flag} to be ${what}, but got "${value}"`);
}
