/** The configuration of one folder: which layers there are, which of them count, and what they come to. */

import { readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KernelError, messageOf } from '../core/errors.ts';
import { type AgentFolders, noAgentFolders } from './agent-folders.ts';
import { environmentLayer } from './environment.ts';
import { findUserFile, type FoundFile, foldersOf, isJson, parseJsonFile } from './files.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type ConfigData, formatKeyPath, leavesOf } from './key-path.ts';
import type { Config } from './keys.ts';
import { type Layer, type LayerName, mergeLayers } from './layers.ts';
import { serverLosses, withSingleServers } from './mcp-layers.ts';
import { closed, findManaged, type ManagedFile, type ManagedPolicy } from './managed.ts';
import { makePrivateFolder } from '../plugins/stores/state-folder.ts';
import { type Environment, type Paths, pathsOf } from './paths.ts';
import { findRepository, type Notice, repositoryLayers } from './repository.ts';
import { readVersion } from './version.ts';

/** What the configuration is loaded for. */
export interface LoadOptions {
  readonly cwd: string;
  readonly env: Environment;
  /** What flags say, strongest first; default: nothing. */
  readonly flags?: readonly Layer[];
  /** `--trust`: the repository's layer counts for this run. */
  readonly trust?: boolean;
}

/** The configuration in force for a folder. */
export interface Configuration {
  /** Real paths: the folder, and the repository's root (the folder itself when it is in no repository). */
  readonly cwd: string;
  readonly root: string;
  readonly paths: Paths;
  readonly env: Environment;
  /** What is written: all layers but the environment, whose variables the model plugins read themselves. */
  readonly config: Config;
  /** Strongest first, the managed ones before all others. */
  readonly layers: readonly Layer[];
  readonly notices: readonly Notice[];
  /** Skills, sub-agents and commands, the user's and the repository's. */
  readonly agents: AgentFolders;
  /** Of everything it is made of: the same fingerprint, the same configuration. */
  readonly fingerprint: string;
  /** Whether this very configuration has been found valid before. */
  readonly isValidated: boolean;
  /** What of the repository may run as plugin code: SHA-256 by path; absent when `--trust` says all. */
  readonly hashes?: ReadonlyMap<string, string>;
  /** What the administrator decided, beside the managed layers; empty where there is no managed policy. */
  readonly policies: readonly ManagedPolicy[];
  /** Plugin files that are allowed by their content: SHA-256 by path. */
  readonly pins?: ReadonlyMap<string, string>;
}

/**
 * Loads the layers and combines them. What was not found valid before is validated, which costs the start some 50 ms
 * once. Throws KernelError `invalid` naming the file and the key, `not_found` for a folder that is not there, `denied`
 * for managed policy that cannot be used.
 */
export async function loadConfig(options: LoadOptions): Promise<Configuration> {
  const { env, flags = [] } = options;
  const paths = pathsOf(env);
  const cwd = realFolder(options.cwd);
  const managed = await loadManaged(paths);
  const user = findUserFile(paths.config, 'config');
  const repository = findRepository(cwd, paths, options.trust === true || isTrusted(cwd, managed));
  const found = [...managed.map((one) => one.found), ...(user ? [user] : []), ...repository.files];
  const unchecked = flags.filter(({ isChecked }) => isChecked !== true);
  const fingerprint = fingerprintOf([
    readVersion(),
    found.map(({ file, text }) => [file, text]),
    [...(repository.hashes ?? [])],
    repository.agents,
    unchecked.map(({ values }) => values),
  ]);
  const isValidated = found.length + unchecked.length === 0 || hasStamp(paths, fingerprint);
  const isRight = isValidated || hasStamp(paths, stampOf(fingerprint, 'layers'));
  const read = await readerFor(found, isRight);

  const repositories = repositoryLayers(repository, read);
  const own = [...flags, ...repositories, ...(user ? [layerOf('user', user, read)] : [])];
  const governed = await govern(managed, own, { cwd, paths, env });
  const { lost, pins } = governed;
  const written = withSingleServers(governed.written);
  const layers = withSingleServers(governed.layers);
  const config = mergeLayers(written);
  if (!isRight) await validateAll(managed, written, config);
  return {
    cwd,
    root: repository.root,
    paths,
    env,
    config, // valid: validated now, or when its stamp was made
    layers,
    agents: repository.agents,
    notices: [
      ...repository.notices,
      ...refusals(repositories),
      ...lost,
      ...serverLosses(layers).map((message): Notice => ({ code: 'mcp', message })),
    ],
    fingerprint,
    isValidated,
    ...(repository.hashes === undefined ? {} : { hashes: repository.hashes }),
    policies: managed.map(({ policy }) => policy),
    ...(pins === undefined ? {} : { pins }),
  };
}

/** Managed policy as it is read, not yet validated. Throws KernelError `denied` where it cannot be. */
export async function loadManaged(paths: Paths): Promise<readonly ManagedFile[]> {
  const found = findManaged(paths);
  return found.length === 0 ? [] : (await import('./managed-load.ts')).readManaged(found);
}

