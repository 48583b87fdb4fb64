/** `.mcp.json` of a repository, as other programs write it: what we know of it counts, and one bad entry costs only itself. */

import { basename } from 'node:path';
import { messageOf } from '../core/errors.ts';
import { type ConfigData, isSection } from './key-path.ts';
import type { Layer, Overruled } from './layers.ts';

/** Its name. */
export const mcpFileName = '.mcp.json';

/** Whether this is one. */
export function isMcpFile(file: string): boolean {
  return basename(file) === mcpFileName;
}

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isTexts = (value: unknown) =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
const isStrings = (value: unknown) =>
  isSection(value) && Object.values(value).every((one) => typeof one === 'string');
const isCount = (value: unknown) => Number.isInteger(value) && Number(value) > 0;

/** What an entry may say, and when it says it well. Other keys are for other programs. */
const known: Readonly<Record<string, (value: unknown) => boolean>> = {
  type: (value) => ['stdio', 'http', 'streamable-http', 'sse'].includes(String(value)),
  command: isText,
  args: isTexts,
  env: isStrings,
  cwd: isText,
  url: isText,
  headers: isStrings,
  timeout: isCount,
  disabled: (value) => typeof value === 'boolean',
  choose: isTexts,
  hide: isTexts,
  offer: (value) => value === 'direct' || value === 'search',
};

/** The servers of a file as a layer. What is wrong in it is in `overruled`, with why. */
export function mcpLayer(file: string, read: () => ConfigData): Layer {
  const layer = { name: 'repository', file } as const;
  let data: ConfigData;
  try {
    data = read();
  } catch (error) {
    return { ...layer, values: {}, overruled: [wrong([], {}, messageOf(error))] };
  }
  const { mcpServers: all = {} } = data;
  if (!isSection(all)) {
    return { ...layer, values: {}, overruled: [wrong([], all, 'mcpServers is no object')] };
  }
  const overruled = Object.entries(all).flatMap(([name, entry]) => {
    const why = faultOf(name, entry);
    return why === undefined ? [] : [wrong([name], entry, why)];
  });
  const good = Object.entries(all).filter(([name, entry]) => faultOf(name, entry) === undefined);
  const servers = Object.fromEntries(good.map(([name, entry]) => [name, knownOf(entry)]));
  const values = good.length === 0 ? {} : { mcpServers: servers };
  return { ...layer, values, ...(overruled.length === 0 ? {} : { overruled }) };
}

function wrong(path: readonly string[], value: unknown, why: string): Overruled {
  return { path: ['mcpServers', ...path], value, why };
}

function knownOf(entry: unknown): ConfigData {
  const pairs = Object.entries(isSection(entry) ? entry : {});
  return Object.fromEntries(pairs.filter(([key]) => Object.hasOwn(known, key)));
}

function faultOf(name: string, entry: unknown): string | undefined {
  if (!/^[\w.-]{1,64}$/.test(name)) return 'a name has letters, digits, _, - and dots';
  if (!isSection(entry)) return 'expected an object';
  const bad = Object.keys(known).find(
    (key) => entry[key] !== undefined && known[key]?.(entry[key]) !== true,
  );
  if (bad !== undefined) return `its ${bad} is not what it should be`;
  return entry['command'] === undefined && entry['url'] === undefined
    ? 'it has neither a command nor a url'
    : undefined;
}

/** Keys of a server that a repository never sets. */
export const userOnlyKeys: ReadonlySet<string> = new Set([
  'alias',
  'allow',
  'sandbox',
  'proxy',
  'ca',
  'oauth',
]);

/** The words of a layer's servers that may name a file of the repository. */
export function serverWords({ mcpServers }: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.values(isSection(mcpServers) ? mcpServers : {}).flatMap((entry) => {
    const { command, args = [] } = isSection(entry) ? entry : {};
    return [command, ...(Array.isArray(args) ? args : [])].filter((one) => typeof one === 'string');
  });
}
