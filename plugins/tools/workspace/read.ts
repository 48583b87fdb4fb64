import { join } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import type { Effects } from '../../../core/index.ts';
import { size } from '../file/type.ts';
import type { Source } from '../patch/plan.ts';
import type { Base } from './rebase.ts';

/** Larger files are not patched: they would be taken apart in memory. */
const maxBytes = 16_000_000;

/** The texts of files, by their paths below the base. Throws `denied` when one may not be read. */
export async function readSources(
  paths: readonly string[],
  base: Base,
  effects: Effects,
): Promise<ReadonlyMap<string, Source>> {
  const sources = new Map<string, Source>();
  for (const path of paths) sources.set(path, await readSource(join(base.folder, path), effects));
  return sources;
}

async function readSource(path: string, effects: Effects): Promise<Source> {
  try {
    return textOf(await effects.read(path, { start: 0, end: maxBytes + 1 }));
  } catch (error) {
    if (!(error instanceof KernelError) || error.code === 'denied') throw error;
    if (error.code === 'not_found') return undefined;
    return { unreadable: `could not be read (${error.message})` };
  }
}

function textOf(bytes: Uint8Array): Source {
  if (bytes.length > maxBytes) return { unreadable: `is larger than ${size(maxBytes)}` };
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { unreadable: 'is not valid UTF-8' };
  }
}
