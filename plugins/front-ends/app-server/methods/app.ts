/** What the methods share: who follows which thread, who runs which tools, and what every client is told. */

import type { Client, KernelEvent, Settings, StatusEvent } from '../../../../core/index.ts';
import { statusOf } from '../items/status.ts';
import type { Translation } from '../items/translation.ts';
import type { NotificationName, NotificationParams } from '../schemas/notifications.ts';
import type { Server, Session } from '../session.ts';
import { Follower } from './follower.ts';
import { traitsOf } from './models.ts';
import { TurnDiffs } from './turn-diffs.ts';
import { readThread, wireThread } from './wire-thread.ts';

interface Follow {
  readonly thread: string;
  /** It has seen the thread up to this ordinal. */
  readonly translation: Translation;
  readonly after: number;
}

/** A command line of the user's that runs, in its turn. */
interface UserLine {
  readonly thread: string;
  readonly turn: string;
  readonly end: () => void;
}

export class App {
  /** Command lines of users that run. */
  readonly lines = new Set<UserLine>();
  readonly #followers = new WeakMap<Session, Map<string, Follower>>();
  /** Whose tools a thread has. */
  readonly #providers = new Map<string, Session>();
  /** The status that clients were told last, by thread. */
  readonly #told = new Map<string, string>();

  /** Tells clients of what happens beside the threads that they follow. */
  serve(server: Server): void {
    server.scope.use(server.client.listen((event) => this.#hear(server, event)));
  }

  /** From now on this client is told what happens in a thread, and asked. */
  follow(session: Session, { thread, translation, after }: Follow): void {
    this.unfollow(session, thread);
    const runsTools = () => {
      const provider = this.#providers.get(thread);
      return provider === undefined || provider === session || !provider.following.has(thread);
    };
    const options = { thread, session, translation, diffs: new TurnDiffs(), runsTools };
    const follower = new Follower(options);
    const own = this.#followers.get(session) ?? new Map<string, Follower>();
    this.#followers.set(session, own.set(thread, follower));
    void learnWindow(session.client, thread, translation);
    follower.start(after);
  }

  /** Ends it; what this client was asked is left to others. */
  unfollow(session: Session, thread: string): void {
    this.#followers.get(session)?.get(thread)?.stop();
    this.#followers.get(session)?.delete(thread);
    session.unfollow(thread);
  }

  /** This client has brought a thread's tools. */
  provides(session: Session, thread: string): void {
    this.#providers.set(thread, session);
    session.scope.defer(() => {
      if (this.#providers.get(thread) === session) this.#providers.delete(thread);
    });
  }

  /** Ends the lines of a thread, or of one turn of it; whether there was one. */
  endLines(thread: string, turn?: string): boolean {
    const own = [...this.lines].filter(
      (line) => line.thread === thread && (turn === undefined || line.turn === turn),
    );
    for (const line of own) line.end();
    return own.length > 0;
  }

  #hear(server: Server, event: KernelEvent | StatusEvent): void {
    switch (event.type) {
      case 'thread/status':
        return this.#status(server, event);
      case 'thread/started':
        return void this.#started(server, event.thread).catch(() => {}); // gone again meanwhile
      case 'thread/closed':
        return this.#closed(server, event.thread);
      case 'thread/removed':
        return tellAll(server, 'thread/deleted', { threadId: event.thread });
      case 'notice': {
        const { level, plugin, message } = event.notice;
        if (level === 'info') return;
        if (plugin === 'config')
          return tellAll(server, 'configWarning', { summary: message, details: null });
        return tellAll(server, 'warning', { threadId: null, message: `${plugin}: ${message}` });
      }
      case 'effect/decided':
      case 'log':
        return;
    }
  }

  /** Who follows the thread is told in the order of its items. */
  #status(server: Server, { thread, status }: StatusEvent): void {
    const wire = statusOf(status);
    const shown = JSON.stringify(wire);
    if (wire.type === 'notLoaded' || shown === (this.#told.get(thread) ?? idle)) return;
    this.#told.set(thread, shown);
    const params = { threadId: thread, status: wire };
    for (const session of server.sessions)
      if (!session.following.has(thread)) session.notify('thread/status/changed', params, thread);
  }

  /** A sub-agent's; of others the method that starts them tells. */
  async #started(server: Server, thread: string): Promise<void> {
    const { client } = server;
    const { items } = await client.request('thread/read', { thread, limit: 1 });
    const [first] = items;
    if (first?.type !== 'thread' || first.parent === undefined) return;
    const read = await readThread(client, thread);
    tellAll(server, 'thread/started', { thread: wireThread(read, server, []) });
  }

  #closed(server: Server, thread: string): void {
    this.endLines(thread);
    for (const session of server.sessions) this.#followers.get(session)?.delete(thread);
    this.#told.delete(thread);
    this.#providers.delete(thread);
    const status = { type: 'notLoaded' } as const;
    tellAll(server, 'thread/status/changed', { threadId: thread, status });
    tellAll(server, 'thread/closed', { threadId: thread });
  }
}

async function learnWindow(client: Client, thread: string, translation: Translation) {
  const traits = await traitsOf(client, thread, translation.settings);
  translation.modelWindow = traits?.window ?? null;
}

const idle = JSON.stringify({ type: 'idle' });

/** A notification for every client. */
export function tellAll<M extends NotificationName>(
  server: Pick<Server, 'broadcast'>,
  method: M,
  params: NotificationParams<M>,
): void {
  server.broadcast(method, params);
}

/** The model of these settings by its provider's name of it; the provider's own name when that is not known. */
export async function modelNameOf(
  client: Client,
  thread: string,
  settings: Settings,
): Promise<string> {
  if (settings.model !== undefined) return settings.model;
  return (await traitsOf(client, thread, settings))?.model ?? settings.provider;
}
