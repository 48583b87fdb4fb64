/** The configuration's schema. It needs zod, so it is loaded only for what was not found valid before. */

import { z } from 'zod';
import { KernelError } from '../core/errors.ts';
import { serversSchema } from '../plugins/mcp/server-schema.ts';
import { ruleSchema } from '../plugins/policies/rules/schema.ts';
import { builtins } from './builtin.ts';
import { type ConfigData, formatKeyPath, isSection, type KeyPath, valueAt } from './key-path.ts';
import { type Config, type keyRules, ruleOf } from './keys.ts';
import { type Layer, sourceOf } from './layers.ts';
import type { ManagedFile } from './managed.ts';
import { check, type Issue, schemaOf } from './options-schema.ts';
import { didYouMean } from './suggest.ts';

const text = z.string().min(1);
const count = z.int().positive();
const price = z.number().nonnegative();
const section = z.record(z.string(), z.unknown());

const pluginEntry = z.strictObject({
  use: text.optional().describe('A built-in name, a path (./…), or an npm package.'),
  options: section.optional(),
  order: z.enum(['first', 'last']).optional(),
  before: text.optional().describe('Stands before the plugin of this name.'),
  after: text.optional().describe('Stands after the plugin of this name.'),
  optional: z.boolean().optional().describe('When it does not start: a notice, no failed start.'),
});

/** The schema of each top-level key, without the options that plugins check themselves. */
const keySchemas = {
  provider: text,
  model: text,
  effort: text,
  sandbox: z.enum(['read-only', 'workspace-write', 'danger-full-access']),
  approval: z.enum(['untrusted', 'on-request', 'never']),
  network: z.boolean(),
  rules: z.array(ruleSchema),
  roots: z.array(text),
  instructions: z.string(),
  tools: z.array(text),
  limits: z.strictObject({
    steps: count.optional(),
    timeoutMs: count.optional(),
    tokens: count.optional(),
  }),
  resultBytes: z.int().min(256),
  choose: z.strictObject({
    machines: text.optional(),
    stores: text.optional(),
    sandboxes: text.optional(),
  }),
  strictCache: z.boolean(),
  prices: z.record(text, z.strictObject({ input: price, cached: price.optional(), output: price })),
  plugins: z.record(z.string(), z.union([z.boolean(), pluginEntry])),
  providers: z.record(z.string(), section),
  toolchain: section,
  mcpServers: serversSchema,
  hooks: section,
} satisfies { readonly [K in keyof typeof keyRules]: z.ZodType<Config[K]> };

const layerSchema = z.strictObject({ ...keySchemas, $schema: z.string() }).partial();

const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected a SHA-256: 64 small hexadecimal digits');

/** What a managed file may say beside the keys of all layers. */
const managedSchema = layerSchema.extend({
  lock: z.array(text).optional(),
  trust: z.array(text).optional(),
  allow: z
    .strictObject({
      provider: z.array(text).min(1),
      model: z.array(text).min(1),
      sandbox: z.array(keySchemas.sandbox).min(1),
      approval: z.array(keySchemas.approval).min(1),
      plugins: z.array(z.union([text, z.strictObject({ name: text, sha256: sha256.optional() })])),
      mcpServers: z.array(z.union([text, z.looseObject({ name: text })])),
      domains: z.array(text),
    })
    .partial()
    .optional(),
});

/** Checks a managed file. Throws KernelError `invalid` naming file and key. */
export function validateManaged({ policy: { file }, values, own }: ManagedFile): void {
  const layer: Layer = { name: 'managed', file, values: { ...values, ...own } };
  const checked = managedSchema.safeParse(layer.values);
  if (!checked.success) throw invalid(checked.error.issues, { above: [], layers: [layer] });
}

/**
 * Checks every layer, and the options of built-in plugins as they come out of all layers. Throws KernelError `invalid`
 * naming file and key.
 */
export async function validate(layers: readonly Layer[], values: ConfigData): Promise<void> {
  for (const layer of layers) {
    const checked = layerSchema.safeParse(layer.values);
    if (!checked.success) throw invalid(checked.error.issues, { above: [], layers: [layer] });
    await checkHooks(layer);
  }
  checkProviders(layers, values);
  await Promise.all(
    optionPlaces(values).map(async ({ path, plugin }) => {
      const exported = (await builtins[plugin]?.load())?.options;
      const options = valueAt(values, path);
      if (!isSection(options)) return;
      const { issues, names } = await check(exported, options);
      if (issues !== undefined) throw invalid(issues, { above: path, layers, names });
    }),
  );
}

/** The hooks of every layer count, so each must be right. */
async function checkHooks(layer: Layer): Promise<void> {
  const { hooks } = layer.values;
  if (!isSection(hooks)) return;
  const { hooksSchema } = await import('../plugins/hooks/options.ts');
  const { issues, names } = await check(await hooksSchema(), hooks);
  if (issues !== undefined) throw invalid(issues, { above: ['hooks'], layers: [layer], names });
}

/** A section of `providers` is for a model plugin of ours, or for one that the configuration adds. */
function checkProviders(layers: readonly Layer[], { providers, plugins }: ConfigData): void {
  const added = isSection(plugins) ? Object.keys(plugins) : [];
  const ours = Object.keys(builtins).filter((name) => builtins[name]?.slot === 'models');
  for (const name of Object.keys(isSection(providers) ? providers : {})) {
    if (ours.includes(name) || added.includes(name)) continue;
    const known = [...ours, ...added];
    const message = `no model plugin of this name.${didYouMean(name, known)} Add it under "plugins", for example {"use": "openai-chat"}`;
    throw new KernelError('invalid', line(['providers', name], message, layers));
  }
}

