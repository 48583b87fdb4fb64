import { KernelError } from '../../core/index.ts';
import type { DeclaredArgument } from './declaration.ts';

/** A command line with places for arguments, checked. */
export interface Template {
  readonly program: string;
  readonly elements: readonly Element[];
  readonly arguments: ReadonlyMap<string, DeclaredArgument>;
}

interface Element {
  readonly parts: readonly Part[];
  /** `--` stands before it. */
  readonly isOperand: boolean;
}

type Part = { readonly text: string } | { readonly argument: string };

const placeholder = /\{\{|\}\}|\{([A-Za-z_]\w*)\}/gu;

/**
 * Reads the command line `argv` of `owner` ("tool test", say, for messages) and checks it against its arguments. Throws
 * `invalid` when a place has no argument, an argument no place, or does not go where it stands.
 */
export function parseTemplate(
  owner: string,
  argv: readonly [string, ...string[]],
  declared: Readonly<Record<string, DeclaredArgument>>,
): Template {
  const [program, ...rest] = argv;
  if (/[{}]/u.test(program)) fail(owner, `expected a program without braces, got "${program}"`);
  const end = rest.indexOf('--');
  const elements = rest.map((text, at) => ({
    parts: partsOf(text),
    isOperand: end !== -1 && at > end,
  }));
  const known = new Map(Object.entries(declared));
  checkPlaces(owner, elements, known);
  for (const [name, argument] of known) checkArgument(owner, name, argument);
  return { program, elements, arguments: known };
}

/**
 * The command line for these values. What a value holds stays within its element. Throws `invalid` for a value with a
 * NUL, and for one that the program would take for an option.
 */
export function fillTemplate(
  { program, elements, arguments: declared }: Template,
  values: Readonly<Record<string, unknown>>,
): readonly [string, ...string[]] {
  const place = (name: string): Place => ({
    name,
    value: values[name] ?? undefined,
    declared: declared.get(name),
  });
  return [program, ...elements.flatMap((element) => fillElement(element, { program, place }))];
}

interface Place {
  readonly name: string;
  readonly value: unknown;
  readonly declared: DeclaredArgument | undefined;
}

interface Filling {
  readonly program: string;
  readonly place: (name: string) => Place;
}

function fillElement(
  { parts, isOperand }: Element,
  { program, place }: Filling,
): readonly string[] {
  const places = parts.map((part) => ('text' in part ? part.text : place(part.argument)));
  const [start] = places;
  const texts = places.map((one) => (typeof one === 'string' ? [one] : textsOf(one)));
  // An array alone becomes elements of its own; in every other element there is one text for each part.
  const filled = parts.length === 1 ? texts.flat() : [texts.flat().join('')];
  if (parts.length > 1 && texts.some((one) => one.length === 0)) return [];
  for (const one of places) if (typeof one !== 'string') checkNul(one);
  if (start === undefined) return [''];
  if (typeof start === 'string' || isOperand || mayBeOption(start)) return filled;
  const option = filled.find((text) => text.startsWith('-'));
  if (option === undefined) return filled;
  throw new KernelError(
    'invalid',
    `expected ${start.name} not to begin with "-", got ${JSON.stringify(option)}: ${program} would take it for an option`,
  );
}

/** What stands in the place of an argument; nothing when it is not given. */
function textsOf({ value, declared }: Place): readonly string[] {
  if (value === undefined) return [];
  if (declared?.type === 'boolean') return value === true ? [declared.flag ?? ''] : [];
  return (Array.isArray(value) ? value : [value]).map((one) =>
    typeof one === 'string' ? one : JSON.stringify(one),
  );
}

function mayBeOption({ declared }: Place): boolean {
  return declared?.type === 'boolean' || declared?.mayBeOption === true;
}

function checkNul(place: Place): void {
  if (textsOf(place).some((text) => text.includes('\0')))
    throw new KernelError('invalid', `expected ${place.name} to be text, but it holds a NUL`);
}

function partsOf(element: string): readonly Part[] {
  const parts: Part[] = [];
  let text = '';
  let from = 0;
  for (const match of element.matchAll(placeholder)) {
    text += element.slice(from, match.index);
    from = match.index + match[0].length;
    const argument = match[1];
    if (argument === undefined) {
      text += match[0].slice(1);
      continue;
    }
    if (text !== '') parts.push({ text });
    text = '';
    parts.push({ argument });
  }
  text += element.slice(from);
  return text === '' ? parts : [...parts, { text }];
}

function checkPlaces(
  owner: string,
  elements: readonly Element[],
  declared: ReadonlyMap<string, DeclaredArgument>,
): void {
  const placed = new Set<string>();
  for (const { parts } of elements) {
    for (const part of parts) {
      if (!('argument' in part)) continue;
      placed.add(part.argument);
      const type = declared.get(part.argument)?.type;
      if (type === undefined)
        fail(
          owner,
          `argv has a place {${part.argument}}, but no such argument is declared; write {{${part.argument}}} for braces`,
        );
      if (parts.length > 1 && (type === 'array' || type === 'boolean'))
        fail(
          owner,
          `expected {${part.argument}}, which is ${type}, to stand alone in its element of argv`,
        );
    }
  }
  const unplaced = [...declared.keys()].find((name) => !placed.has(name));
  if (unplaced !== undefined)
    fail(owner, `argv has no place {${unplaced}} for the argument ${unplaced}`);
}

function checkArgument(
  owner: string,
  name: string,
  { type, flag, values }: DeclaredArgument,
): void {
  if ((type === 'boolean') !== (flag !== undefined))
    fail(
      owner,
      `expected a flag for each boolean argument and for no other, but ${name} is ${type}`,
    );
  if (values !== undefined && type !== 'string')
    fail(owner, `expected values for a string only, but ${name} is ${type}`);
}

function fail(owner: string, message: string): never {
  throw new KernelError('invalid', `toolchain, ${owner}: ${message}`, { plugin: 'toolchain' });
}
