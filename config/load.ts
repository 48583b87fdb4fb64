/** The configuration of one folder: which layers there are, which of them count, and what they come to. */

import { readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KernelError } from '../core/errors.ts';
import { environmentLayer } from './environment.ts';
import { findFile, findUserFile, type FoundFile, isJson, parseJsonFile } from './files.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type ConfigData, formatKeyPath, leavesOf } from './key-path.ts';
import type { Config } from './keys.ts';
import { type Layer, type LayerName, mergeLayers } from './layers.ts';
import { type Environment, makePrivateFolder, type Paths, pathsOf } from './paths.ts';
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
  /** Of everything it is made of: the same fingerprint, the same configuration. */
  readonly fingerprint: string;
  /** Whether this very configuration has been found valid before. */
  readonly isValidated: boolean;
  /** What of the repository may run as plugin code: SHA-256 by path; absent when `--trust` says all. */
  readonly hashes?: ReadonlyMap<string, string>;
}

/**
 * Loads the layers and combines them. What was not found valid before is validated, which costs the start some 50 ms
 * once. Throws KernelError `invalid` naming the file and the key, `not_found` for a folder that is not there.
 */
export async function loadConfig(options: LoadOptions): Promise<Configuration> {
  const paths = pathsOf(options.env);
  const cwd = realFolder(options.cwd);
  const managed = findManaged(paths);
  const user = findUserFile(paths.config, 'config');
  const repository = findRepository(cwd, paths, options.trust === true);
  const found = [...managed, ...(user ? [user] : []), ...repository.files];
  const flags = options.flags ?? [];
  const unchecked = flags.filter(({ isChecked }) => isChecked !== true);
  const fingerprint = fingerprintOf([
    readVersion(),
    found.map(({ file, text }) => [file, text]),
    [...(repository.hashes ?? [])],
    unchecked.map(({ values }) => values),
  ]);
  const isValidated = found.length + unchecked.length === 0 || hasStamp(paths, fingerprint);
  const read = await readerFor(found, isValidated);

  const repositories = repositoryLayers(repository, read);
  const environment = environmentLayer(options.env);
  const written = [
    ...managed.map((file) => layerOf('managed', file, read)),
    ...flags,
    ...repositories,
    ...(user ? [layerOf('user', user, read)] : []),
  ];
  const layers = [...written, ...(environment ? [environment] : [])];
  const values = mergeLayers(written);
  if (!isValidated) {
    const { validate } = await import('./schema.ts');
    await validate(written, values);
  }
  return {
    cwd,
    root: repository.root,
    paths,
    env: options.env,
    config: values, // valid: validated now, or when its stamp was made
    layers,
    notices: [...repository.notices, ...refusals(repositories)],
    fingerprint,
    isValidated,
    ...(repository.hashes === undefined ? {} : { hashes: repository.hashes }),
  };
}

/** What holds when nothing is configured, or what is configured cannot be used. */
export function bareConfiguration({ cwd, env }: Pick<LoadOptions, 'cwd' | 'env'>): Configuration {
  const paths = pathsOf(env);
  const nothing = { config: {}, layers: [], notices: [], fingerprint: 'none', isValidated: true };
  return { cwd, root: cwd, paths, env, ...nothing };
}

function realFolder(cwd: string): string {
  try {
    return realpathSync(cwd);
  } catch (error) {
    throw new KernelError('not_found', `expected a folder to work in, but ${cwd} is not there`, {
      cause: error,
    });
  }
}

/** Files of managed policy. What is there and cannot be read closes: nothing starts without it. */
function findManaged(paths: Paths): readonly FoundFile[] {
  const system = findUserFile(paths.managed, 'managed');
  if (paths.managedFile === undefined) return system ? [system] : [];
  const added = findFile(paths.managedFile);
  if (added === undefined) {
    throw new KernelError(
      'invalid',
      `SPINDLE_MANAGED names ${paths.managedFile}, which is not there: managed policy that cannot be read closes`,
    );
  }
  return system ? [system, added] : [added];
}

/** Unchanged JSON is parsed here and now; what is new or YAML goes the careful way. */
async function readerFor(
  found: readonly FoundFile[],
  isValidated: boolean,
): Promise<(file: FoundFile) => ConfigData> {
  if (found.length === 0 || (isValidated && found.every(({ file }) => isJson(file)))) {
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

function hasStamp(paths: Paths, fingerprint: string): boolean {
  return statSync(join(paths.stamps, fingerprint), { throwIfNoEntry: false }) !== undefined;
}

/** Remembers that this configuration is valid, plugins and all. A state folder that cannot be written to costs time, no more. */
export function dropStamp({ paths, fingerprint, isValidated }: Configuration): void {
  if (isValidated) return;
  try {
    makePrivateFolder(paths.stamps);
    const old = readdirSync(paths.stamps);
    if (old.length >= maxStamps) for (const name of old) rmSync(join(paths.stamps, name));
    writeFileSync(join(paths.stamps, fingerprint), '', { mode: 0o600 });
  } catch {
    // Then it is validated again next time.
  }
}

const maxStamps = 200;
