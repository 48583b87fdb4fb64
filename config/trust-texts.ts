/** What trusted files said, kept beside the trust file, so that a later edit can be shown line by line. */

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { sha256 } from './imports.ts';
import { writePrivateFile } from './paths.ts';
import type { Acting, TrustRecords } from './trust.ts';

/** Larger files are told by their name alone. */
const maxBytes = 256 * 1024;
/** So many lines of a difference are shown. */
const maxLines = 60;

function folderOf(trustFile: string): string {
  return trustFile.replace(/(?:\.json)?$/, '-texts');
}

/** Keeps what is trusted now, by its hash, and nothing that no record names any more. */
export function keepTexts(trustFile: string, root: string, records: TrustRecords): void {
  const folder = folderOf(trustFile);
  const own = hashesIn(records[root] ?? {});
  for (const [path, hash] of own) {
    const text = textOf(isAbsolute(path) ? path : join(root, path));
    const isKept = text !== undefined && text.length <= maxBytes && sha256(text) === hash;
    if (isKept) writePrivateFile(join(folder, hash), text);
  }
  const named = new Set(Object.values(records).flatMap((acting) => [...hashesIn(acting).values()]));
  const kept = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of kept) if (!named.has(name)) rmSync(join(folder, name), { force: true });
}

/** The lines by which a file differs from what was trusted; none where that was not kept. */
export function changedLines(trustFile: string, hash: string, file: string): readonly string[] {
  const old = textOf(join(folderOf(trustFile), hash));
  const now = textOf(file);
  if (old === undefined || now === undefined || sha256(old) !== hash) return [];
  const [before, after] = [old.split('\n'), now.split('\n')];
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start++;
  let end = 0;
  while (end < least - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const lines = [
    ...before.slice(start, before.length - end).map((line) => `- ${line}`),
    ...after.slice(start, after.length - end).map((line) => `+ ${line}`),
  ];
  const more = lines.length - maxLines;
  return more <= 0 ? lines : [...lines.slice(0, maxLines), `… ${more} more lines`];
}

function hashesIn(acting: Acting): ReadonlyMap<string, string> {
  return new Map(Object.values(acting).flatMap((files) => Object.entries(files)));
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // it is gone, or was not kept
  }
}
