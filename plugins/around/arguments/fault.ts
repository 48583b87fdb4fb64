/** The parts of JSON Schema (2020-12) that arguments of tools need; what is beyond them, tools check themselves. */

import type { JsonSchema } from '../../../core/index.ts';

/** What is wrong with a value by type, enum, required, properties, additionalProperties: false and items. */
export function faultIn(value: unknown, schema: JsonSchema, path: string): string | undefined {
  const { type, enum: allowed } = schema as { type?: string | readonly string[]; enum?: unknown };
  const types = [type ?? []].flat();
  if (types.length > 0 && !types.some((one) => isOfType(value, one))) {
    return `expected ${path} to be ${types.join(' or ')}, but it is ${typeName(value)}`;
  }
  if (Array.isArray(allowed) && !allowed.includes(value)) {
    return `expected ${path} to be one of ${JSON.stringify(allowed)}, not ${JSON.stringify(value)}`;
  }
  if (typeName(value) === 'object')
    return faultInObject({ ...(value as JsonSchema) }, schema, path);
  const items = schema['items'] as JsonSchema | undefined;
  if (!Array.isArray(value) || items === undefined) return undefined;
  return first(value.map((one, index) => faultIn(one, items, `${path}[${index}]`)));
}

function faultInObject(value: JsonSchema, schema: JsonSchema, path: string): string | undefined {
  const {
    properties = {},
    required = [],
    additionalProperties,
  } = schema as {
    properties?: Readonly<Record<string, JsonSchema>>;
    required?: readonly string[];
    additionalProperties?: unknown;
  };
  const missing = required.find((key) => value[key] === undefined);
  if (missing !== undefined) return `expected ${path} to have "${missing}"`;
  const known = Object.keys(properties);
  const unknown =
    additionalProperties === false && Object.keys(value).find((key) => !known.includes(key));
  if (typeof unknown === 'string')
    return `${path} has an unknown "${unknown}"; known are ${known.join(', ')}`;
  const given = known.filter(
    (key) => (value[key] ?? undefined) !== undefined || required.includes(key),
  ); // null is absent
  return first(given.map((key) => faultIn(value[key], properties[key] ?? {}, `${path}.${key}`)));
}

function first(faults: readonly (string | undefined)[]): string | undefined {
  return faults.find((fault) => fault !== undefined);
}

function isOfType(value: unknown, type: string): boolean {
  return type === 'integer' ? Number.isInteger(value) : typeName(value) === type;
}

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}
