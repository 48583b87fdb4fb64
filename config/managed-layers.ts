/** What managed policy takes out of the other layers, and what it puts where nothing is left. */

import { builtins } from './builtin.ts';
import {
  type ConfigData,
  formatKeyPath,
  isSection,
  type KeyPath,
  leavesOf,
  valueAt,
  withoutValue,
} from './key-path.ts';
import { ruleOf } from './keys.ts';
import { type Layer, managedLeaves, mergeLayers, type Overruled, placeOf } from './layers.ts';
import { type Allow, type Allowed, allowing, type ManagedPolicy } from './managed.ts';
import { redact } from './redact.ts';

/** Why the content of a plugin of a layer is not the one of this SHA-256; `undefined` when it is. */
export type CheckContent = (use: string, layer: Layer, sha256: string) => string | undefined;

/** A layer without what the policies do not let it say, which is in its `overruled` then. */
export function admit(
  layer: Layer,
  policies: readonly ManagedPolicy[],
  check: CheckContent,
): Layer {
  const overruled: Overruled[] = [];
  let { values } = layer;
  for (const policy of policies) {
    for (const path of judgedPaths(values)) {
      const value = valueAt(values, path);
      const why =
        lockOn(path, value, policy) ?? refusalOf({ path, value, layer, check }, policy.allow);
      if (value === undefined || why === undefined) continue;
      values = withoutValue(values, path);
      overruled.push({ path, value, why: `${why} (managed policy, ${policy.file})` });
    }
  }
  return overruled.length === 0 ? layer : { ...layer, values, overruled };
}

/** What is judged as a whole, then every value. */
function judgedPaths(values: ConfigData): readonly KeyPath[] {
  const whole = ['plugins', 'mcpServers', 'providers'].flatMap((key) => {
    const section = values[key];
    return isSection(section) ? Object.keys(section).map((name) => [key, name]) : [];
  });
  return [...whole, ...[...leavesOf(values)].map(([path]) => path)];
}

function isIn(inner: KeyPath, outer: KeyPath): boolean {
  return outer.every((name, at) => inner[at] === name);
}

/** A value in place of a section sets every key that could be in it. */
function lockOn(path: KeyPath, value: unknown, { lock }: ManagedPolicy): string | undefined {
  const locked = lock.find((one) => isIn(path, one) || (!isSection(value) && isIn(one, path)));
  return locked && `${formatKeyPath(locked)} is locked`;
}

interface Said {
  readonly path: KeyPath;
  readonly value: unknown;
  readonly layer: Layer;
  readonly check: CheckContent;
}

type Judge = (said: Said, allow: Allow) => string | undefined;

/** By the form of a path, with `*` for any name. */
const judges: Readonly<Record<string, Judge>> = {
  provider: ({ value }, allow) =>
    value === 'auto' ? undefined : outside('provider', value, allow),
  model: ({ value }, allow) => outside('model', value, allow),
  sandbox: ({ value }, allow) => outside('sandbox', value, allow),
  approval: ({ value }, allow) => outside('approval', value, allow),
  network: ({ value }, { domains }) => {
    const isOpen = value !== true || domains === undefined || domains.includes('*');
    return isOpen ? undefined : `requests may only go to ${domains.join(', ') || 'nobody'}`;
  },
  'providers.*': ({ path }, allow) => outside('provider', path[1], allow),
  'providers.*.model': ({ value }, allow) => outside('model', value, allow),
  'plugins.*': refusedPlugin,
  'mcpServers.*': refusedServer,
};

function refusalOf(said: Said, allow: Allow): string | undefined {
  const [section = '', , ...rest] = said.path;
  const form = said.path.length > 1 ? [section, '*', ...rest].join('.') : section;
  return Object.hasOwn(judges, form) ? judges[form]?.(said, allow) : undefined;
}

type Listed = 'provider' | 'model' | 'sandbox' | 'approval';

