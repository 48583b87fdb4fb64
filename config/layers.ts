/** Layers of configuration: what each says, how they combine, and where a value comes from. */

import {
  type ConfigData,
  formatKeyPath,
  isSection,
  type KeyPath,
  leavesOf,
  valueAt,
  withoutValue,
  withValue,
} from './key-path.ts';
import { ruleOf } from './keys.ts';

/** Where a layer is from. Of what people may write, a flag wins over all, the user's file over nothing. */
export type LayerName = 'managed' | 'flag' | 'environment' | 'repository' | 'user' | 'default';

/** One layer. */
export interface Layer {
  readonly name: LayerName;
  /** The file it was read from. */
  readonly file?: string;
  readonly values: ConfigData;
  /** The flag or environment variable behind a value, by key path. */
  readonly names?: Readonly<Record<string, string>>;
  /** Values that such a layer may not set, which do not count. */
  readonly refused?: ConfigData;
  /** Values that managed policy does not let count. */
  readonly overruled?: readonly Overruled[];
  /** Whether its values were found valid where it was made. */
  readonly isChecked?: boolean;
}

/** A value that does not count, and why not. */
export interface Overruled {
  readonly path: KeyPath;
  readonly value: unknown;
  readonly why: string;
}

/** A value with its place. */
export interface Sourced {
  readonly value: unknown;
  readonly layer: LayerName;
  readonly file?: string;
  /** The flag or environment variable. */
  readonly name?: string;
}

/** One layer's say on a key, for `config explain`. */
export interface Say extends Sourced {
  readonly outcome: 'wins' | 'loses' | 'refused';
  readonly path: KeyPath;
  /** Where the outcome does not say it. */
  readonly why?: string;
}

/**
 * The effective values: sections are merged key by key, some lists are joined, everything else is replaced by the
 * stronger layer. What is managed then narrows the rest. Layers come strongest first, the managed ones before all others.
 */
export function mergeLayers(layers: readonly Layer[]): ConfigData {
  const own = layers.filter(({ name }) => name !== 'managed');
  const merged = own.reduceRight<ConfigData>((below, { values }) => merge(values, below), {});
  const managed = layers.filter(({ name }) => name === 'managed');
  return managed.reduceRight((values, layer) => {
    let narrowed = values;
    for (const [path, value] of managedLeaves(layer.values)) {
      narrowed = withValue(narrowed, path, narrow(path, value, valueAt(narrowed, path)));
    }
    return narrowed;
  }, merged);
}

/** The values of a managed layer. A plugin is taken whole: nobody else's options go into it. */
export function managedLeaves({ plugins, ...others }: ConfigData): readonly [KeyPath, unknown][] {
  const entries = isSection(plugins) ? Object.entries(plugins) : [];
  const leaves = [...leavesOf(others)].filter(([, value]) => !isSection(value));
  return [
    ...leaves,
    ...entries.map(([name, value]): [KeyPath, unknown] => [['plugins', name], value]),
  ];
}

function narrow(path: KeyPath, managed: unknown, other: unknown): unknown {
  const rule = ruleOf(path);
  return rule?.narrower === undefined ? managed : rule.narrower(managed, other ?? rule.fallback);
}

function merge(above: ConfigData, below: ConfigData, depth = 0): ConfigData {
  const merged: Record<string, unknown> = { ...below };
  for (const [name, value] of Object.entries(above)) {
    const old = Object.hasOwn(below, name) ? below[name] : undefined;
    const isJoined = depth === 0 && ruleOf([name])?.isJoined === true;
    const isBoth = isJoined && Array.isArray(value) && Array.isArray(old);
    merged[name] = isBoth ? [...value, ...old] : combine(value, old, depth);
  }
  return merged;
}

function combine(value: unknown, old: unknown, depth: number): unknown {
  if (!isSection(old)) return value;
  // `true` only turns on what a weaker layer describes.
  if (value === true && depth === 1) return old;
  if (!isSection(value)) return value;
  // Another plugin of the same name does not inherit the options of the one it replaces.
  const isOther = depth === 1 && value['use'] !== undefined && value['use'] !== old['use'];
  return isOther ? value : merge(value, old, depth + 1);
}

/** Where the effective value at a path is from; `undefined` when no layer says anything of it. */
export function sourceOf(layers: readonly Layer[], path: KeyPath): Sourced | undefined {
  const layer = layers.find(({ values }) => valueAt(values, path) !== undefined);
  return layer && sourced(layer, path, valueAt(layer.values, path));
}

/** What every layer says of a key, or of the keys under it, strongest first; `winner` is the effective value's. */
export function explainKey(
  layers: readonly Layer[],
  effective: ConfigData,
  key: KeyPath,
): readonly Say[] {
  const seen = new Set<string>();
  return layers.flatMap((layer) => [
    ...saysOf(layer, layer.values, key).map((say): Say => {
      if (ruleOf(say.path)?.isJoined) return { ...say, outcome: 'wins' };
      const isEffective =
        JSON.stringify(say.value) === JSON.stringify(valueAt(effective, say.path));
      const name = formatKeyPath(say.path);
      if (!isEffective || seen.has(name)) return { ...say, outcome: 'loses' };
      seen.add(name);
      return { ...say, outcome: 'wins' };
    }),
    ...saysOf(layer, layer.refused ?? {}, key).map((say): Say => ({ ...say, outcome: 'refused' })),
    ...(layer.overruled ?? []).flatMap(({ path, value, why }) => {
      const isAbout = key.every((name, index) => path[index] === name);
      return isAbout
        ? [{ ...sourced(layer, path, value), path, why, outcome: 'loses' } as const]
        : [];
    }),
  ]);
}

function saysOf(
  layer: Layer,
  values: ConfigData,
  key: KeyPath,
): readonly (Sourced & { path: KeyPath })[] {
  const value = valueAt(values, key);
  if (value === undefined) return [];
  if (!isSection(value)) return [{ ...sourced(layer, key, value), path: key }];
  return [...leavesOf(value, key)].map(([path, leaf]) => ({ ...sourced(layer, path, leaf), path }));
}

/** Where a layer says something: a flag, a variable, or a file. */
export function placeOf({ name, file, names = {} }: Layer, path: KeyPath): string {
  const under = Object.keys(names).find((key) => key.startsWith(formatKeyPath(path)));
  return names[formatKeyPath(path)] ?? file ?? names[under ?? ''] ?? `the ${name}`;
}

function sourced(layer: Layer, path: KeyPath, value: unknown): Sourced {
  const { name: layerName, file, names = {} } = layer;
  const name = names[formatKeyPath(path)];
  return {
    value,
    layer: layerName,
    ...(file === undefined ? {} : { file }),
    ...(name === undefined ? {} : { name }),
  };
}

/** Takes out of a repository's values what only the user may set. */
export function withoutRefused(layer: Layer, isRefused: (path: KeyPath) => boolean): Layer {
  let { values } = layer;
  let refused: ConfigData = {};
  for (const [path, value] of leavesOf(layer.values)) {
    if (!isRefused(path)) continue;
    values = withoutValue(values, path);
    refused = withValue(refused, path, value);
  }
  return Object.keys(refused).length === 0 ? layer : { ...layer, values, refused };
}
