/** The configuration as clients of the app server read and write it: all layers are read, the user's own file is written. */

import { isAbsolute, join, resolve } from 'node:path';
import { conflict, invalid } from '../core/errors.ts';
import type {
  Edit,
  LayerPlace,
  Requirements,
  ServedConfiguration,
  ShownConfiguration,
  ShownHook,
  WriteOptions,
  WrittenConfiguration,
} from '../plugins/front-ends/app-server/configuration.ts';
import { findUserFile, isJson, parseJsonFile } from './files.ts';
import { fingerprintOf } from './fingerprint.ts';
import {
  type ConfigData,
  formatKeyPath,
  isSection,
  type KeyPath,
  leavesOf,
  parseKeyPath,
  valueAt,
  withoutValue,
  withValue,
} from './key-path.ts';
import { sandboxOrder } from './keys.ts';
import { type Layer, mergeLayers, sourceOf } from './layers.ts';
import { type Configuration, loadConfig, type LoadOptions } from './load.ts';
import { writePrivateFile } from './paths.ts';
import { redact } from './redact.ts';

/** For the program's own folder, and any other that a client names. */
export function servedConfiguration(options: LoadOptions): ServedConfiguration {
  const load = (folder: string = options.cwd) =>
    loadConfig({ ...options, cwd: resolve(options.cwd, folder) });
  let written: Promise<unknown> = Promise.resolve();
  return {
    read: async (folder) => shownConfiguration(await load(folder)),
    write: (edits, wanted) => {
      // One after the other, or the later would take back what the earlier has written.
      const writing = written.catch(() => {}).then(() => write(edits, wanted, load));
      written = writing;
      return writing;
    },
    requirements: async () => requirementsOf(await load()),
    hooks: async (folder) => hooksOf(await load(folder)),
  };
}

function shownConfiguration({ layers }: Configuration): ShownConfiguration {
  const effective = mergeLayers(layers);
  const origins: Record<string, LayerPlace> = {};
  for (const [path] of leavesOf(effective)) {
    const source = sourceOf(layers, path);
    const layer = layers.find(({ name, file }) => name === source?.layer && file === source.file);
    if (layer !== undefined) origins[formatKeyPath(path)] = placeOf(layer);
  }
  return {
    values: redactAll(effective),
    layers: layers.map((layer) => {
      const lost = lostOf(layer);
      return {
        ...placeOf(layer),
        values: redactAll(layer.values),
        ...(lost === '' ? {} : { lost }),
      };
    }),
    origins,
  };
}

const redactAll = (values: ConfigData): ConfigData => redact(values, []) as ConfigData; // a section stays one

function placeOf({ name, file, values }: Layer): LayerPlace {
  return { name, version: fingerprintOf(values), ...(file === undefined ? {} : { file }) };
}

function lostOf({ refused = {}, overruled = [] }: Layer): string {
  const names = [...leavesOf(refused)].map(([path]) => formatKeyPath(path));
  const never = names.length === 0 ? [] : [`${names.join(', ')}: never taken from a repository`];
  return [...never, ...overruled.map(({ path, why }) => `${formatKeyPath(path)}: ${why}`)].join(
    '; ',
  );
}

async function write(
  edits: readonly Edit[],
  { version, file: named }: WriteOptions,
  load: (folder?: string) => Promise<Configuration>,
): Promise<WrittenConfiguration> {
  const { paths } = await load();
  const found = findUserFile(paths.config, 'config');
  const file = found?.file ?? join(paths.config, 'config.json');
  if (named !== undefined && (!isAbsolute(named) || resolve(named) !== file))
    throw invalid`only the user's own file is written, ${file}, not ${named}`;
  if (!isJson(file)) throw invalid`${file} is YAML, which is not rewritten: change it by hand`;
  const before = found === undefined ? {} : parseJsonFile(found);
  const now = placeOf({ name: 'user', values: before }).version;
  if (version !== undefined && version !== now)
    throw conflict`expected version ${version} of ${file}, but it is ${now}: read it again`;
  const changed = edits.map(({ key, ...edit }) => ({ ...edit, path: parseKeyPath(key) }));
  const values = changed.reduce<ConfigData>(edited, before);
  const layer: Layer = { name: 'user', file, values };
  await (await import('./schema.ts')).validate([layer], values);
  writePrivateFile(file, `${JSON.stringify(values, null, 2)}\n`);
  const { layers } = await load();
  const overridden = changed
    .map(({ path }) => overriddenBy(path, values, layers))
    .find((one) => one !== undefined);
  return {
    file,
    version: placeOf(layer).version,
    ...(overridden === undefined ? {} : { overridden }),
  };
}

