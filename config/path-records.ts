/** Small files of the user's state that record something by the real path of a repository. */

import { existsSync, readFileSync } from 'node:fs';
import { KernelError, messageOf } from '../core/errors.ts';
import { isSection } from './key-path.ts';
import { writePrivateFile } from './paths.ts';

/** What was recorded, by path. */
export type PathRecords<T> = Readonly<Record<string, T>>;

/** One kind of such files. */
export interface RecordFile<T> {
  /** Whether what is recorded of one path has its shape. */
  readonly isRecord: (data: unknown) => data is T;
  /** What a damaged file means, and what to do: the end of a sentence. */
  readonly advice: string;
}

/** The records of a file; none when there is no file. Throws KernelError `invalid` when it is damaged, and leaves it. */
export function readPathRecords<T>(
  file: string,
  { isRecord, advice }: RecordFile<T>,
): PathRecords<T> {
  if (!existsSync(file)) return bare({});
  const damaged = (why: string) =>
    new KernelError('invalid', `${file} is damaged (${why}): ${advice}`);
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw damaged(messageOf(error));
  }
  const paths = isSection(data) && data['version'] === 1 ? data['paths'] : undefined;
  if (!isSection(paths) || !hasRecords(paths, isRecord)) throw damaged('it has another shape');
  return bare(paths);
}

/** Without a prototype: a folder may be called `__proto__`. */
function bare<T>(paths: PathRecords<T>): PathRecords<T> {
  const empty: Record<string, T> = Object.create(null);
  return Object.assign(empty, paths);
}

/** Writes all records, in a file that only the user can read. */
export function writePathRecords<T>(file: string, paths: PathRecords<T>): void {
  writePrivateFile(file, `${JSON.stringify({ version: 1, paths }, null, 2)}\n`);
}

function hasRecords<T>(
  paths: Readonly<Record<string, unknown>>,
  isRecord: (data: unknown) => data is T,
): paths is PathRecords<T> {
  return Object.values(paths).every((one) => isRecord(one));
}
