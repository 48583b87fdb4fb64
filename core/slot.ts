/** Slots: named places that plugins fill. The slot owns how contributions combine, so plugins cannot get it wrong. */

import { fail, notFound } from './errors.ts';

/** Where a plugin's configuration came from. Entries of an earlier tier come first and cannot be shadowed. */
export type Tier = 'managed' | 'user' | 'repository';
const tiers: readonly Tier[] = ['managed', 'user', 'repository'];

/** Where an entry stands within its tier; absent: between the two. */
export type Order = 'first' | 'last';
/** One contribution. */
export type Entry<In> = Readonly<{ value: In; plugin: string; tier: Tier; order?: Order }>;

/** A place that plugins fill; matched by `name`. */
export interface Slot<In, Out = unknown> extends Named {
  readonly kind: 'choice' | 'named' | 'list' | 'chain' | 'custom';
  /** What consumers get. Entries come sorted: by tier, then by order, then as they were added. */
  readonly combine: (entries: readonly Entry<In>[]) => Out;
}

/** What a slot holds. */
export type Get = <In, Out>(slot: Slot<In, Out>) => Out;

/** What a `named` slot gives: values by the names in force, and the entries whose name was taken. */
export type NamedValues<T> = ReadonlyMap<string, T> & { readonly clashes: readonly Clash[] };
export type Clash = Readonly<{ name: string; plugin: string; became: string }>;
type Named = { readonly name: string };

type Values<T> = Slot<T, readonly T[]>;
const valuesIn = <T>(name: string, kind: Values<T>['kind']): Values<T> => {
  return { name, kind, combine: (entries) => entries.map(({ value }) => value) };
};

/** All values in order. */
export const list = <T>(name: string): Values<T> => valuesIn(name, 'list');
/** Wrappers, the first outermost. */
export const chain = <T>(name: string): Values<T> => valuesIn(name, 'chain');
/** Several named values in order, of which configuration or a probe chooses one. */
export const choice = <T extends Named>(name: string): Values<T> => valuesIn(name, 'choice');
/** A map by name. On a clash the first keeps the plain name and the later becomes `plugin__name`. */
export const named = <T extends Named>(name: string): Slot<T, NamedValues<T>> => {
  return { name, kind: 'named', combine: combineNamed };
};

/** What the first wrapper makes of what the next makes, and so on, of what is innermost. */
export const nest = <W, F>(wrappers: readonly W[], inner: F, wrap: (one: W, next: F) => F): F =>
  wrappers.reduceRight((next, wrapper) => wrap(wrapper, next), inner);

/** The value of this name; throws `not_found`, or as told, with the names there are. `what` was looked for. */
export function entryOf<T>(all: ReadonlyMap<string, T>, name: string, what: string, as = notFound) {
  const known = [...all.keys()].join(', ') || 'none';
  return all.get(name) ?? fail(as`there is no ${what}; there are: ${known}`);
}

/** Entries as slots combine them: by tier, then first, unordered, last, then as added. */
export function sortEntries<T>(entries: readonly Entry<T>[]): readonly Entry<T>[] {
  const rank = ({ order }: Entry<T>) => (order === 'first' ? 0 : order === 'last' ? 2 : 1);
  const place = (one: Entry<T>) => tiers.indexOf(one.tier) * 3 + rank(one);
  return entries.toSorted((a, b) => place(a) - place(b));
}

function combineNamed<T extends Named>(entries: readonly Entry<T>[]): NamedValues<T> {
  const values = new Map<string, T>();
  const clashes: Clash[] = [];
  for (const { value, plugin } of entries) {
    const { name } = value;
    let became = name;
    for (let count = 1; values.has(became); count++)
      became = `${plugin}__${name}${count > 1 ? `_${count}` : ''}`;
    if (became !== name) clashes.push({ name, plugin, became });
    values.set(became, value);
  }
  return Object.assign(values, { clashes });
}
