/** A command line of the user's in a thread: `!` in front of what is typed. */

import { newId, type Client } from '../../../../core/index.ts';
import { commandActions } from '../items/command-actions.ts';
import { commandLine } from '../items/command-line.ts';
import { type Ended, emptyTurn, endedTurn } from '../items/open-turn.ts';
import type { WireItemOf } from '../schemas/item.ts';
import type { NotificationName, NotificationParams } from '../schemas/notifications.ts';
import { threadRequests as shapes } from '../schemas/thread-requests.ts';
import type { Method, Server, Session } from '../session.ts';
import type { App } from './app.ts';
import { method } from './method.ts';
import { loadedThread } from './thread-life.ts';

/** `thread/shellCommand`: told to all who follow the thread, as part of the turn that runs or as one of its own. */
export const shellMethods = (app: App): Readonly<Record<string, Method>> => ({
  'thread/shellCommand': method(shapes['thread/shellCommand'], async (params, session, call) => {
    const { threadId: thread, command, timeoutMs } = params;
    const { client, server } = session;
    const { settings, status } = await loadedThread(client, thread);
    const limit = timeoutMs == null ? {} : { timeoutMs };
    const line = new ShellLine({ thread, command, cwd: settings.cwd, turn: status.turn }, server);
    call.after(() => {
      app.lines.add(line);
      void line
        .run(client, limit)
        .catch((error: unknown) => server.log(String(error)))
        .finally(() => app.lines.delete(line));
    });
    return {};
  }),
});

interface Line {
  readonly thread: string;
  readonly command: string;
  readonly cwd: string;
  /** The turn that runs. */
  readonly turn?: string | undefined;
}

interface Ran {
  readonly exitCode: number;
  readonly output: string;
  readonly durationMs: number;
}

class ShellLine {
  readonly thread: string;
  /** Its own, or the one that ran when it began. */
  readonly turn: string;
  readonly #line: Line;
  readonly #server: Server;
  readonly #id = newId();
  readonly #at = Date.now();
  readonly #ending = new AbortController();
  readonly #told = new WeakSet<Session>();

  constructor(line: Line, server: Server) {
    this.#line = line;
    this.#server = server;
    this.thread = line.thread;
    this.turn = line.turn ?? newId();
  }

  /** Ends it, as an interrupt of its turn does. */
  end(): void {
    this.#ending.abort();
  }

  /** Runs it, and tells of it from beginning to end whatever happens. */
  async run(client: Client, limit: object): Promise<void> {
    const { thread, command, cwd, turn: running } = this.#line;
    const inTurn = { threadId: thread, turnId: this.turn };
    const own = { id: this.turn, at: this.#at };
    if (running === undefined)
      this.#tell('turn/started', { threadId: thread, turn: emptyTurn(own) });
    this.#tell('item/started', { ...inTurn, item: this.#item(), startedAtMs: this.#at });
    const known = { thread, processId: this.#id };
    const shell = { ...known, command, folder: cwd, ...limit };
    const ending = client.call('command/shell', shell, this.#ending.signal);
    await this.#stream(client, known).catch(() => {});
    const ran = await ending.then(
      (result) => result as Ran, // its result
      (error: unknown) => ({ exitCode: null, output: String(error), durationMs: 0 }),
    );
    const at = Date.now();
    this.#tell('item/completed', {
      ...inTurn,
      item: this.#item({ ...ran, at }),
      completedAtMs: at,
      contentTokenCount: null,
    });
    if (running !== undefined) return;
    const status = this.#ending.signal.aborted ? 'interrupted' : 'completed';
    const end: Ended = { status, error: null, at, durationMs: at - this.#at };
    this.#tell('turn/completed', { threadId: thread, turn: endedTurn({ ...own, user: [] }, end) });
  }

  async #stream(client: Client, known: object): Promise<void> {
    const { thread: threadId } = this.#line;
    const decoder = new TextDecoder();
    for (;;) {
      const told = await client.call('command/exec/output', known);
      const { pieces, isOver } = told as { pieces: { dataBase64: string }[]; isOver: boolean }; // its result
      const bytes = Buffer.concat(
        pieces.map(({ dataBase64 }) => Buffer.from(dataBase64, 'base64')),
      );
      const delta = decoder.decode(bytes, { stream: true });
      const params = { threadId, turnId: this.turn, itemId: this.#id, delta };
      if (delta !== '') this.#tell('item/commandExecution/outputDelta', params);
      if (isOver) return;
    }
  }

  #item(
    ran?: Omit<Ran, 'exitCode'> & { exitCode: number | null; at: number },
  ): WireItemOf<'commandExecution'> {
    const { command, cwd } = this.#line;
    const status = ran === undefined ? 'inProgress' : ran.exitCode === 0 ? 'completed' : 'failed';
    return {
      type: 'commandExecution',
      id: this.#id,
      command: commandLine(command),
      cwd,
      processId: null,
      source: 'userShell',
      status,
      commandActions: commandActions(command),
      aggregatedOutput: ran?.output ?? null,
      exitCode: ran?.exitCode ?? null,
      durationMs: ran?.durationMs ?? null,
      pluginId: null,
      scriptPath: null,
      startedAtMs: this.#at,
      completedAtMs: ran?.at ?? null,
    };
  }

  /** Who follows the thread; when it is ended, also who was told that it began, since its thread may be closed. */
  #tell<M extends NotificationName>(name: M, params: NotificationParams<M>): void {
    for (const session of this.#server.sessions) {
      const isFollowing = session.following.has(this.thread);
      if (isFollowing) this.#told.add(session);
      if (isFollowing || (this.#ending.signal.aborted && this.#told.has(session)))
        session.notify(name, params);
    }
  }
}
