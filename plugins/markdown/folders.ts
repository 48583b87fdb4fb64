/** Folders of Markdown files, each of which declares one thing: a skill, a role, a command. */

import { join } from 'node:path';

import type { Effects } from '../../core/index.ts';
import { type Fault, isFault } from './front-matter.ts';
import {
  type BadFile,
  type Entry,
  type Folder,
  type FolderOptions,
  type Source,
  Sources,
  type Standing,
} from './sources.ts';

/** What folders hold: things in the order of the folders, then of the names, and files that could not be used. */
export interface Found<T> {
  readonly things: readonly T[];
  readonly faults: readonly BadFile[];
}

/** Where in a folder the files of one kind lie, and what is made of one. */
export interface FileKind<T> {
  readonly isWanted: (entry: Entry) => boolean;
  /** The path inside a wanted entry; absent: the entry is the file. */
  readonly inside?: string;
  readonly read: (source: Source) => Promise<T | Fault>;
}

/** Entries that are Markdown files, or may be links to such. */
export const isMarkdown = ({ name, kind }: Entry) => name.endsWith('.md') && kind !== 'directory';

/** Gives a function that looks at the folders anew; files that stayed as they are, are not read again. */
export function folderReader<T extends object>(
  effects: Effects,
  { folders = [], trusted }: FolderOptions,
  kind: FileKind<T>,
): () => Promise<Found<T>> {
  const sources = new Sources(effects, trusted);
  return async () => {
    const found = await Promise.all(folders.map((folder) => readFolder(folder, sources, kind)));
    return {
      things: found.flatMap((one) => one.things),
      faults: found.flatMap((one) => one.faults),
    };
  };
}

async function readFolder<T extends object>(
  { path: folder, by }: Folder,
  sources: Sources,
  { isWanted, inside, read }: FileKind<T>,
): Promise<Found<T>> {
  const { names, faults } = await sources.names(folder, isWanted);
  const readOne = async (name: string): Promise<T | BadFile | undefined> => {
    const path = join(folder, name, inside ?? '');
    const source = await sources.read(path, by);
    if (source === undefined && inside !== undefined)
      return { path, line: 1, reason: 'expected this file in the folder' };
    if (source === undefined || isFault(source)) return source;
    const thing = await read(source);
    return isFault(thing) ? { path, ...thing } : thing;
  };
  const all = (await Promise.all(names.map(readOne))).filter((one) => one !== undefined);
  return {
    things: all.flatMap((one) => (isBad(one) ? [] : [one])),
    faults: [...faults, ...all.filter(isBad)],
  };
}

/** What is no fault is what the kind's `read` gave. */
const isBad = (one: object): one is BadFile => isFault(one);

/** A thing that has its name to itself, or stands behind another of that name. */
export interface Named {
  readonly name: string;
  readonly standing: Standing;
  /** Where another of the same name stands before it, where that one comes from. */
  readonly shadowedBy?: string;
}

/** Whether a thing takes part. */
export const isActive = ({ standing, shadowedBy }: Named) =>
  standing === 'trusted' && shadowedBy === undefined;

/** The first that may be used keeps the name; `from` says where a thing comes from. */
export function withShadows<T extends Named>(
  things: readonly T[],
  from: (thing: T) => string,
): readonly T[] {
  const owners = new Map<string, string>();
  return things.map((thing) => {
    const owner = owners.get(thing.name);
    if (owner !== undefined) return { ...thing, shadowedBy: owner };
    if (isActive(thing)) owners.set(thing.name, from(thing));
    return thing;
  });
}
