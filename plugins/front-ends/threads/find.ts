/** Threads as users name them. */

import { KernelError } from '../../../core/index.ts';
import type { Client, ThreadQuery, ThreadSummary } from '../../../core/index.ts';
import type { Named } from './words.ts';

/** A thread by the start of its id, or the last one of a folder. */
export type ThreadName = { readonly thread: string } | { readonly lastIn: string };

const wholeId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;

/** The id of the thread. Throws KernelError `not_found`, or `invalid` with the candidates when the start is not unique. */
export async function findThread(client: Client, name: ThreadName): Promise<string> {
  if ('lastIn' in name) return lastThread(client, name.lastIn);
  const { thread: start } = name;
  if (wholeId.test(start)) return start;
  const found: ThreadSummary[] = [];
  for await (const one of allThreads(client, {}))
    if (one.id.startsWith(start) && start !== '') found.push(one);
  const [first, second] = found;
  if (first === undefined)
    throw new KernelError(
      'not_found',
      `there is no thread "${start}"; "spindle thread list --all" shows those there are`,
    );
  if (second === undefined) return first.id;
  const candidates = found.slice(0, 5).map(({ id, preview }) => `${id} (${preview.slice(0, 40)})`);
  throw new KernelError(
    'invalid',
    `expected one thread, but ${found.length} begin with "${start}": ${candidates.join(', ')}`,
  );
}

/** The ids of threads that a command line names. */
export async function findThreads(
  named: Named,
  { client, cwd }: { readonly client: Client; readonly cwd: string },
): Promise<readonly [string, ...string[]]> {
  const [first, ...others] = named === 'last' ? [] : named;
  if (first === undefined) return [await findThread(client, { lastIn: cwd })];
  const ids: [string, ...string[]] = [await findThread(client, { thread: first })];
  for (const thread of others) ids.push(await findThread(client, { thread }));
  return ids;
}

async function lastThread(client: Client, cwd: string): Promise<string> {
  for await (const { id, parent } of allThreads(client, { cwd, archived: false, limit: 10 }))
    if (parent === undefined) return id; // no sub-agent's
  throw new KernelError(
    'not_found',
    `no thread has run in ${cwd}; "spindle thread list --all" shows those of other folders`,
  );
}

/** All threads that a query finds, newest first, archived ones after the others unless the query says which. */
export async function* allThreads(
  client: Client,
  query: ThreadQuery,
): AsyncGenerator<ThreadSummary> {
  for (const archived of query.archived === undefined ? [false, true] : [query.archived]) {
    let cursor: string | undefined;
    do {
      const page = await client.request('thread/list', { limit: 200, ...query, archived, cursor });
      yield* page.threads;
      cursor = page.next;
    } while (cursor !== undefined);
  }
}
