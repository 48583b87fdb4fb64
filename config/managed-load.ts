/** Managed policy at work on the layers of one configuration. It is loaded only where there is any. */

import { messageOf } from '../core/errors.ts';
import { type FoundFile, isJson, parseJsonFile } from './files.ts';
import { type Layer, mergeLayers } from './layers.ts';
import { closed, type ManagedFile, splitManaged } from './managed.ts';
import { admit, losses, managedDefaults } from './managed-layers.ts';
import { contentCheck, type Places } from './managed-plugins.ts';

/** Reads the files. Throws KernelError `denied` naming the file and what is wrong with it. */
export async function readManaged(found: readonly FoundFile[]): Promise<readonly ManagedFile[]> {
  const isPlain = found.every(({ file }) => isJson(file));
  const read = isPlain ? parseJsonFile : (await import('./cosmiconfig.ts')).makeReader();
  return found.map((one) => {
    try {
      return splitManaged(one, read(one));
    } catch (error) {
      throw closed(messageOf(error), error);
    }
  });
}

/** Layers before managed policy: what was written, strongest first, and what the environment says. */
export interface Ungoverned {
  readonly own: readonly Layer[];
  readonly variables: readonly Layer[];
}

/** What of them counts, what the user should know of the rest, and the plugin files that are allowed by content. */
export function governLayers(
  files: readonly ManagedFile[],
  { own, variables }: Ungoverned,
  places: Places,
) {
  const policies = files.map(({ policy }) => policy);
  const pins = new Map<string, string>();
  const check = contentCheck(places, pins);
  const managed = files.map(({ policy: { file }, values }): Layer => ({
    name: 'managed',
    file,
    values,
  }));
  const admitted = own.map((layer) => admit(layer, policies, check));
  const environment = variables.map((layer) => admit(layer, policies, check));
  const defaults = managedDefaults([...managed, ...admitted, ...environment], policies);
  const written = [...managed, ...admitted, ...defaults];
  const layers = [...managed, ...admitted, ...environment, ...defaults];
  return { written, layers, lost: losses(layers, mergeLayers(written)), pins };
}