/** What a plugin's own schema makes of its options. Throws KernelError `invalid` naming key and file. */
export async function parseOptions(
  schema: unknown,
  options: ConfigData,
  where: { readonly path: KeyPath; readonly from?: string },
): Promise<ConfigData> {
  const { issues, value, names } = await check(schema, options);
  if (issues === undefined) return isSection(value) ? value : options;
  const layer: Layer = {
    name: 'user',
    values: {},
    ...(where.from === undefined ? {} : { file: where.from }),
  };
  throw invalid(issues, { above: where.path, layers: [layer], names });
}

/** The JSON Schema of a configuration file, for editors. */
export async function configJsonSchema(): Promise<ConfigData> {
  const { hooksSchema } = await import('../plugins/hooks/options.ts');
  const own = await optionSchemas();
  const models = own.filter(({ slot }) => slot === 'models');
  const schema = z
    .strictObject({
      ...keySchemas,
      plugins: partialObject(own.map(entryOf)).catchall(keySchemas.plugins.valueType),
      providers: partialObject(models.map(({ name, options }) => [name, options])).catchall(
        section,
      ),
      toolchain: own.find(({ name }) => name === 'toolchain')?.options ?? section,
      hooks: await hooksSchema(),
      $schema: z.string(),
    })
    .partial();
  const { properties, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return { title: 'Configuration of Spindle', ...json, properties: described(properties ?? {}) };
}

function entryOf({ name, options }: OptionSchema) {
  const entry = pluginEntry.extend({ options: options.optional() });
  return [name, z.union([z.boolean(), entry])] as const;
}

interface OptionSchema {
  readonly name: string;
  readonly slot: string;
  readonly options: z.ZodType;
}

/** The built-in plugins that take options. */
async function optionSchemas(): Promise<readonly OptionSchema[]> {
  const all = await Promise.all(
    Object.entries(builtins).map(async ([name, { load, slot }]) => {
      const options = await schemaOf((await load()).options);
      return { name, slot, options };
    }),
  );
  return all.flatMap(({ options, ...one }) =>
    options instanceof z.ZodType ? [{ ...one, options }] : [],
  );
}

function described(properties: ConfigData): ConfigData {
  const entries = Object.entries(properties).map(([key, schema]) => {
    const description = ruleOf([key])?.description;
    return [key, isSection(schema) && description ? { description, ...schema } : schema] as const;
  });
  return Object.fromEntries(entries);
}

function partialObject(entries: readonly (readonly [string, z.ZodType])[]) {
  return z.object(Object.fromEntries(entries)).partial();
}

/** Where options of built-in plugins lie. */
function optionPlaces(values: ConfigData): readonly { path: KeyPath; plugin: string }[] {
  const { plugins, providers, toolchain } = values;
  const places: { path: KeyPath; plugin: string }[] = [];
  for (const name of Object.keys(isSection(providers) ? providers : {})) {
    places.push({ path: ['providers', name], plugin: name });
  }
  if (toolchain !== undefined) places.push({ path: ['toolchain'], plugin: 'toolchain' });
  for (const [name, entry] of Object.entries(isSection(plugins) ? plugins : {})) {
    if (!isSection(entry)) continue;
    const use = typeof entry['use'] === 'string' ? entry['use'] : name;
    places.push({ path: ['plugins', name, 'options'], plugin: use });
  }
  return places.filter(({ plugin }) => Object.hasOwn(builtins, plugin));
}

interface Place {
  readonly above: KeyPath;
  readonly layers: readonly Layer[];
  /** The keys that may stand there. */
  readonly names?: readonly string[];
}

/** All faults, a line each: file, key, what was expected. */
function invalid(issues: readonly Issue[], { above, layers, names }: Place): KernelError {
  const lines = issues.flatMap((issue) => {
    const inner = (issue.path ?? []).map(nameOf);
    const path = [...above, ...inner];
    if (issue.code === 'invalid_key')
      return [line(path, issue.issues?.[0]?.message ?? issue.message, layers)];
    if (issue.code !== 'unrecognized_keys') return [line(path, issue.message, layers)];
    const known = inner.length === 0 && names !== undefined ? names : knownKeys(path);
    return (issue.keys ?? []).map((key) =>
      line([...path, key], `unknown key.${didYouMean(key, known)}`, layers),
    );
  });
  return new KernelError('invalid', lines.join('\n'));
}

function nameOf(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === 'object' ? segment.key : segment);
}

function line(path: KeyPath, message: string, layers: readonly Layer[]): string {
  const source = sourceOf(layers, path);
  const file = source?.file ?? layers.find((layer) => layer.file !== undefined)?.file;
  return `${file ?? source?.name ?? 'the flags'}: ${formatKeyPath(path)}: ${message}`;
}

/** The keys of the section at a path, as far as the schema tells them. */
function knownKeys(path: KeyPath): readonly string[] {
  let sections: readonly unknown[] = [layerSchema];
  for (const key of path) sections = sections.flatMap((one) => below(one, key));
  return sections.flatMap(plain).flatMap((one) => (one instanceof z.ZodObject ? keysOf(one) : []));
}

const keysOf = ({ shape }: z.ZodObject) => Object.keys(shape);

/** Without what makes it optional, and each of a choice. */
function plain(schema: unknown): readonly unknown[] {
  if (schema instanceof z.ZodOptional) return plain(schema.unwrap());
  return schema instanceof z.ZodUnion ? schema.options.flatMap(plain) : [schema];
}

function below(schema: unknown, key: string): readonly unknown[] {
  return plain(schema).flatMap((one): readonly unknown[] => {
    if (one instanceof z.ZodObject) return Object.hasOwn(one.shape, key) ? [one.shape[key]] : [];
    if (one instanceof z.ZodRecord) return [one.valueType];
    return one instanceof z.ZodArray ? [one.element] : [];
  });
}
