/** All skills of some folders. */

import { basename, dirname, join } from 'node:path';

import type { Effects } from '../../core/index.ts';
import { isFault } from '../markdown/front-matter.ts';
import { type BadFile, type Folder, type FolderOptions, Sources } from '../markdown/sources.ts';
import { isActive, readSkill, type Skill } from './skill.ts';

/** What is there, good and bad. */
export interface Scan {
  /** In the order of the folders, then of the names. */
  readonly skills: readonly Skill[];
  readonly faults: readonly BadFile[];
}

/** Gives a function that looks at the folders anew; files that stayed as they are, are not read again. */
export function scanner(effects: Effects, options: FolderOptions): () => Promise<Scan> {
  const { folders = [], trusted } = options;
  const sources = new Sources(effects, trusted);
  return async () => {
    const scans = await Promise.all(folders.map((folder) => scanFolder(folder, sources)));
    const skills = withShadows(scans.flatMap((scan) => scan.skills));
    return { skills, faults: scans.flatMap((scan) => scan.faults) };
  };
}

async function scanFolder({ path: folder, by }: Folder, sources: Sources): Promise<Scan> {
  const { names, faults } = await sources.names(folder, ({ kind }) => kind !== 'file');
  const all = names.map((name) => scanSkill(join(folder, name, 'SKILL.md'), by, sources));
  const found = await Promise.all(all);
  return {
    skills: found.flatMap((one) => (isFault(one) ? [] : [one])),
    faults: [...faults, ...found.flatMap((one) => (isFault(one) ? [one] : []))],
  };
}

async function scanSkill(
  path: string,
  by: Folder['by'],
  sources: Sources,
): Promise<Skill | BadFile> {
  const source = await sources.read(path, by);
  if (source === undefined) return { path, line: 1, reason: 'expected this file in the folder' };
  if (isFault(source)) return source;
  const skill = await readSkill(source, basename(dirname(path)));
  return isFault(skill) ? { path, ...skill } : skill;
}

/** The first that may be used keeps the name. */
function withShadows(skills: readonly Skill[]): readonly Skill[] {
  const owners = new Map<string, string>();
  return skills.map((skill) => {
    const owner = owners.get(skill.name);
    if (owner !== undefined) return { ...skill, shadowedBy: owner };
    if (isActive(skill)) owners.set(skill.name, skill.path);
    return skill;
  });
}
