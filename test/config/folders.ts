/** Real folders for the tests of the configuration. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from '../fixtures/folders.ts';

/** A temp folder with files by relative path; what is not text is written as JSON. Removed after the test. */
export function folderWith(t: TestContext, files: Readonly<Record<string, unknown>> = {}): string {
  const folder = temporaryFolder(t);
  put(folder, files);
  return folder;
}

/** Writes files into a folder. */
export function put(folder: string, files: Readonly<Record<string, unknown>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** A repository: a folder with `.git`. */
export function repositoryWith(
  t: TestContext,
  files: Readonly<Record<string, unknown>> = {},
): string {
  return folderWith(t, { '.git/HEAD': 'ref: refs/heads/main\n', ...files });
}

/** An environment with a home of its own, which holds these files. */
export function homeWith(t: TestContext, files: Readonly<Record<string, unknown>> = {}) {
  const home = folderWith(t, files);
  return { home, env: { SPINDLE_HOME: home } };
}
