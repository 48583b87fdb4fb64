/** Slots: named places that plugins fill. The slot owns how contributions combine, so plugins cannot get it wrong. */

import { KernelError } from './errors.ts';

/** Where a plugin's configuration came from. Entries of an earlier tier come first and cannot be shadowed. */
export type Tier = 'managed' | 'user' | 'repository';
const tiers: readonly Tier[] = ['managed', 'user', 'repository'];

/** Where an entry stands within its tier; absent: between the two. */
export type Order = 'first' | 'last';
/** One contribution. `index`: its place among all ever added, which is the order of the configuration. */
export type Entry<In> = Readonly<{
  value: In;
  plugin: string;
  tier: Tier;
  order?: Order;
  index: number;
}>;

/** A place that plugins fill; matched by `name`. */
export interface Slot<In, Out = unknown> {
  readonly name: string;
  readonly kind: 'choice' | 'named' | 'list' | 'chain' | 'custom';
  /** What consumers get. Entries come sorted by tier, order, index. Throws KernelError on a clash it forbids. */
  readonly combine: (entries: readonly Entry<In>[]) => Out;
}

/** What a `named` slot gives: values by the names in force, and the entries whose name was taken. */
export interface NamedValues<T> extends ReadonlyMap<string, T> {
  readonly clashes: readonly Clash[];
}
export type Clash = Readonly<{ name: string; plugin: string; became: string }>;
type Named = { readonly name: string };

const valuesOf = <T>(entries: readonly Entry<T>[]) => entries.map((entry) => entry.value);

/** All values in order. */
export function list<T>(name: string): Slot<T, readonly T[]> {
  return { name, kind: 'list', combine: valuesOf };
}

/** Wrappers, the first outermost. */
export function chain<T>(name: string): Slot<T, readonly T[]> {
  return { name, kind: 'chain', combine: valuesOf };
}

/** Several named values in order, of which configuration or a probe chooses one. */
export function choice<T extends Named>(name: string): Slot<T, readonly T[]> {
  return { name, kind: 'choice', combine: valuesOf };
}

/** A map by name. On a clash the first keeps the plain name and the later becomes `plugin__name`. */
export function named<T extends Named>(name: string): Slot<T, NamedValues<T>> {
  return { name, kind: 'named', combine: combineNamed };
}

/** A map by name in which a clash stops the start. */
export function unique<T extends Named>(name: string): Slot<T, NamedValues<T>> {
  const combine = (entries: readonly Entry<T>[]) => {
    const values = combineNamed(entries);
    const [clash] = values.clashes;
    const message = `expected one ${name} entry "${clash?.name}", but ${clash?.plugin} adds another`;
    if (clash !== undefined) throw new KernelError('plugin', message, { plugin: clash.plugin });
    return values;
  };
  return { name, kind: 'named', combine };
}

/** Entries as slots combine them: by tier, then first, unordered, last, then as added. */
export function sortEntries<T>(entries: readonly Entry<T>[]): readonly Entry<T>[] {
  const rank = ({ order }: Entry<T>) => (order === 'first' ? 0 : order === 'last' ? 2 : 1);
  const place = (one: Entry<T>) => tiers.indexOf(one.tier) * 3 + rank(one);
  return entries.toSorted((a, b) => place(a) - place(b) || a.index - b.index);
}

function combineNamed<T extends Named>(entries: readonly Entry<T>[]): NamedValues<T> {
  const values = new Map<string, T>();
  const clashes: Clash[] = [];
  for (const { value, plugin } of entries) {
    let became = value.name;
    for (let count = 1; values.has(became); count++)
      became = `${plugin}__${value.name}${count > 1 ? `_${count}` : ''}`;
    if (became !== value.name) clashes.push({ name: value.name, plugin, became });
    values.set(became, value);
  }
  return Object.assign(values, { clashes });
}
