/** Names of files, sought while they are typed. */

import { basename } from 'node:path';

import type { NotificationParams } from '../schemas/notifications.ts';
import { worldRequests as shapes } from '../schemas/world-requests.ts';
import { type Method, RpcError, type Session } from '../session.ts';
import { method } from './method.ts';
import { routeTo } from './world.ts';

type Files = NotificationParams<'fuzzyFileSearch/sessionUpdated'>['files'];

interface Found {
  readonly root: string;
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly score: number;
  readonly indices: readonly number[];
}

/** A search that goes on: `since` is when its roots were listed, `query` what was typed last. */
interface Search {
  readonly roots: readonly string[];
  readonly since: number;
  query: string;
}

/** `fuzzyFileSearch`, once or in a session. */
export function searchMethods(): Readonly<Record<string, Method>> {
  const clients = new WeakMap<Session, Map<string, Search>>();
  const searchesOf = (session: Session) => {
    const searches = clients.get(session) ?? new Map<string, Search>();
    clients.set(session, searches);
    return searches;
  };
  return {
    fuzzyFileSearch: method(shapes.fuzzyFileSearch, async ({ query, roots }, session) => {
      return { files: await find(session, { query, roots }) };
    }),

    'fuzzyFileSearch/sessionStart': method(
      shapes['fuzzyFileSearch/sessionStart'],
      async ({ sessionId, roots }, session) => {
        const since = Date.now();
        await find(session, { query: '', roots, since });
        searchesOf(session).set(sessionId, { roots, since, query: '' });
        return {};
      },
    ),

    'fuzzyFileSearch/sessionUpdate': method(
      shapes['fuzzyFileSearch/sessionUpdate'],
      async ({ sessionId, query }, session, call) => {
        const search = searchesOf(session).get(sessionId);
        if (search === undefined)
          throw new RpcError('invalidRequest', `there is no search ${sessionId}`, {
            code: 'not_found',
          });
        search.query = query;
        const files = await find(session, search);
        call.after(() => {
          if (search.query !== query) return;
          session.notify('fuzzyFileSearch/sessionUpdated', { sessionId, query, files }, sessionId);
          session.notify('fuzzyFileSearch/sessionCompleted', { sessionId }, sessionId);
        });
        return {};
      },
    ),

    'fuzzyFileSearch/sessionStop': method(
      shapes['fuzzyFileSearch/sessionStop'],
      ({ sessionId }, session) => {
        searchesOf(session).delete(sessionId);
        return {};
      },
    ),
  };
}

interface Wanted {
  readonly query: string;
  readonly roots: readonly string[];
  readonly since?: number;
}

async function find(session: Session, { query, roots, since }: Wanted): Promise<Files> {
  if (roots.length === 0) return [];
  const route = await routeTo(session, roots[0]);
  const params = { query, roots, ...(since === undefined ? {} : { since }), ...route };
  const { files } = (await session.client.call('file/search', params, session.signal)) as {
    files: readonly Found[];
  }; // its result
  return files.map(({ root, path, kind, score, indices }) => {
    return {
      root,
      path,
      match_type: kind,
      file_name: basename(path),
      score,
      indices: [...indices],
    };
  });
}
