/** Files of the user's machine, as the client: through the gate, within the roots. */

import type { NotificationParams } from '../schemas/notifications.ts';
import { worldRequests as shapes } from '../schemas/world-requests.ts';
import type { Method, Session } from '../session.ts';
import { method } from './method.ts';
import { routeTo, type Route, Started } from './world.ts';

type OneFile =
  | 'fs/readFile'
  | 'fs/writeFile'
  | 'fs/createDirectory'
  | 'fs/getMetadata'
  | 'fs/readDirectory'
  | 'fs/remove';

/** `fs/*`. */
export function fileMethods(): Readonly<Record<string, Method>> {
  const clients = new WeakMap<Session, Started>();
  const startedBy = (session: Session) => {
    const started = clients.get(session) ?? new Started();
    clients.set(session, started);
    return started;
  };
  return {
    'fs/readFile': plain('fs/readFile'),
    'fs/writeFile': plain('fs/writeFile'),
    'fs/createDirectory': plain('fs/createDirectory', { recursive: true }),
    'fs/getMetadata': plain('fs/getMetadata'),
    'fs/readDirectory': plain('fs/readDirectory'),
    'fs/remove': plain('fs/remove', { recursive: true, force: true }),

    'fs/copy': method(shapes['fs/copy'], async (params, session) => {
      const route = await routeTo(session, params.destinationPath);
      await session.client.call('fs/copy', { ...params, ...route }, session.signal);
      return {};
    }),

    'fs/watch': method(shapes['fs/watch'], async ({ path, watchId }, session) => {
      const watching = new Watching(session, startedBy(session), watchId);
      await watching.start(path, routeTo(session, path));
      return { path };
    }),

    'fs/unwatch': method(shapes['fs/unwatch'], async ({ watchId }, session) => {
      const started = startedBy(session);
      const known = { watchId: started.nameOf(watchId), ...(await started.route(watchId)) };
      await session.client.call('fs/unwatch', known);
      return {};
    }),
  };
}

/** One whose parameters and result are the kernel request's of the same name; what is left out is as in `defaults`. */
function plain(name: OneFile, defaults: Readonly<Record<string, boolean>> = {}): Method {
  const { params, result } = shapes[name];
  return {
    params,
    result,
    run: async (given, session) => {
      const wanted = given as { readonly path: string }; // parsed by the schema
      const route = await routeTo(session, wanted.path);
      const said = Object.entries(wanted).filter(([, value]) => value !== null);
      const whole = { ...defaults, ...Object.fromEntries(said), ...route };
      return session.client.call(name, whole, session.signal);
    },
  };
}

/** A path that is watched for a client. */
class Watching {
  readonly #session: Session;
  readonly #started: Started;
  readonly #id: string;

  constructor(session: Session, started: Started, id: string) {
    this.#session = session;
    this.#started = started;
    this.#id = id;
  }

  /** Resolves once it watches. Throws what keeps it from that. */
  async start(path: string, routing: Promise<Route>): Promise<void> {
    const { client, signal, server } = this.#session;
    const begun = this.#started.begin(this.#id, routing);
    const params = { watchId: this.#started.nameOf(this.#id), ...(await routing) };
    const watched = client.call('fs/watch', { path, ...params }, signal);
    void watched.catch(() => {}).finally(() => begun[Symbol.dispose]());
    const { isOver } = await this.#changes(params).catch(() => ({ isOver: true }));
    if (isOver) return void (await watched);
    void this.#tell(params).catch((error: unknown) => {
      if (!signal.aborted) server.log(`fs/watch: ${String(error)}`);
    });
  }

  async #changes(params: object): Promise<{ paths: string[]; isOver: boolean }> {
    const { client, signal } = this.#session;
    return (await client.call('fs/watch/changes', params, signal)) as never; // its result
  }

  async #tell(params: object): Promise<void> {
    for (;;) {
      const { paths: changedPaths, isOver } = await this.#changes(params);
      const changed: NotificationParams<'fs/changed'> = { watchId: this.#id, changedPaths };
      if (changedPaths.length > 0) this.#session.notify('fs/changed', changed);
      if (isOver) return;
    }
  }
}
