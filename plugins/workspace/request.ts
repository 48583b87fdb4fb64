/** Requests and their parameters, which a wire has checked already and others may get wrong. */

import {
  invalid,
  type JsonSchema,
  type RequestContext,
  type RequestHandler,
} from '../../core/index.ts';

/** Parameters, read one by one. Each throws `invalid` with the name of what is wrong. */
export class Params {
  readonly #values: JsonSchema;

  constructor(values: unknown) {
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      throw invalid`expected parameters as an object`;
    this.#values = values as JsonSchema; // an object
  }

  text(name: string): string {
    const value = this.#values[name];
    if (typeof value === 'string' && value !== '') return value;
    throw invalid`expected "${name}", a text that is not empty, but got ${JSON.stringify(value) ?? 'nothing'}`;
  }

  /** A text that may be empty or missing. */
  maybeText(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    const isList = Array.isArray(value) && value.length > 0;
    if (isList && value.every((one) => typeof one === 'string')) return value;
    throw invalid`expected "${name}", a list of texts, but got ${JSON.stringify(value) ?? 'nothing'}`;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  number(name: string): number | undefined {
    const value = this.#values[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }

  object(name: string): JsonSchema | undefined {
    const value = this.#values[name];
    return typeof value === 'object' && value !== null ? (value as JsonSchema) : undefined; // an object
  }
}

type Run = (params: Params, context: RequestContext) => Promise<object>;

/** A request whose parameters, described by JSON Schemas, are those of `required` and more. */
export function request(
  name: string,
  properties: Readonly<Record<string, JsonSchema>>,
  run: Run,
): RequestHandler {
  return {
    name,
    params: { type: 'object', properties },
    result: { type: 'object' },
    run: async (values, context) => run(new Params(values), context),
  };
}

export const text: JsonSchema = { type: 'string' };
export const flag: JsonSchema = { type: 'boolean' };
export const number: JsonSchema = { type: 'number' };
export const texts: JsonSchema = { type: 'array', items: text };
