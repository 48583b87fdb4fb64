/** Which of our modules share a chunk. */

import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { builtins } from './builtin.ts';
import { defaultPreset } from './presets/default.ts';

/** What rolldown tells of modules. */
interface Modules {
  readonly getModuleInfo: (id: string) => { readonly importedIds: readonly string[] } | null;
}

type ChunkOf = (id: string, modules: Modules) => string | null;

/**
 * Light modules, which import nothing but their like, share four chunks: `spindle`, read by every start of `exec`,
 * `app-server` for what answers a client's handshake, `mcp` for a start with MCP servers, and `later` for what is loaded when it is asked for. Reading a chunk costs half a millisecond, so a chunk for every
 * plugin would cost more than the whole start, and so would one for all: 100 KB of code cost 3 ms. What brings a
 * package with it has a chunk of its own. For one bundle: it remembers what it found.
 */
export function chunksOf(root: string): ChunkOf {
  const first = new Set<string>();
  const serving = new Set<string>();
  const servers = new Set<string>();
  return (id, modules) => {
    if (!isLight(id, { root, modules })) return null;
    if (first.size === 0) for (const file of firstFiles(root)) reach(file, modules, first);
    if (serving.size === 0) for (const file of servingFiles(root)) reach(file, modules, serving);
    if (servers.size === 0) reach(join(root, serversFile), modules, servers);
    if (first.has(id)) return 'spindle';
    if (servers.has(id)) return 'mcp';
    if (isOfWire.test(id)) return 'wire';
    if (isOfClient.test(id)) return null;
    return serving.has(id) ? 'app-server' : 'later';
  };
}

/** Where a start of `exec` goes; test/bench/start.test.ts tells when something is missing here. */
function firstFiles(root: string): readonly string[] {
  const globals = '../plugins/models/wire/thin-globals.ts';
  const own = ['main.ts', 'front-end.ts', 'user-files.ts', globals];
  const plugins = [...defaultPreset, 'exec'].map(fileOf);
  return [...own, ...plugins].map((file) => join(root, 'config', file));
}

/** What the client library shares with the server: other programs load this, and nothing of the rest. */
const isOfWire = /plugins.front-ends.app-server.(?:lines|inbox|transport|rpc-error)\.ts$/;

/** The rest of it, which starts processes and opens sockets, and which the server does not need. */
const isOfClient = /plugins.front-ends.client(?:\.ts|.\w+\.ts)$/;

function servingFiles(root: string): readonly string[] {
  return ['app-server.ts', fileOf('app-server')].map((file) => join(root, 'config', file));
}

/** What is loaded when an MCP server is configured. */
const serversFile = 'plugins/mcp/servers.ts';

function fileOf(name: string): string {
  const [, file] = /import\(["'](.+?)["']\)/.exec(String(builtins[name]?.load)) ?? [];
  if (file === undefined)
    throw new Error(`expected builtins.${name}.load to be () => import('FILE'), and it is not`);
  return file;
}

function reach(id: string, modules: Modules, found: Set<string>): void {
  if (found.has(id)) return;
  found.add(id);
  for (const next of modules.getModuleInfo(id)?.importedIds ?? []) reach(next, modules, found);
}

interface Where {
  readonly root: string;
  readonly modules: Modules;
}

function isLight(id: string, { root, modules }: Where, seen = new Set<string>()): boolean {
  if (seen.has(id)) return true;
  seen.add(id);
  if (isBuiltin(id) || id.startsWith('\0')) return true;
  if (!id.startsWith(root) || id.includes('node_modules')) return false;
  const imported = modules.getModuleInfo(id)?.importedIds ?? [];
  return imported.every((next) => isLight(next, { root, modules }, seen));
}
