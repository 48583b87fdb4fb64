/** Reads configuration files with cosmiconfig, none of whose ways to run code is left open. */

import { cosmiconfigSync, defaultLoadersSync } from 'cosmiconfig';
import { KernelError } from '../core/errors.ts';
import { checkShape, type FoundFile, notReadable, parseJson, parseJsonFile } from './files.ts';
import type { ConfigData } from './key-path.ts';

/** One file's values. Throws KernelError `invalid` naming the file; the message never holds the file's text. */
export type ReadFile = (found: FoundFile) => ConfigData;

/**
 * A reader of JSON and YAML. cosmiconfig 10 would run `.js` and `.ts` files, follow `$import` into them, and, when it
 * is made, read (and run) a configuration of its own from the current folder: so the loaders are ours, and it is
 * made in this program's own folder.
 */
export function makeReader(): ReadFile {
  // What is parsed is what was found and hashed, whatever the file holds by now.
  const texts = new Map<string, string>();
  const from = (parse: (file: string, text: string) => ConfigData) => (file: string) =>
    parse(file, texts.get(file) ?? '');
  const code = ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts', 'noExt'];
  const explorer = inOwnFolder(() =>
    cosmiconfigSync('spindle', {
      searchPlaces: ['config.json', 'config.yaml', 'config.yml'],
      searchStrategy: 'none',
      cache: false,
      loaders: {
        '.json': from(loadJson),
        '.yaml': from(loadYaml),
        '.yml': from(loadYaml),
        ...Object.fromEntries(code.map((extension) => [extension, refuseCode])),
      },
    }),
  );
  return ({ file, text }) => {
    if (file.endsWith('package.json')) return parseJsonFile({ file, text });
    texts.set(file, text);
    return checkShape(file, explorer.load(file)?.config);
  };
}

/** It looks for its own configuration in the current folder, and only while it is made, which takes no turn of the event loop. */
function inOwnFolder<T>(make: () => T): T {
  const before = process.cwd();
  process.chdir(import.meta.dirname);
  try {
    return make();
  } finally {
    process.chdir(before);
  }
}

function loadJson(file: string, text: string): ConfigData {
  return checkShape(file, parseJson(file, text));
}

function loadYaml(file: string, text: string): ConfigData {
  let data: unknown;
  try {
    data = defaultLoadersSync['.yaml'](file, text);
  } catch (error) {
    throw notReadable(file, 'YAML', yamlFault(error));
  }
  if (hasAlias(data, new Set())) {
    throw notReadable(file, 'YAML without anchors', 'an alias repeats a part of it');
  }
  return checkShape(file, data);
}

/** What js-yaml found wrong and where, without the text round it, which may hold a key. */
function yamlFault(error: unknown): string {
  const { reason, mark } = error as Partial<YamlError>; // js-yaml's YAMLException, all of it optional
  const what = (reason ?? 'it cannot be read').replaceAll(/"[^"]*"|!<[^>]*>/g, '…');
  return mark === undefined ? what : `${what} at line ${mark.line + 1}, column ${mark.column + 1}`;
}

interface YamlError {
  readonly reason: string;
  readonly mark: { readonly line: number; readonly column: number };
}

/** Aliases can make a small file endless. */
function hasAlias(data: unknown, seen: Set<unknown>): boolean {
  if (typeof data !== 'object' || data === null) return false;
  if (seen.has(data)) return true;
  seen.add(data);
  return Object.values(data).some((value) => hasAlias(value, seen));
}

function refuseCode(file: string): never {
  throw new KernelError(
    'invalid',
    `${file}: expected JSON or YAML, but it is code, which is never run`,
  );
}
