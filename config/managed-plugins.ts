/** Plugins by their content: what managed policy allows by a hash. */

import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../core/errors.ts';
import { hashWithImports, sha256 } from './imports.ts';
import type { Layer } from './layers.ts';
import type { CheckContent } from './managed-layers.ts';
import { PluginModules } from './plugin-modules.ts';
import { folderOf, isPath, pathOf } from './plugin-path.ts';

/** Where plugins are looked for beside the folder of the file that names them. */
export interface Places {
  readonly cwd: string;
  readonly userFolder: string;
}

/** Compares contents; the files of those that are as they should be come into `pins`, SHA-256 by path. */
export function contentCheck(places: Places, pins: Map<string, string>): CheckContent {
  return (use, layer, wanted) => {
    try {
      const { hashes, sha256: found } = contentOf(use, layer, places);
      if (found !== wanted)
        return `the SHA-256 of its content is ${found}, and ${wanted} is allowed`;
      for (const [path, hash] of hashes) pins.set(path, hash);
      return undefined;
    } catch (error) {
      return `its content cannot be compared: ${messageOf(error)}`;
    }
  };
}

/** The SHA-256 of a plugin's file; when it imports others of its own, that of a list of all, a line `HASH PATH` each. */
function contentOf(use: string, { file }: Layer, { cwd, userFolder }: Places) {
  const folder = folderOf(file ?? `${cwd}/`);
  const entry = isPath(use) ? pathOf(use, folder) : resolvePackage(use, [folder, userFolder]);
  const hashes = hashWithImports([entry]);
  const lines = [...hashes].map(([path, hash]) => `${hash} ${relative(dirname(entry), path)}\n`);
  const [only] = hashes.values();
  const isAlone = hashes.size === 1 && only !== undefined;
  return { hashes, sha256: isAlone ? only : sha256(lines.toSorted().join('')) };
}

/** Resolving reads manifests; it runs nothing. */
function resolvePackage(name: string, folders: readonly string[]): string {
  using modules = new PluginModules();
  return fileURLToPath(modules.resolve(name, folders));
}
