/** The configured MCP servers, ready to be started, and the rules that their entries come to. */

import { readFileSync } from 'node:fs';
import { messageOf } from '../core/errors.ts';
import type { McpOptions } from '../plugins/mcp/mcp.ts';
import type { ServerEntry } from '../plugins/mcp/server-schema.ts';
import type { RemoteServer, ServerConfig, StdioServer } from '../plugins/mcp/server-config.ts';
import type { PlacedRule, Rule } from '../plugins/policies/rules/rule.ts';
import { fingerprintOf } from './fingerprint.ts';
import { sha256 } from './imports.ts';
import { type Layer, placeOf } from './layers.ts';
import type { Configuration } from './load.ts';
import { serverNames } from './mcp-layers.ts';
import { mcpState, readApproved } from './mcp-state.ts';
import type { Environment } from './paths.ts';
import { folderOf, isPath, pathOf } from './plugin-path.ts';
import { settingsOf } from './settings.ts';
import { readVersion } from './version.ts';

/** What the plugin gets; nothing when no server is configured, so that nothing is read. */
export function mcpOptions(configuration: Configuration): McpOptions {
  const servers = serversOf(configuration);
  if (servers.length === 0) return {};
  const { sandbox, roots = [] } = settingsOf(configuration);
  return {
    servers,
    state: mcpState(configuration.paths),
    roots,
    ...(sandbox === undefined ? {} : { sandbox }),
    version: readVersion(),
  };
}

/** An entry in its place. */
interface Placed {
  readonly name: string;
  readonly entry: ServerEntry;
  readonly layer: Layer;
}

function placedServers({ layers }: Pick<Configuration, 'layers'>): readonly Placed[] {
  return layers.flatMap((layer) =>
    serverNames(layer).flatMap((name) => {
      const all = layer.values['mcpServers'] as Readonly<Record<string, ServerEntry>>; // was checked
      const entry = all[name];
      return entry === undefined || entry.disabled === true ? [] : [{ name, entry, layer }];
    }),
  );
}

/** By what it is, not by how it may be used. Variables count by their names, so no secret is in it. */
function keyOf(name: string, { command, args, env, cwd, url, headers, type }: ServerEntry): string {
  return `${name.slice(0, 40)}-${fingerprintOf([name, type, command, args, env, cwd, url, headers])}`;
}

/** What is approved of a repository's server: everything its entry says. */
function approvalOf({ name, entry }: Placed): string {
  return sha256(JSON.stringify([name, entry]));
}

/** All servers that are configured; what cannot be used says why. */
function serversOf(configuration: Configuration): readonly ServerConfig[] {
  const placed = placedServers(configuration);
  if (placed.length === 0) return [];
  const faults = approvalFaults(configuration, placed);
  return placed.map((one) => serverOf(one, configuration, faults.get(one.name)));
}

/** Why servers of the repository do not count yet, by name. */
function approvalFaults(
  { paths, root }: Configuration,
  placed: readonly Placed[],
): ReadonlyMap<string, string> {
  const own = placed.filter(({ layer }) => layer.name === 'repository');
  if (own.length === 0) return new Map();
  let approved: Readonly<Record<string, string>>;
  try {
    approved = readApproved(paths)[root] ?? {};
  } catch (error) {
    return new Map(own.map(({ name }) => [name, messageOf(error)]));
  }
  return new Map(
    own
      .filter((one) => approved[one.name] !== approvalOf(one))
      .map(({ name }) => {
        const why =
          approved[name] === undefined
            ? 'it is not approved'
            : 'it has changed since it was approved';
        return [name, `${why}: look at its entry, then run "spindle mcp approve ${name}"`];
      }),
  );
}

/** What is to be approved of a repository's servers, by name. */
export function repositoryServers(
  configuration: Configuration,
): ReadonlyMap<string, { key: string; shown: string }> {
  const own = placedServers(configuration).filter(({ layer }) => layer.name === 'repository');
  return new Map(
    own.map((one) => [one.name, { key: approvalOf(one), shown: shownEntry(one.entry) }]),
  );
}

function shownEntry({ command, args = [], url, env = {}, headers = {} }: ServerEntry): string {
  const names = [...Object.keys(env), ...Object.keys(headers)];
  const about = names.length === 0 ? '' : ` (sets ${names.join(', ')})`;
  return `${url ?? [command, ...args].join(' ')}${about}`;
}

