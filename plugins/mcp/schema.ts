/** Schemas of tools as providers take them: what they would refuse is made simpler, and said. */

import type { JsonSchema } from '../../core/index.ts';
import { clean } from './text.ts';

/** A schema that providers take, and what of the server's is not in it. */
export interface Simplified {
  readonly schema: JsonSchema;
  readonly changes: readonly string[];
}

const maxDepth = 12;
const maxBytes = 16_384;
/** Keys that say nothing to a model, or that providers refuse. */
const dropped = new Set(['$schema', '$id', '$comment', '$anchor', '$dynamicAnchor', '$dynamicRef']);
/** Keys whose values are schemas by name. */
const maps = new Set([
  'properties',
  '$defs',
  'definitions',
  'patternProperties',
  'dependentSchemas',
]);

/** The schema of a tool's arguments: an object at its top, without what providers are known to refuse. */
export function simplify(given: unknown): Simplified {
  const changes = new Set<string>();
  const walked = isObject(given) ? walk(given, changes, 0) : {};
  if (!isObject(given)) changes.add('it is no schema');
  const top = flatten(walked, changes);
  const schema = {
    ...top,
    type: 'object',
    properties: isObject(top['properties']) ? top['properties'] : {},
  };
  if (JSON.stringify(schema).length <= maxBytes) return { schema, changes: [...changes] };
  const short = withoutWords(schema, 0);
  changes.add('descriptions within it');
  if (JSON.stringify(short).length <= maxBytes) return { schema: short, changes: [...changes] };
  return { schema: { type: 'object', properties: {} }, changes: [`it is over ${maxBytes} bytes`] };
}

/** Alternatives at the top: every property of them may be given. */
function flatten(schema: JsonSchema, changes: Set<string>): JsonSchema {
  const { oneOf, anyOf, allOf, not, enum: values, const: value, ...rest } = schema;
  const parts = [oneOf, anyOf, allOf].flatMap((list) =>
    Array.isArray(list) ? list.filter(isObject) : [],
  );
  if (parts.length > 0) changes.add('alternatives at its top');
  else if (not !== undefined || values !== undefined || value !== undefined)
    changes.add('conditions at its top');
  if (parts.length === 0) return rest;
  const properties = [...parts, rest].map((one) => one['properties']).filter(isObject);
  const needed = Array.isArray(allOf) ? [...allOf.filter(isObject), rest] : [rest];
  const required = needed.flatMap((one) => (Array.isArray(one['required']) ? one['required'] : []));
  return {
    ...rest,
    properties: Object.assign({}, ...properties) as JsonSchema, // of plain objects
    ...(required.length === 0 ? {} : { required: [...new Set(required)] }),
  };
}

function walk(schema: JsonSchema, changes: Set<string>, depth: number): JsonSchema {
  if (depth > maxDepth) {
    changes.add(`what lies deeper than ${maxDepth} levels`);
    return {};
  }
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (dropped.has(key) || key.startsWith('x-')) continue;
    const kept = keep(key, value, changes);
    if (kept !== undefined) made[key] = inner(key, kept, changes, depth);
  }
  const isList =
    made['type'] === 'array' || (Array.isArray(made['type']) && made['type'].includes('array'));
  if (isList && !isObject(made['items'])) made['items'] = {};
  return made;
}

/** The value, unless providers refuse it. */
function keep(key: string, value: unknown, changes: Set<string>): unknown {
  if (key === '$ref' && !String(value).startsWith('#'))
    changes.add('references to other documents');
  else if (key === 'items' && Array.isArray(value))
    changes.add('lists with a schema for each place');
  else if (key === 'pattern' && !isPattern(value)) changes.add('regular expressions');
  else return value;
  return undefined;
}

function inner(key: string, value: unknown, changes: Set<string>, depth: number): unknown {
  if (maps.has(key) && isObject(value)) {
    const entries = Object.entries(value).flatMap(([name, one]) => {
      // `true` allows anything, `false` nothing; not every provider takes them.
      const schema = isObject(one) ? walk(one, changes, depth + 1) : {};
      return one === false ? [] : [[name, schema] as const];
    });
    return Object.fromEntries(entries);
  }
  if (key === 'default' || key === 'const' || key === 'enum' || key === 'examples') return value;
  if (typeof value === 'string')
    return key === 'pattern' || key === '$ref' ? value : clean(value, 1000);
  if (Array.isArray(value))
    return value.map((one: unknown) => (isObject(one) ? walk(one, changes, depth + 1) : one));
  return isObject(value) ? walk(value, changes, depth + 1) : value;
}

/** Without lookaround, which providers refuse. */
function isPattern(value: unknown): boolean {
  if (typeof value !== 'string' || /\(\?[=!<]/u.test(value)) return false;
  try {
    return new RegExp(value, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function withoutWords(schema: JsonSchema, depth: number): JsonSchema {
  const entries = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    if (depth > 0 && typeof value === 'string' && /^(?:description|title)$/u.test(key)) return [];
    if (Array.isArray(value))
      return [
        [key, value.map((one: unknown) => (isObject(one) ? withoutWords(one, depth + 1) : one))],
      ];
    return [[key, isObject(value) ? withoutWords(value, depth + 1) : value]];
  });
  return Object.fromEntries(entries);
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
