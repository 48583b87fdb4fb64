/** Slots: named places that plugins fill. The slot owns how contributions combine, so plugins cannot get it wrong. */

import { KernelError } from './errors.ts';

/** Where a plugin's configuration came from. Entries of an earlier tier come first and cannot be shadowed. */
export type Tier = 'managed' | 'user' | 'repository';

export const tiers: readonly Tier[] = ['managed', 'user', 'repository'];

/** One contribution. */
export interface Entry<In> {
  readonly value: In;
  readonly plugin: string;
  readonly tier: Tier;
  readonly order: 'first' | 'last' | undefined;
  /** Its place among all entries ever added: the order in which the configuration lists plugins. */
  readonly index: number;
}

/** A place that plugins fill; matched by `name`. */
export interface Slot<In, Out = unknown> {
  readonly name: string;
  readonly kind: 'choice' | 'named' | 'list' | 'chain' | 'custom';
  /** What consumers get; entries come sorted by tier, then `order`, then index. Throws KernelError on a clash it forbids. */
  readonly combine: (entries: readonly Entry<In>[]) => Out;
}

/** Something that has a name. */
export interface Named {
  readonly name: string;
}

/** What a `named` slot gives: values by the names in force, and the names that had to give way. */
export interface NamedValues<T> extends ReadonlyMap<string, T> {
  readonly plugin: (name: string) => string;
  readonly clashes: readonly {
    readonly name: string;
    readonly plugin: string;
    readonly became: string;
  }[];
}

/** All values in order. */
export function list<T>(name: string): Slot<T, readonly T[]> {
  return { name, kind: 'list', combine: (entries) => entries.map((entry) => entry.value) };
}

/** Wrappers, the first outermost. */
export function chain<T>(name: string): Slot<T, readonly T[]> {
  return { name, kind: 'chain', combine: (entries) => entries.map((entry) => entry.value) };
}

/** Several named values of which configuration or a probe chooses one; in order. */
export function choice<T extends Named>(name: string): Slot<T, readonly T[]> {
  return { name, kind: 'choice', combine: (entries) => entries.map((entry) => entry.value) };
}

/** A map by name. On a clash the first keeps the plain name and the later becomes `plugin__name`. */
export function named<T extends Named>(name: string): Slot<T, NamedValues<T>> {
  return { name, kind: 'named', combine: combineNamed };
}

/** A map by name in which a clash is an error. */
export function unique<T extends Named>(name: string): Slot<T, NamedValues<T>> {
  return {
    name,
    kind: 'named',
    combine: (entries) => {
      const values = combineNamed(entries);
      const clash = values.clashes[0];
      if (clash === undefined) return values;
      const message = `expected one ${name} entry "${clash.name}", but ${values.plugin(clash.name)} and ${clash.plugin} both add it: remove one of them`;
      throw new KernelError('plugin', message, { plugin: clash.plugin });
    },
  };
}

/** Entries as slots combine them: by tier, then first, unordered, last, then as added. */
export function sortEntries<T>(entries: readonly Entry<T>[]): readonly Entry<T>[] {
  const rank = (entry: Entry<T>) => (entry.order === 'first' ? 0 : entry.order === 'last' ? 2 : 1);
  return entries.toSorted(
    (a, b) =>
      tiers.indexOf(a.tier) - tiers.indexOf(b.tier) || rank(a) - rank(b) || a.index - b.index,
  );
}

function combineNamed<T extends Named>(entries: readonly Entry<T>[]): NamedValues<T> {
  const values = new Map<string, T>();
  const owners = new Map<string, string>();
  const clashes: { name: string; plugin: string; became: string }[] = [];
  for (const { value, plugin } of entries) {
    const name = values.has(value.name) ? freeName(`${plugin}__${value.name}`, values) : value.name;
    if (name !== value.name) clashes.push({ name: value.name, plugin, became: name });
    values.set(name, value);
    owners.set(name, plugin);
  }
  return Object.assign(values, {
    plugin: (name: string) => owners.get(name) ?? 'unknown',
    clashes,
  });
}

function freeName(wanted: string, taken: ReadonlyMap<string, unknown>): string {
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted}_${count}`;
  return name;
}
