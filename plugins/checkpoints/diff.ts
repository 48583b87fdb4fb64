/** What a turn did to files as one unified diff. */

import { isAbsolute, relative } from 'node:path';

import type { Change as TextChange } from '../tools/patch/plan.ts';
import type { Contents } from './files/content.ts';
import type { Change, Image } from './image.ts';

/** A file that a turn changed; absolute. `to`: where it moved. */
export interface ChangedFile {
  readonly path: string;
  readonly kind: 'add' | 'delete' | 'update' | 'move';
  readonly to?: string;
}

/** Characters of a diff, over which the rest is only named. */
const maxDiff = 2_000_000;

/** The files that changes are about, a move seen as one. Folders are not named. */
export function filesOf(changes: readonly Change[]): readonly ChangedFile[] {
  return paired(changes).map(({ path, before, after, to }) => {
    if (to !== undefined) return { path, kind: 'move', to };
    const kind = before.kind === 'none' ? 'add' : after.kind === 'none' ? 'delete' : 'update';
    return { path, kind };
  });
}

/** The diff in git's form, paths as seen from `cwd`. What is no text is named, with the word binary. */
export async function unifiedDiffOf(
  changes: readonly Change[],
  { cwd, contents }: { readonly cwd: string; readonly contents: Pick<Contents, 'get'> },
): Promise<string> {
  const { unifiedDiff } = await import('../tools/patch/unified-diff.ts');
  let diff = '';
  for (const one of paired(changes)) {
    const shown = { ...one, path: shownPath(one.path, cwd), to: one.to && shownPath(one.to, cwd) };
    const [before, after] = [textOf(one.before, contents), textOf(one.after, contents)];
    const isText = before !== undefined && after !== undefined;
    if (!isText || diff.length > maxDiff) diff += named(shown, isText ? 'Large' : 'Binary');
    else diff += withModes(await unifiedDiff(textChange(shown, before, after)), shown);
  }
  return diff;
}

type Paired = Change & { readonly to?: string | undefined };

function paired(changes: readonly Change[]): readonly Paired[] {
  const files = changes.filter(({ before, after }) => !isFolder(before) && !isFolder(after));
  const added = files.filter(({ before }) => before.kind === 'none');
  const moves = new Map<Change, Change>();
  for (const one of files.filter(({ after }) => after.kind === 'none')) {
    const taken = new Set(moves.values());
    const to = added.find(({ after }) => hashOf(after) === hashOf(one.before) && !taken.has(one));
    if (to !== undefined && hashOf(one.before) !== undefined && ![...moves.values()].includes(to))
      moves.set(one, to);
  }
  const targets = new Set(moves.values());
  return files
    .filter((one) => !targets.has(one))
    .map((one) => ({ ...one, after: moves.get(one)?.after ?? one.after, to: moves.get(one)?.path }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const isFolder = ({ kind }: Image) => kind === 'folder';
const hashOf = (image: Image) => (image.kind === 'file' ? image.hash : undefined);

/** A folder's name as seen from another, when it lies in it. */
export function shownPath(path: string, cwd: string): string {
  const way = relative(cwd, path);
  return way === '' || way.startsWith('..') || isAbsolute(way) ? path.replace(/^\//, '') : way;
}

function textOf(image: Image, contents: Pick<Contents, 'get'>): string | undefined {
  if (image.kind === 'none') return '';
  if (image.kind === 'link') return image.target;
  const bytes = image.kind === 'file' ? contents.get(image.hash) : undefined;
  if (bytes === undefined || bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function textChange(
  { path, to, before: was, after: is }: Paired,
  before: string,
  after: string,
): TextChange {
  if (to !== undefined) return { kind: 'move', path, to, before, after };
  if (was.kind === 'none') return { kind: 'add', path, after };
  return is.kind === 'none'
    ? { kind: 'delete', path, before }
    : { kind: 'update', path, before, after };
}

function named({ path, before, after }: Paired, what: string): string {
  const from = before.kind === 'none' ? '/dev/null' : `a/${path}`;
  const to = after.kind === 'none' ? '/dev/null' : `b/${path}`;
  return `diff --git a/${path} b/${path}\n${what} files ${from} and ${to} differ\n`;
}

/** Modes as git writes them: whether a file can be run, and whether it is a link. */
function modeOf(image: Image): string {
  if (image.kind === 'link') return '120000';
  return image.kind === 'file' && (image.mode & 0o100) !== 0 ? '100755' : '100644';
}

function withModes(diff: string, { before, after }: Paired): string {
  const [was, is] = [modeOf(before), modeOf(after)];
  if (before.kind === 'none') return diff.replace('new file mode 100644', `new file mode ${is}`);
  if (after.kind === 'none')
    return diff.replace('deleted file mode 100644', `deleted file mode ${was}`);
  const end = diff.indexOf('\n') + 1;
  return was === is
    ? diff
    : `${diff.slice(0, end)}old mode ${was}\nnew mode ${is}\n${diff.slice(end)}`;
}
