/** Which kernel acts for a client, and under which names: what one client starts no other can reach. */

import { isAbsolute, relative } from 'node:path';

import { newId } from '../../../../core/index.ts';
import { RpcError, type Session } from '../session.ts';
import { loadedThreads } from './wire-thread.ts';

/** Parameters that lead a request to the kernel of a thread, or to the server's own. */
export interface Route {
  readonly thread?: string;
}

/** What one client has started, by the names that it gave. */
export class Started {
  readonly #prefix = `${newId()}:`;
  readonly #routes = new Map<string, Promise<Route>>();

  /** The name by which the kernel knows it. */
  readonly nameOf = (id: string) => this.#prefix + id;

  /** From now on, until disposed, it is reached there. Throws RpcError -32600 when the name is taken. */
  begin(id: string, route: Promise<Route>): Disposable {
    if (this.#routes.has(id))
      throw new RpcError('invalidRequest', `"${id}" is taken: give another name`, {
        code: 'conflict',
      });
    this.#routes.set(id, route);
    return { [Symbol.dispose]: () => void this.#routes.delete(id) };
  }

  /** Where it is. Throws RpcError -32600. */
  route(id: string): Promise<Route> {
    const route = this.#routes.get(id);
    if (route !== undefined) return route;
    throw new RpcError('invalidRequest', `there is no "${id}", or it has ended`, {
      code: 'not_found',
    });
  }
}

/** To the kernel of a loaded thread that works on this path, else to the server's own: each within its own roots. */
export async function routeTo(session: Session, path: string | null | undefined): Promise<Route> {
  if (path == null) return {};
  const threads = await loadedThreads(session.client);
  const isIn = (root: string) => {
    const way = relative(root, path);
    return !way.startsWith('..') && !isAbsolute(way);
  };
  const own = [...threads.values()].find(({ settings: { cwd } }) => isIn(cwd));
  return own === undefined ? {} : { thread: own.id };
}
