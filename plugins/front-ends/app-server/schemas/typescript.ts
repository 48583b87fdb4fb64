/** JSON Schemas, as zod makes them, as TypeScript. */

/** A JSON Schema as far as zod makes them. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly description?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** The type that a schema describes. References become names: see `definitionsOf`. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((one) => JSON.stringify(one)));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return union(choices.map(typeOf));
  if (schema.allOf !== undefined) return schema.allOf.map(typeOf).join(' & ');
  const { type } = schema;
  if (typeof type === 'object') return union(type.map((one) => typeOf({ ...schema, type: one })));
  return (plain[type ?? ''] ?? structured)(schema);
}

const plain: Readonly<Record<string, (schema: Schema) => string>> = {
  string: () => 'string',
  number: () => 'number',
  integer: () => 'number',
  boolean: () => 'boolean',
  null: () => 'null',
  array: ({ items }) => `Array<${items === undefined ? 'unknown' : typeOf(items)}>`,
};

const union = (types: readonly string[]) => [...new Set(types)].join(' | ');
/** Zod numbers what has no name. */
const nameOf = (ref: string) => ref.slice(ref.lastIndexOf('/') + 1).replace(/^__schema/u, 'Shape');

function structured({
  type,
  properties = {},
  required = [],
  additionalProperties: more,
}: Schema): string {
  if (type !== 'object') return 'unknown';
  const members = Object.entries(properties).map(([name, schema]) => {
    const mark = required.includes(name) ? '' : '?';
    const note = schema.description === undefined ? '' : `/** ${schema.description} */ `;
    return `${note}${JSON.stringify(name)}${mark}: ${typeOf(schema)}`;
  });
  const isOpen = typeof more === 'object' && Object.keys(more).length > 0;
  if (members.length === 0) return `{ [key: string]: ${isOpen ? typeOf(more) : 'unknown'} }`;
  return `{ ${members.join('; ')} }`;
}

/** Declarations of what references name. */
export function definitionsOf({ $defs = {} }: Schema): readonly string[] {
  return Object.entries($defs).map(
    ([name, schema]) => `export type ${nameOf(name)} = ${typeOf(schema)};`,
  );
}
