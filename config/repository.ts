/** What a repository says: found always, counted only once the user trusts it. */

import { KernelError, messageOf } from '../core/errors.ts';
import { type AgentFolders, findAgentFolders } from './agent-folders.ts';
import { builtins, type Slot } from './builtin.ts';
import { findMcpFile, findRepositoryFile, type FoundFile, foldersOf } from './files.ts';
import { type ConfigData, isSection, type KeyPath, valueAt } from './key-path.ts';
import { ruleOf } from './keys.ts';
import { type Layer, withoutRefused } from './layers.ts';
import { isMcpFile, mcpLayer, userOnlyKeys } from './mcp-file.ts';
import type { Paths } from './paths.ts';
import { actingFor, checkTrust, readTrust, type TrustRecords } from './trust.ts';

/** Something the user should know about the configuration. */
export interface Notice {
  readonly code: 'untrusted' | 'refused' | 'trust' | 'managed' | 'mcp';
  /** Names the file, and the key where there is one, and says what to do. */
  readonly message: string;
  /** Configuration files that do not count. */
  readonly files?: readonly string[];
}

/** A repository as its configuration sees it. */
export interface Repository {
  readonly root: string;
  /** Skills, sub-agents and commands, with what of the repository's counts. */
  readonly agents: AgentFolders;
  /** The files that count, nearest to the working folder first; none before trust. */
  readonly files: readonly FoundFile[];
  /** What may run as plugin code, by path; absent when everything may. */
  readonly hashes?: ReadonlyMap<string, string>;
  readonly notices: readonly Notice[];
}

/** Looks through the folders from the root down to `cwd`, a real path. With `isTrusted`, everything found counts. */
export function findRepository(cwd: string, paths: Paths, isTrusted: boolean): Repository {
  const folders = foldersOf(cwd);
  let read: Trusted | undefined;
  const trust = () => (read ??= trustOrNothing(paths.trust));
  const acting = () => actingFor(trust().records, folders[0]);
  const found = findFiles(folders, isTrusted, trust);
  const agents = findAgentFolders({ folders, paths, isTrusted, acting });
  const doubts = agents.doubtful.map(({ folder, reason }) => untrusted(folder, reason));
  return { ...found, agents, notices: [...(read?.notices ?? []), ...found.notices, ...doubts] };
}

function findFiles(
  folders: ReturnType<typeof foldersOf>,
  isTrusted: boolean,
  trust: () => Trusted,
): Omit<Repository, 'agents'> {
  const [root] = folders;
  let files: readonly FoundFile[];
  try {
    files = folders.flatMap((folder) => filesOf(folder)).toReversed();
  } catch (error) {
    if (isTrusted) throw error;
    const message = `${messageOf(error)}. Until then nothing of the repository's configuration counts`;
    return { root, files: [], notices: [{ code: 'untrusted', message }] };
  }
  if (files.length === 0 || isTrusted) return { root, files, notices: [] };
  const verdict = checkTrust(trust().records, root, files);
  if (verdict.trusted) return { root, files, hashes: verdict.hashes, notices: [] };
  const names = files.map(({ file }) => file);
  const notice = { ...untrusted(names.join(', '), verdict.reason), files: names };
  return { root, files: [], notices: [notice] };
}

/** What may act in one folder. */
export function filesOf(folder: string): readonly FoundFile[] {
  return [findMcpFile(folder), findRepositoryFile(folder)].filter((one) => one !== undefined);
}

/** The layers of the files that count, without what only the user may set. */
export function repositoryLayers(
  { files }: Repository,
  read: (file: FoundFile) => ConfigData,
): readonly Layer[] {
  return files.map((found) => {
    if (isMcpFile(found.file)) return mcpLayer(found.file, () => read(found));
    const values = read(found);
    const layer: Layer = { name: 'repository', file: found.file, values };
    return withoutRefused(layer, (path) => isUserOnly(path, values));
  });
}

/** What watches over a repository's work: it can neither turn it off nor put something else in its place. */
const guards: ReadonlySet<Slot | undefined> = new Set([
  'redactors',
  'observers',
  'policies',
  'checkpoints',
]);

/** What reaches hosts, keeps threads or confines commands: a repository does not say how. */
const userOptions: ReadonlySet<Slot> = new Set(['models', 'stores', 'sandboxes']);

/** Base URLs, headers, keys, proxies, certificates, state paths, and whatever else a repository never sets. */
function isUserOnly(path: KeyPath, values: ConfigData): boolean {
  if (ruleOf(path)?.from === 'user') return true;
  const [section, name, part = ''] = path;
  if (section === 'mcpServers') return userOnlyKeys.has(part);
  return section === 'plugins' && name !== undefined && isUserOnlyPart(name, part, values);
}

function isUserOnlyPart(name: string, part: string, values: ConfigData): boolean {
  const use = valueAt(values, ['plugins', name, 'use']);
  const slot = builtins[typeof use === 'string' ? use : name]?.slot;
  if (guards.has(builtins[name]?.slot) || guards.has(slot)) return true;
  return part === 'options' && slot !== undefined && userOptions.has(slot);
}

function untrusted(files: string, reason: string): Notice {
  return {
    code: 'untrusted',
    message: `${files} ${reason} and does not count: look at it, then run "spindle trust", or pass --trust for one run`,
  };
}

interface Trusted {
  readonly records: TrustRecords;
  readonly notices: readonly Notice[];
}

function trustOrNothing(file: string): Trusted {
  try {
    return { records: readTrust(file), notices: [] };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return {
      records: {},
      notices: [{ code: 'trust', message: error.message }],
    };
  }
}

/** The local plugin files and the packages that a layer names, as written. */
export function usedPlugins(values: ConfigData): readonly string[] {
  const { plugins } = values;
  if (!isSection(plugins)) return [];
  return Object.entries(plugins).flatMap(([name, entry]) => {
    if (entry === false) return [];
    const use = isSection(entry) && typeof entry['use'] === 'string' ? entry['use'] : name;
    return Object.hasOwn(builtins, use) ? [] : [use];
  });
}
