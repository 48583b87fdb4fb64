/** Paths into the configuration, such as `limits.steps` or `plugins."my.tool".options`. */

import { KernelError } from '../core/errors.ts';

/** Configuration as plain data: what JSON and YAML can say. */
export type ConfigData = { readonly [key: string]: unknown };

/** The names from the top down to a value. */
export type KeyPath = readonly string[];

/** Reads the text form. A name that holds a dot stands in double quotes. Throws KernelError `invalid`. */
export function parseKeyPath(text: string): KeyPath {
  const path: string[] = [];
  const part = /(?:"([^"]*)"|([^."]+))(\.|$)/gy;
  while (part.lastIndex < text.length) {
    const found = part.exec(text);
    const name = found?.[1] ?? found?.[2];
    if (name === undefined) break;
    path.push(name);
    if (found?.[3] === '' && part.lastIndex === text.length) return path;
  }
  throw new KernelError(
    'invalid',
    `expected a key such as limits.steps, but got "${text}": names are joined by dots, a name that holds a dot stands in double quotes`,
  );
}

/** The text form that `parseKeyPath` reads. */
export function formatKeyPath(path: KeyPath): string {
  return path.map((name) => (/[."]/.test(name) || name === '' ? `"${name}"` : name)).join('.');
}

/** Whether a value is a section, with keys of its own, rather than a value. */
export function isSection(value: unknown): value is ConfigData {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path; `undefined` when there is none. */
export function valueAt(data: ConfigData, path: KeyPath): unknown {
  let value: unknown = data;
  for (const name of path) {
    if (!isSection(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** A copy of `data` with one value put at a path. */
export function withValue(data: ConfigData, path: KeyPath, value: unknown): ConfigData {
  const [name, ...rest] = path;
  if (name === undefined) return data;
  const old = Object.hasOwn(data, name) ? data[name] : undefined;
  const inner = rest.length === 0 ? value : withValue(isSection(old) ? old : {}, rest, value);
  return { ...data, [name]: inner };
}

/** A copy of `data` without what is at a path, and without sections that it leaves empty. */
export function withoutValue(data: ConfigData, path: KeyPath): ConfigData {
  const [name, ...rest] = path;
  if (name === undefined || !Object.hasOwn(data, name)) return data;
  const { [name]: old, ...others } = data;
  const inner = rest.length > 0 && isSection(old) ? withoutValue(old, rest) : {};
  return Object.keys(inner).length === 0 ? others : { ...others, [name]: inner };
}

/** Every value that is not a section, with its path; an empty section counts as a value. */
export function* leavesOf(data: ConfigData, above: KeyPath = []): Generator<[KeyPath, unknown]> {
  for (const [name, value] of Object.entries(data)) {
    const path = [...above, name];
    if (isSection(value) && Object.keys(value).length > 0) yield* leavesOf(value, path);
    else yield [path, value];
  }
}
