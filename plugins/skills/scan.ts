/** All skills of some folders. */

import { basename, dirname } from 'node:path';

import type { Effects } from '../../core/index.ts';
import { folderReader, withShadows } from '../markdown/folders.ts';
import type { BadFile, FolderOptions } from '../markdown/sources.ts';
import { readSkill, type Skill } from './skill.ts';

/** What is there, good and bad. */
export interface Scan {
  /** In the order of the folders, then of the names. */
  readonly skills: readonly Skill[];
  readonly faults: readonly BadFile[];
}

/** Gives a function that looks at the folders anew; files that stayed as they are, are not read again. */
export function scanner(effects: Effects, options: FolderOptions): () => Promise<Scan> {
  const read = folderReader(effects, options, {
    isWanted: ({ kind }) => kind !== 'file',
    inside: 'SKILL.md',
    read: (source) => readSkill(source, basename(dirname(source.path))),
  });
  return async () => {
    const { things, faults } = await read();
    return { skills: withShadows(things, ({ path }) => path), faults };
  };
}
