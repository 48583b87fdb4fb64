/** Markdown files of the user and of a repository, read through effects and only again when they have changed. */

import { KernelError, messageOf, type Effects, type FileInfo } from '../../core/index.ts';
import type { Fault } from './front-matter.ts';
import { firstHidden } from './visible.ts';

/** A folder that is there, absolute, and whose it is. */
export interface Folder {
  readonly path: string;
  readonly by: 'user' | 'repository';
}

/** What the program says of the folders that a plugin reads. */
export interface FolderOptions {
  /** Those that are there, the first first. */
  readonly folders?: readonly Folder[];
  /** What of the repository the user trusts: SHA-256 by path; absent: all of it. */
  readonly trusted?: Readonly<Record<string, string>>;
}

/** Whether a file may be used: what is the user's own always may. */
export type Standing = 'trusted' | 'untrusted' | 'changed';

/** A file that could be read. */
export interface Source {
  readonly path: string;
  readonly by: Folder['by'];
  readonly standing: Standing;
  readonly text: string;
}

/** A file that could not be used, with the line and the reason. */
export type BadFile = Fault & { readonly path: string };

/** What a folder lists; links are of kind `other`. */
export type Entry = FileInfo & { readonly name: string };

/** A larger file is not read. */
const maxBytes = 256 * 1024;
/** Of the entries of one folder, in the order of their names. */
const maxEntries = 500;

/** Reads files and remembers them while they stay as they are. */
export class Sources {
  readonly #effects: Effects;
  readonly #trusted: FolderOptions['trusted'];
  readonly #known = new Map<string, FileInfo & { readonly read: Source | BadFile }>();

  constructor(effects: Effects, trusted?: FolderOptions['trusted']) {
    this.#effects = effects;
    this.#trusted = trusted;
  }

  /** Names in a folder, sorted, without hidden ones; none when it has gone. What is left out comes as a fault. */
  async names(
    folder: string,
    isWanted: (entry: Entry) => boolean,
  ): Promise<{ readonly names: readonly string[]; readonly faults: readonly BadFile[] }> {
    try {
      const entries = await this.#effects.list(folder);
      const wanted = entries.filter((entry) => !entry.name.startsWith('.') && isWanted(entry));
      const all = wanted.map(({ name }) => name);
      const names = all.toSorted().slice(0, maxEntries);
      const reason = `${all.length - names.length} of its ${all.length} entries are left out: expected at most ${maxEntries}`;
      const faults = all.length > maxEntries ? [{ path: folder, line: 1, reason }] : [];
      return { names, faults };
    } catch (error) {
      if (isMissing(error)) return { names: [], faults: [] };
      return { names: [], faults: [{ path: folder, line: 1, reason: messageOf(error) }] };
    }
  }

  /** A file, or what is wrong with it; `undefined` when it is not there. */
  async read(path: string, by: Folder['by']): Promise<Source | BadFile | undefined> {
    try {
      const info = await this.#effects.stat(path);
      const before = this.#known.get(path);
      const isSame = before?.bytes === info.bytes && before.modifiedMs === info.modifiedMs;
      if (isSame && before.path === info.path) return before.read;
      const read = await this.#readNew(path, by, info);
      this.#known.set(path, { ...info, read });
      return read;
    } catch (error) {
      return isMissing(error) ? undefined : { path, line: 1, reason: reasonOf(error) };
    }
  }

  async #readNew(path: string, by: Folder['by'], info: FileInfo): Promise<Source | BadFile> {
    const fault = (reason: string, line = 1) => ({ path, line, reason });
    if (info.kind !== 'file') return fault('expected a file');
    if (info.bytes > maxBytes)
      return fault(`it has ${info.bytes} bytes: expected at most ${maxBytes}`);
    const bytes = await this.#effects.read(path, { start: 0, end: maxBytes });
    const text = decode(bytes);
    if (text === undefined) return fault('expected UTF-8');
    const hidden = firstHidden(text);
    if (hidden !== undefined)
      return fault(`it holds the invisible character ${hidden.name}: take it out`, hidden.line);
    return { path, by, standing: await this.#standingOf(path, by, bytes), text };
  }

  async #standingOf(path: string, by: Folder['by'], bytes: Uint8Array): Promise<Standing> {
    if (by === 'user' || this.#trusted === undefined) return 'trusted';
    const wanted = Object.hasOwn(this.#trusted, path) ? this.#trusted[path] : undefined;
    if (wanted === undefined) return 'untrusted';
    const { createHash } = await import('node:crypto');
    return createHash('sha256').update(bytes).digest('hex') === wanted ? 'trusted' : 'changed';
  }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return message.includes('ELOOP') ? 'its links lead in a circle' : message;
}

function isMissing(error: unknown): boolean {
  return error instanceof KernelError && error.code === 'not_found';
}
