/** How the configuration names files of plugins, certificates and folders. */

import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Whether a plugin is named by its file rather than by a package's name. */
export function isPath(use: string): boolean {
  return /^(?:\.{1,2}[/\\]|[/\\]|~[/\\]|[A-Za-z]:[/\\]|file:)/.test(use);
}

/** The absolute path of a plugin's file, named by a file in `folder`. */
export function pathOf(use: string, folder: string): string {
  if (use.startsWith('file:')) return fileURLToPath(use);
  return /^~[/\\]/.test(use) ? join(homedir(), use.slice(2)) : resolve(folder, use);
}

/** The folder in which a configuration file's relative names are looked for; `from` may be a folder, ending in `/`. */
export function folderOf(from: string): string {
  return from.endsWith('/') ? resolve(from) : dirname(from);
}
