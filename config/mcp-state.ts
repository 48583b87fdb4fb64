/** Where what is known of MCP servers lies: in the user's state, for the user alone. */

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { McpState, Remembered, StoredAuth } from '../plugins/mcp/remembered.ts';
import { isSection } from './key-path.ts';
import {
  type PathRecords,
  readPathRecords,
  type RecordFile,
  writePathRecords,
} from './path-records.ts';
import { type Paths, writePrivateFile } from './paths.ts';

/** A file for each server's tools and one for its tokens, named by its key. A damaged one counts as none. */
export function mcpState({ mcp }: Paths): McpState {
  const file = (folder: string, key: string) => join(mcp, folder, `${key}.json`);
  return {
    read: (key) => {
      const data = readJson(file('servers', key));
      return isRemembered(data) ? data : undefined;
    },
    write: (key, remembered) => writePrivateFile(file('servers', key), JSON.stringify(remembered)),
    readAuth: (key) => {
      const data = readJson(file('auth', key));
      return isAuth(data) ? data : undefined;
    },
    writeAuth: (key, auth) => {
      if (auth === undefined) rmSync(file('auth', key), { force: true });
      else writePrivateFile(file('auth', key), JSON.stringify(auth));
    },
  };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // not there yet, or damaged: another start tells it again
  }
}

function isRemembered(data: unknown): data is Remembered {
  return (
    isSection(data) &&
    data['version'] === 1 &&
    Array.isArray(data['tools']) &&
    data['tools'].every((pin) => isSection(pin) && isSection(pin['definition'])) &&
    Array.isArray(data['prompts'])
  );
}

function isAuth(data: unknown): data is StoredAuth {
  return isSection(data) && isSection(data['clients']);
}

/** SHA-256 of the entries of servers that the user has approved, by name. */
type Approved = Readonly<Record<string, string>>;

const approvedFile: RecordFile<Approved> = {
  isRecord: (data): data is Approved =>
    isSection(data) && Object.values(data).every((key) => typeof key === 'string'),
  advice: 'no server of a repository counts as approved until you mend it, or move it away',
};

/** The approved servers of all repositories. Throws KernelError `invalid` for a damaged file. */
export function readApproved({ approved }: Paths): PathRecords<Approved> {
  return readPathRecords(approved, approvedFile);
}

/** Approves servers of a repository, or with `undefined` as a key takes that back. */
export function approve(
  paths: Paths,
  root: string,
  keys: Readonly<Record<string, string | undefined>>,
): void {
  const records = readApproved(paths);
  const all = Object.entries({ ...records[root], ...keys });
  const kept = all.filter((pair): pair is [string, string] => pair[1] !== undefined);
  writePathRecords(paths.approved, { ...records, [root]: Object.fromEntries(kept) });
}