/** Whether managed policy says so of the repository that a folder is in. */
function isTrusted(cwd: string, managed: readonly ManagedFile[]): boolean {
  const folders = managed.flatMap(({ policy }) => policy.trust);
  const [root] = folders.length === 0 ? [cwd] : foldersOf(cwd);
  return folders.some((folder) => `${root}/`.startsWith(folder.replace(/\/*$/, '/')));
}

interface Governed {
  /** What was written, strongest first, the managed layers before all others. */
  readonly written: readonly Layer[];
  /** The same with the environment. */
  readonly layers: readonly Layer[];
  readonly lost: readonly Notice[];
  readonly pins?: ReadonlyMap<string, string>;
}

/** The layers as managed policy lets them be. */
async function govern(
  managed: readonly ManagedFile[],
  own: readonly Layer[],
  { cwd, paths, env }: Pick<Configuration, 'cwd' | 'paths' | 'env'>,
): Promise<Governed> {
  const environment = environmentLayer(env);
  const variables = environment ? [environment] : [];
  if (managed.length === 0) return { written: own, layers: [...own, ...variables], lost: [] };
  const { governLayers } = await import('./managed-load.ts');
  const places = { cwd, userFolder: paths.config };
  const { lost, ...governed } = governLayers(managed, { own, variables }, places);
  return { ...governed, lost: lost.map((message) => ({ code: 'managed', message })) };
}

/** What is wrong with managed policy closes; what is wrong with the rest is `invalid`. */
async function validateAll(
  managed: readonly ManagedFile[],
  written: readonly Layer[],
  values: ConfigData,
): Promise<void> {
  const { validate, validateManaged } = await import('./schema.ts');
  try {
    for (const file of managed) validateManaged(file);
    await validate(written, values);
  } catch (error) {
    throw managed.some(({ found: { file } }) => messageOf(error).startsWith(file))
      ? closed(messageOf(error), error)
      : error;
  }
}

/** What holds when nothing is configured, or what is configured cannot be used. */
export function bareConfiguration({ cwd, env }: Pick<LoadOptions, 'cwd' | 'env'>): Configuration {
  const paths = pathsOf(env);
  const nothing = { config: {}, layers: [], notices: [], policies: [] };
  const agents = noAgentFolders;
  return { cwd, root: cwd, paths, env, agents, ...nothing, fingerprint: 'none', isValidated: true };
}

function realFolder(cwd: string): string {
  try {
    if (statSync(cwd).isDirectory()) return realpathSync(cwd);
  } catch (error) {
    throw new KernelError('not_found', `expected a folder to work in, but ${cwd} is not there`, {
      cause: error,
    });
  }
  throw new KernelError('invalid', `expected a folder to work in, but ${cwd} is a file`);
}

/** Unchanged JSON is parsed here and now; what is new or YAML goes the careful way. */
async function readerFor(
  found: readonly FoundFile[],
  isRight: boolean,
): Promise<(file: FoundFile) => ConfigData> {
  if (found.length === 0 || (isRight && found.every(({ file }) => isJson(file)))) {
    return parseJsonFile;
  }
  const { makeReader } = await import('./cosmiconfig.ts');
  return makeReader();
}

function layerOf(name: LayerName, found: FoundFile, read: (file: FoundFile) => ConfigData): Layer {
  return { name, file: found.file, values: read(found) };
}

function refusals(layers: readonly Layer[]): readonly Notice[] {
  return layers.flatMap(({ file, refused = {} }) =>
    [...leavesOf(refused)].map(([path]): Notice => ({
      code: 'refused',
      message: `${file}: ${formatKeyPath(path)} never comes from a repository and does not count: set it in your own configuration`,
    })),
  );
}

/** What was found valid: the layers alone, or with what plugins that are not ours make of their options. */
type Checked = 'layers' | 'all';

const stampOf = (fingerprint: string, checked: Checked) =>
  checked === 'all' ? fingerprint : `${fingerprint}-${checked}`;

function hasStamp(paths: Paths, stamp: string): boolean {
  return statSync(join(paths.stamps, stamp), { throwIfNoEntry: false }) !== undefined;
}

/** Remembers that this configuration is valid. A state folder that cannot be written to costs time, no more. */
export function dropStamp(configuration: Configuration, checked: Checked = 'all'): void {
  const { paths, fingerprint, isValidated } = configuration;
  const stamp = stampOf(fingerprint, checked);
  if (isValidated || hasStamp(paths, stamp)) return;
  try {
    makePrivateFolder(paths.stamps);
    const old = readdirSync(paths.stamps);
    if (old.length >= maxStamps) for (const name of old) rmSync(join(paths.stamps, name));
    writeFileSync(join(paths.stamps, stamp), '', { mode: 0o600 });
  } catch {
    // Then it is validated again next time.
  }
}

const maxStamps = 200;
