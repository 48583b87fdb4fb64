/** Names of files, found by a few of their letters. */

import {
  type Argv,
  type Effects,
  KernelError,
  messageOf,
  type RequestHandler,
} from '../../core/index.ts';
import { FileIndex } from './file-index.ts';
import type { FoundPath } from './fuzzy.ts';
import { number, request, text, texts } from './request.ts';

/** An index that is older is made anew. */
const freshMs = 5000;
/** Indexes that are kept, the last used. */
const maxIndexes = 8;
const defaultLimit = 50;
const timeoutMs = 60_000;

interface Kept {
  readonly index: Promise<FileIndex>;
  readonly atMs: number;
}

/**
 * `file/search` {query, roots, limit, since} gives `{files}`, best first, each with root, path, kind, score and the places
 * of the query's letters. What .gitignore names is left out. An index of a root is used for some seconds; `since`: one
 * made at this time (ms since 1970) or later is fresh enough.
 */
export function searchRequests(): readonly RequestHandler[] {
  const kept = new Map<string, Kept>();
  const indexOf = (root: string, since: number, effects: Effects): Promise<FileIndex> => {
    const known = kept.get(root);
    kept.delete(root);
    const isFresh = known !== undefined && known.atMs >= since;
    const one = isFresh ? known : { index: readIndex(root, effects), atMs: Date.now() };
    kept.set(root, one);
    for (const old of [...kept.keys()].slice(0, -maxIndexes)) kept.delete(old);
    if (!isFresh) one.index.catch(() => kept.get(root) === one && kept.delete(root));
    return one.index;
  };
  const properties = { query: text, roots: texts, limit: number, since: number };
  return [
    request('file/search', properties, async (params, { effects, signal }) => {
      const query = params.maybeText('query') ?? '';
      const limit = params.number('limit') ?? defaultLimit;
      const since = params.number('since') ?? Date.now() - freshMs;
      const found = await Promise.all(
        params.texts('roots').map(async (root) => {
          const index = await indexOf(root, since, effects);
          return index.find(query, limit).map((one) => ({ root, ...one }));
        }),
      );
      signal.throwIfAborted();
      return { files: found.flat().toSorted(bestFirst).slice(0, limit) };
    }),
  ];
}

const bestFirst = (a: FoundPath, b: FoundPath) =>
  b.score - a.score || a.path.length - b.path.length || (a.path < b.path ? -1 : 1);

/** What ripgrep lists in a root, as the client that asks. */
async function readIndex(root: string, effects: Effects): Promise<FileIndex> {
  await effects.list(root); // judged, and told when it is not there
  const listed: Uint8Array[] = [];
  const errors: Uint8Array[] = [];
  const args = [
    '--no-config',
    '--files',
    '--hidden',
    '--no-require-git',
    '--null',
    '--glob=!.git',
    '--',
    '.',
  ];
  const child = await spawnFirst(await programs(), effects, {
    args,
    cwd: root,
    onOutput: (bytes, stream) => void (stream === 'stdout' ? listed : errors).push(bytes),
  });
  const { code, timedOut } = await child.exited;
  // 1: nothing is there; 2: some folder could not be read.
  const isLost = code === 2 && listed.length === 0;
  if (isLost || timedOut || code === null)
    throw new KernelError(
      'invalid',
      `cannot list ${root}: ${Buffer.concat(errors).toString().trim()}`,
    );
  return new FileIndex(Buffer.concat(listed).toString().split('\0').map(withoutDot));
}

const withoutDot = (path: string) => (path.startsWith('./') ? path.slice(2) : path);

interface Listing {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly onOutput: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => void;
}

async function spawnFirst(names: readonly string[], effects: Effects, { args, ...rest }: Listing) {
  for (const name of names) {
    try {
      const argv: Argv = [name, ...args];
      return await effects.spawn({ ...rest, argv, timeoutMs });
    } catch (error) {
      if (!(error instanceof KernelError) || error.code !== 'not_found') throw error;
    }
  }
  throw new KernelError(
    'not_found',
    'expected ripgrep to list files with, but found none: install it',
  );
}

/** The ripgrep that comes with the program, else the one on PATH. */
async function programs(): Promise<readonly string[]> {
  try {
    return [(await import('@vscode/ripgrep')).rgPath, 'rg'];
  } catch (error) {
    if (!messageOf(error).includes('ripgrep')) throw error;
    return ['rg'];
  }
}
