/** `spindle trust [FOLDER] [--revoke]`. */

import { realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KernelError } from '../core/errors.ts';
import { shown } from '../plugins/front-ends/terminal/style.ts';
import { actingInAgents } from './agent-folders.ts';
import { makeReader } from './cosmiconfig.ts';
import { type FoundFile, foldersOf } from './files.ts';
import { filesNamed, hookScripts } from './hooks.ts';
import { serverWords } from './mcp-file.ts';
import { hashWithImports } from './imports.ts';
import type { Paths } from './paths.ts';
import { PluginModules } from './plugin-modules.ts';
import { folderOf, isPath, pathOf } from './plugin-path.ts';
import { filesOf, usedPlugins } from './repository.ts';
import { actingOf, addTrust, differences, readTrust, revokeTrust } from './trust.ts';
import { changedLines, keepTexts } from './trust-texts.ts';

/**
 * Records what acts in the repository of a folder: its configuration files from the root down to the folder, the
 * plugin files and the scripts of hooks that they name, the local files those import, and skills, agents and commands. Gives what to tell the user.
 * Throws KernelError `invalid` when one of them cannot be read.
 */
export function trustFolder(folder: string, paths: Paths): string {
  const { root, files, folders } = find(folder);
  let acting = actingInAgents(root, folders);
  if (files.length === 0 && Object.keys(acting).length === 0) {
    return `${root} has no configuration and nothing in .agents: there is nothing to trust`;
  }
  const read = makeReader();
  for (const found of files) {
    const values = read(found);
    const from = folderOf(found.file);
    const plugins = usedPlugins(values).map((use) => locate(use, from, paths.config));
    const scripts = [
      ...hookScripts(values, [root, from]),
      ...filesNamed(serverWords(values), [root, from]),
    ];
    acting = {
      ...acting,
      ...actingOf(root, found.file, hashWithImports([found.file, ...plugins, ...scripts])),
    };
  }
  const before = readTrust(paths.trust)[root];
  const lines = differences(before, acting).flatMap(({ path, old }) => {
    if (old === undefined) return [`new: ${path}`];
    const changed = changedLines(paths.trust, old, isAbsolute(path) ? path : join(root, path));
    return [`changed: ${path}`, ...changed.map((line) => `  ${shown(line)}`)];
  });
  addTrust(paths.trust, root, acting);
  keepTexts(paths.trust, root, readTrust(paths.trust));
  const what = lines.length === 0 ? ['nothing has changed'] : lines;
  return [`${root} is trusted:`, ...what.map((line) => `  ${line}`)].join('\n');
}

/** Forgets the repository of a folder. */
export function revokeFolder(folder: string, paths: Paths): string {
  const { root } = find(folder);
  const isGone = revokeTrust(paths.trust, root);
  if (isGone) keepTexts(paths.trust, root, readTrust(paths.trust));
  return isGone ? `${root} is not trusted any more` : `${root} was not trusted`;
}

interface Found {
  readonly root: string;
  /** From the root down. */
  readonly folders: readonly string[];
  readonly files: readonly FoundFile[];
}

function find(folder: string): Found {
  let real: string;
  try {
    real = realpathSync(folder);
  } catch (error) {
    throw new KernelError('invalid', `expected a folder, but ${folder} is not there`, {
      cause: error,
    });
  }
  const folders = foldersOf(real);
  const files = folders.flatMap((one) => filesOf(one));
  return { root: folders[0], folders, files };
}

/** The file of a plugin. Resolving reads manifests; it runs nothing. */
function locate(use: string, folder: string, userFolder: string): string {
  if (isPath(use)) return pathOf(use, folder);
  using modules = new PluginModules();
  return fileURLToPath(modules.resolve(use, [folder, userFolder]));
}
