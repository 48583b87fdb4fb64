/** The options of plugins, checked by the schemas that these export. */

import { z } from 'zod';
import { KernelError } from '../core/errors.ts';
import type { ConfigData } from './key-path.ts';

/** A fault as zod (and every Standard Schema) reports it. */
export interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly code?: string | undefined;
  readonly keys?: readonly string[];
  /** What is wrong with a key, of an `invalid_key`. */
  readonly issues?: readonly { readonly message: string }[];
}

interface Validated {
  readonly value?: unknown;
  readonly issues?: readonly Issue[] | undefined;
}

/** What became of a check, with the names of the options, as far as the schema tells them. */
interface Checked extends Validated {
  readonly names: readonly string[];
}

/** A schema by the Standard Schema specification (1.0), which zod's are. */
interface StandardSchema {
  readonly '~standard': { readonly validate: (value: unknown) => Validated | Promise<Validated> };
}

/** What the schema that a plugin exports makes of its options. */
export async function check(exported: unknown, options: ConfigData): Promise<Checked> {
  const schema = await schemaOf(exported);
  if (schema === undefined) return { value: options, names: [] };
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return { ...(await schema['~standard'].validate(options)), names };
}

/** A plugin's `options`: a schema, or a function that gives one. Throws KernelError `plugin` where it is neither. */
export async function schemaOf(exported: unknown): Promise<StandardSchema | undefined> {
  // A function without parameters, as the plugin contract has it.
  const schema: unknown =
    typeof exported === 'function' ? await (exported as () => unknown)() : exported;
  if (schema === undefined) return undefined;
  if (typeof schema === 'object' && schema !== null && '~standard' in schema) {
    return schema as StandardSchema; // marked as one
  }
  throw new KernelError(
    'plugin',
    'expected the export "options" of a plugin to be a zod schema, or a function that gives one',
  );
}
