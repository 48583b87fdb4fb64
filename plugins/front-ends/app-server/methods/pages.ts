/** Lists in pages: a cursor is the id of an entry, after which the page begins. */

import { RpcError } from '../session.ts';

interface Wanted {
  readonly cursor?: string | null | undefined;
  readonly limit?: number | null | undefined;
}

/** Entries first to last, and how to name them. */
interface Listed<T> {
  readonly all: readonly T[];
  readonly idOf: (one: T) => string;
  readonly isNewestFirst?: boolean;
}

/** `backwardsCursor` leads, in the other direction, to what comes before the page. */
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
  backwardsCursor: string | null;
}

const defaultLimit = 50;

/** A page of a list. Throws RpcError -32602 for a cursor that is none of its entries. */
export function pageOf<T>(
  { all, idOf, isNewestFirst = false }: Listed<T>,
  wanted: Wanted,
): Page<T> {
  const { cursor, limit } = wanted;
  const ordered = isNewestFirst ? all.toReversed() : all;
  const start = cursor == null ? 0 : ordered.findIndex((one) => idOf(one) === cursor) + 1;
  if (cursor != null && start === 0) {
    const message = `cursor: expected one of an earlier answer, but got "${cursor}"`;
    throw new RpcError('invalidParams', message, { path: 'cursor' });
  }
  const data = ordered.slice(start, start + (limit ?? defaultLimit));
  const [first, last] = [data[0], data.at(-1)];
  const hasMore = start + data.length < ordered.length && last !== undefined;
  return {
    data,
    nextCursor: hasMore ? idOf(last) : null,
    backwardsCursor: first === undefined ? null : idOf(first),
  };
}