function serverOf(
  placed: Placed,
  configuration: Configuration,
  fault: string | undefined,
): ServerConfig {
  const { name, entry, layer } = placed;
  const { timeout, startTimeout, choose, hide, alias, group, offer, url } = entry;
  const fill = filler(configuration.env);
  const common = {
    name,
    key: keyOf(name, entry),
    from: placeOf(layer, ['mcpServers', name]),
    ...defined({
      timeout,
      startTimeout,
      choose,
      hide,
      alias,
      group,
      offer,
    }),
  };
  const type = entry.type ?? (url === undefined ? 'stdio' : 'http');
  const server =
    type === 'stdio'
      ? stdioServer(common, placed, configuration, fill)
      : remoteServer({ ...common, type: type === 'sse' ? 'sse' : 'http' }, placed, fill);
  const why = fault ?? fill.missing() ?? server.fault;
  return why === undefined ? server : { ...server, fault: why };
}

type Common = Omit<StdioServer, 'type' | 'command' | 'args' | 'env' | 'cwd' | 'sandbox'>;

function stdioServer(
  common: Common,
  { entry }: Placed,
  configuration: Configuration,
  fill: Filler,
): StdioServer {
  const { command, args = [], env = {}, cwd, sandbox = true } = entry;
  return {
    ...common,
    ...(command === undefined ? { fault: 'it has no command' } : {}),
    type: 'stdio',
    command: fill(command ?? ''),
    args: args.map(fill),
    env: filled(env, fill),
    cwd: cwd === undefined ? configuration.cwd : pathOf(fill(cwd), configuration.cwd),
    sandbox,
  };
}

function remoteServer(
  common: Common & { readonly type: 'http' | 'sse' },
  { entry, layer }: Placed,
  fill: Filler,
): RemoteServer {
  const { url = '', headers = {}, proxy, oauth, ca } = entry;
  const address = fill(url);
  const isWeb = /^https?:$/u.test(URL.parse(address)?.protocol ?? '');
  const base = {
    ...common,
    ...(isWeb
      ? {}
      : { fault: `expected a url that begins with https:// or http://, but got "${url}"` }),
    url: isWeb ? address : 'http://invalid.invalid',
    headers: filled(headers, fill),
    ...defined({ proxy }),
    ...(oauth === undefined ? {} : { oauth: filledDeep(defined(oauth), fill) }),
  };
  try {
    return ca === undefined ? base : { ...base, ca: certificates(ca, layer) };
  } catch (error) {
    return { ...base, fault: `its certificates cannot be read: ${messageOf(error)}` };
  }
}

function certificates(ca: string, { file }: Layer): string {
  return isPath(ca) ? readFileSync(pathOf(ca, folderOf(file ?? './')), 'utf8') : ca;
}

type Filler = ((text: string) => string) & { readonly missing: () => string | undefined };

/** `${NAME}` and `${NAME:-otherwise}` from the environment, as `.mcp.json` has them. */
function filler(env: Environment): Filler {
  const missing = new Set<string>();
  const fill = (text: string) =>
    text.replaceAll(
      /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/gu,
      (_whole, name: string, otherwise?: string) => {
        const value = env[name] || otherwise;
        if (value === undefined) missing.add(name);
        return value ?? '';
      },
    );
  const tell = () =>
    missing.size === 0
      ? undefined
      : `it needs ${[...missing].join(', ')} in the environment, where it is not set`;
  return Object.assign(fill, { missing: tell });
}

function filled(strings: Readonly<Record<string, string>>, fill: Filler): Record<string, string> {
  return Object.fromEntries(Object.entries(strings).map(([name, value]) => [name, fill(value)]));
}

/** The same for what lies within. */
function filledDeep<T extends object>(values: T, fill: Filler): T {
  const entries = Object.entries(values).map(([name, value]: [string, unknown]) => {
    if (typeof value === 'string') return [name, fill(value)];
    return [name, typeof value === 'object' && value !== null ? filledDeep(value, fill) : value];
  });
  return Object.fromEntries(entries) as T; // of the same shape
}

/** Without the keys that are `undefined`. */
function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }; // only undefined is gone
}

/** The rules of servers' entries; and that a server which counts may be started, whatever is asked for otherwise. */
export function serverRules(configuration: Configuration): readonly PlacedRule[] {
  const placed = placedServers(configuration);
  if (placed.length === 0) return [];
  const faults = approvalFaults(configuration, placed);
  return placed.flatMap(({ name, entry, layer }) => {
    const starts: readonly Rule[] = faults.has(name)
      ? []
      : (['spawn', 'input'] as const).map((kind) => ({ action: 'allow', server: name, kind }));
    const rules = (['deny', 'ask', 'allow'] as const).flatMap((action) =>
      toolsIn(entry[action]).map((tool): Rule => ({ action, server: name, tool, kind: 'call' })),
    );
    const file = placeOf(layer, ['mcpServers', name]);
    return [...rules, ...starts].map((rule) => ({ rule, layer: layer.name, file }));
  });
}

function toolsIn(chosen: ServerEntry['allow']): readonly string[] {
  if (Array.isArray(chosen)) return chosen;
  return chosen === true ? ['*'] : [];
}
