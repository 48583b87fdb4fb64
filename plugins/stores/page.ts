/** Which of the stored threads a query asks for, and which page of them: the same in every store. */

import {
  KernelError,
  textOf,
  type ThreadList,
  type ThreadQuery,
  type ThreadSummary,
  type UserItem,
} from '../../core/index.ts';

const defaultLimit = 50;
const previewLength = 120;

/** A thread's place in lists: newest first, then by id. */
export interface Place {
  readonly id: string;
  readonly updatedMs: number;
}

/** Orders places for lists. */
export function newestFirst(a: Place, b: Place): number {
  return b.updatedMs - a.updatedMs || Number(b.id > a.id) - Number(b.id < a.id);
}

/** Whether a place comes after the query's cursor. Throws `invalid` when the cursor is none of ours. */
export function afterCursor(query: ThreadQuery): (place: Place) => boolean {
  if (query.cursor === undefined) return () => true;
  const [, updatedMs, id] = /^(\d+)\.(.+)$/.exec(query.cursor) ?? [];
  if (updatedMs === undefined || id === undefined) {
    throw new KernelError(
      'invalid',
      `expected the \`next\` of an earlier list as cursor, but got ${JSON.stringify(query.cursor)}`,
    );
  }
  const last = { id, updatedMs: Number(updatedMs) };
  return (place) => newestFirst(last, place) < 0;
}

/**
 * The first page of `candidates`, which come newest first and are drawn only as far as needed. An absent `archived`
 * means those that are not; `search` looks in name and preview, whatever the case.
 */
export function pageOf(candidates: Iterable<ThreadSummary>, query: ThreadQuery): ThreadList {
  const limit = Math.max(1, query.limit ?? defaultLimit);
  const threads: ThreadSummary[] = [];
  for (const candidate of candidates) {
    if (!matches(candidate, query)) continue;
    const last = threads.at(-1);
    if (threads.length === limit && last !== undefined)
      return { threads, next: `${last.updatedMs}.${last.id}` };
    threads.push(candidate);
  }
  return { threads };
}

/** Whether a thread that was started in `cwd` by `parent` can be among what a query asks for. */
export function mayMatch(
  thread: Pick<ThreadSummary, 'cwd' | 'parent'>,
  query: ThreadQuery,
): boolean {
  if (query.cwd !== undefined && thread.cwd !== query.cwd) return false;
  return query.parent === undefined || thread.parent === query.parent;
}

function matches(thread: ThreadSummary, query: ThreadQuery): boolean {
  if (!mayMatch(thread, query) || thread.archived !== (query.archived ?? false)) return false;
  if (query.search === undefined) return true;
  const wanted = query.search.toLowerCase();
  return `${thread.name ?? ''}\n${thread.preview}`.toLowerCase().includes(wanted);
}

/** The first words of an input, on one line. */
export function previewOf(user: UserItem): string {
  const text = textOf(user.content).replace(/\s+/g, ' ').trim();
  return text.length <= previewLength ? text : `${text.slice(0, previewLength - 1).trimEnd()}…`;
}

/** Ids name files: letters, digits, `-` and `_`. Throws `invalid` for any other. */
export function checkId(id: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(id)) return;
  const shown = JSON.stringify(id.slice(0, 200));
  throw new KernelError(
    'invalid',
    `expected a thread id of letters, digits, "-" and "_", but got ${shown}`,
  );
}