interface PlacedEdit extends Omit<Edit, 'key'> {
  readonly path: KeyPath;
}

function edited(values: ConfigData, { path, value, isMerged }: PlacedEdit): ConfigData {
  if (JSON.stringify(value).includes('[redacted]'))
    throw invalid`expected a value for ${formatKeyPath(path)}, but it holds "[redacted]", which stands for a secret`;
  if (value === null) return withoutValue(values, path);
  if (!isMerged || !isSection(value)) return withValue(values, path, value);
  return [...leavesOf(value, path)].reduce((all, [leaf, one]) => withValue(all, leaf, one), values);
}

function overriddenBy(path: KeyPath, values: ConfigData, layers: readonly Layer[]) {
  const effective = valueAt(mergeLayers(layers), path);
  const isInForce = JSON.stringify(effective) === JSON.stringify(valueAt(values, path));
  const by = layers.find((layer) => valueAt(layer.values, path) !== undefined);
  if (isInForce || by === undefined || by.name === 'user') return undefined;
  return { key: formatKeyPath(path), by: placeOf(by), value: redact(effective, path) };
}

function requirementsOf({ policies, layers }: Configuration): Requirements | undefined {
  const managed = layers.filter(({ name }) => name === 'managed');
  if (policies.length === 0 && managed.length === 0) return undefined;
  const values = mergeLayers(managed);
  const allowed = (key: 'sandbox' | 'approval') =>
    policies.flatMap(({ allow }) => (allow[key] === undefined ? [] : [allow[key]]));
  const { sandbox, approval, provider } = values;
  const narrowest =
    sandbox === undefined
      ? []
      : [sandboxOrder.slice(0, sandboxOrder.indexOf(sandbox) + 1).map(String)];
  const sandboxes = common([...allowed('sandbox'), ...narrowest]);
  const approvals = common([
    ...allowed('approval'),
    ...(typeof approval === 'string' ? [[approval]] : []),
  ]);
  return {
    ...(sandboxes === undefined ? {} : { sandbox: sandboxes }),
    ...(approvals === undefined ? {} : { approval: approvals }),
    ...(typeof provider === 'string' ? { provider } : {}),
  };
}

/** What all lists hold; `undefined` without a list. */
function common(lists: readonly (readonly string[])[]): readonly string[] | undefined {
  const [first, ...others] = lists;
  return first?.filter((one) => others.every((list) => list.includes(one)));
}

const usualTimeoutSec = 60;

function hooksOf({ layers }: Configuration): readonly ShownHook[] {
  return layers.flatMap((layer) => {
    const events = isSection(layer.values['hooks']) ? layer.values['hooks'] : {};
    return Object.entries(events).flatMap(([event, groups]) =>
      listOf(groups).flatMap((group) => hooksIn(event, group, placeOf(layer))),
    );
  });
}

function hooksIn(
  event: string,
  { matcher, hooks }: ConfigData,
  place: LayerPlace,
): readonly ShownHook[] {
  return listOf(hooks).map(({ command, timeout }) => ({
    event,
    ...(typeof matcher === 'string' ? { matcher } : {}),
    command: String(command),
    timeoutSec: typeof timeout === 'number' ? timeout : usualTimeoutSec,
    place,
  }));
}

const listOf = (value: unknown): readonly ConfigData[] =>
  Array.isArray(value) ? value.filter(isSection) : [];