function outside(key: Listed, value: unknown, allow: Allow): string | undefined {
  const list = allow[key];
  if (list === undefined || allowing(list, String(value)) !== undefined) return undefined;
  return `${key} may only be ${list.join(', ')}`;
}

function refusedPlugin(
  { path, value, layer, check }: Said,
  { plugins }: Allow,
): string | undefined {
  const [, name = ''] = path;
  const use = isSection(value) && typeof value['use'] === 'string' ? value['use'] : name;
  if (plugins === undefined || value === false || Object.hasOwn(builtins, use)) return undefined;
  const allowed = allowing(plugins, name);
  if (allowed === undefined) return `plugins may only be ours${namesOf(plugins, ' and ')}`;
  const sha256 = typeof allowed === 'string' ? undefined : allowed['sha256'];
  return typeof sha256 === 'string' ? check(use, layer, sha256) : undefined;
}

function refusedServer({ path, value }: Said, { mcpServers }: Allow): string | undefined {
  if (mcpServers === undefined) return undefined;
  const allowed = allowing(mcpServers, path[1] ?? '');
  if (allowed === undefined) return `MCP servers may only be${namesOf(mcpServers, ' ') || ' none'}`;
  if (typeof allowed === 'string') return undefined;
  const { name: _name, ...wanted } = allowed;
  const entry = isSection(value) ? value : {};
  const other = Object.keys(wanted).find((key) => !isSame(entry[key], wanted[key]));
  return other && `its ${other} may only be ${JSON.stringify(wanted[other])}`;
}

function namesOf(list: readonly Allowed[], before: string): string {
  const names = list.map((one) => (typeof one === 'string' ? one : one.name));
  return names.length === 0 ? '' : before + names.join(', ');
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * What holds where no layer says anything that is allowed, and the usual default is not allowed either: the first value
 * that every list allows.
 */
export function managedDefaults(
  layers: readonly Layer[],
  policies: readonly ManagedPolicy[],
): readonly Layer[] {
  const said = mergeLayers(layers);
  const values: Record<string, unknown> = {};
  for (const key of ['sandbox', 'approval', 'model'] as const) {
    const lists = policies.flatMap(({ allow }) => (allow[key] === undefined ? [] : [allow[key]]));
    const isFine = (value: string) => lists.every((list) => allowing(list, value) !== undefined);
    const usual = said[key] ?? ruleOf([key])?.fallback;
    if (lists.length === 0 || (typeof usual === 'string' && isFine(usual))) continue;
    const first = lists.flat().find((value) => !value.includes('*') && isFine(value));
    if (first !== undefined) values[key] = first;
  }
  const [policy] = policies;
  return Object.keys(values).length === 0 ? [] : [{ name: 'default', file: policy?.file, values }];
}

/** What the user should know of layers that lost against managed policy, a line each. */
export function losses(layers: readonly Layer[], effective: ConfigData): readonly string[] {
  const own = layers.filter(({ name }) => name !== 'managed' && name !== 'default');
  const overruled = own.flatMap((layer) =>
    (layer.overruled ?? []).map((one) => loss(layer, one, one.why)),
  );
  const narrowed = layers
    .filter(({ name }) => name === 'managed')
    .flatMap((managed) =>
      managedLeaves(managed.values).flatMap(([path]) => {
        const layer = own.find(({ values }) => valueAt(values, path) !== undefined);
        const value = layer && valueAt(layer.values, path);
        const now = valueAt(effective, path);
        if (layer === undefined || isSame(value, now)) return [];
        const shown = JSON.stringify(redact(now, path));
        return [loss(layer, { path, value }, `it is ${shown} (managed policy, ${managed.file})`)];
      }),
    );
  return [...overruled, ...narrowed];
}

function loss(layer: Layer, { path, value }: Omit<Overruled, 'why'>, why: string): string {
  const shown = JSON.stringify(redact(value, path));
  return `${placeOf(layer, path)}: ${formatKeyPath(path)} ${shown} does not count: ${why}`;
}
