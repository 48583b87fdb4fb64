/** The hooks of the configuration: which count, and which files they run. */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ConfigData, isSection } from './key-path.ts';
import type { Layer } from './layers.ts';

/** The hooks of all layers, strongest first: no layer takes away what another one wants to be told. */
export function hooksOf(layers: readonly Layer[]): ConfigData {
  const events: Record<string, readonly unknown[]> = {};
  for (const { values } of layers) {
    const { hooks } = values;
    for (const [event, groups] of Object.entries(isSection(hooks) ? hooks : {}))
      events[event] = [...(events[event] ?? []), ...listOf(groups)];
  }
  return events;
}

/** The files of these folders that commands of a layer's hooks name, absolute: what acts when a hook runs. */
export function hookScripts({ hooks }: ConfigData, folders: readonly string[]): readonly string[] {
  const groups = Object.values(isSection(hooks) ? hooks : {}).flatMap(listOf);
  const commands = groups
    .flatMap((group) => listOf(isSection(group) ? group['hooks'] : undefined))
    .map((hook) => String(isSection(hook) ? hook['command'] : ''));
  const words = commands.flatMap((command) =>
    command
      .replaceAll(/\$\{?CLAUDE_PROJECT_DIR\}?/gu, '.')
      .replaceAll(/["']/gu, '')
      .split(/[\s;&|<>()]+/u)
      .filter((word) => word !== ''),
  );
  return filesNamed(words, folders);
}

/** Words that are files in these folders, absolute. */
export function filesNamed(
  words: readonly string[],
  folders: readonly string[],
): readonly string[] {
  const files = folders.flatMap((folder) => words.map((word) => resolve(folder, word)));
  const isOurs = (file: string) => folders.some((folder) => file.startsWith(`${folder}/`));
  return [...new Set(files)].filter((file) => isOurs(file) && isFile(file));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
