/** A command line of the user's in a thread: `!` in front of what is typed. */

import { newId, type Client } from '../../../../core/index.ts';
import { commandActions } from '../items/command-actions.ts';
import { type Ended, emptyTurn, endedTurn } from '../items/open-turn.ts';
import type { WireItemOf } from '../schemas/item.ts';
import type { NotificationName, NotificationParams } from '../schemas/notifications.ts';
import { threadRequests as shapes } from '../schemas/thread-requests.ts';
import type { Method, Server } from '../session.ts';
import { method } from './method.ts';
import { loadedThread } from './thread-life.ts';

/** `thread/shellCommand`: told to all who follow the thread, as part of the turn that runs or as one of its own. */
export const shellMethods: Readonly<Record<string, Method>> = {
  'thread/shellCommand': method(shapes['thread/shellCommand'], async (params, session, call) => {
    const { threadId: thread, command, timeoutMs } = params;
    const { client, server } = session;
    const { settings, status } = await loadedThread(client, thread);
    const limit = timeoutMs == null ? {} : { timeoutMs };
    const line = new ShellLine({ thread, command, cwd: settings.cwd, turn: status.turn }, server);
    call.after(() => {
      line.run(client, limit).catch((error: unknown) => server.log(String(error)));
    });
    return {};
  }),
};

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
  readonly #line: Line;
  readonly #server: Server;
  readonly #id = newId();
  readonly #turn: string;
  readonly #at = Date.now();

  constructor(line: Line, server: Server) {
    this.#line = line;
    this.#server = server;
    this.#turn = line.turn ?? newId();
  }

  /** Runs it, and tells of it from beginning to end whatever happens. */
  async run(client: Client, limit: object): Promise<void> {
    const { thread, command, cwd, turn: running } = this.#line;
    const inTurn = { threadId: thread, turnId: this.#turn };
    const own = { id: this.#turn, at: this.#at };
    if (running === undefined)
      this.#tell('turn/started', { threadId: thread, turn: emptyTurn(own) });
    this.#tell('item/started', { ...inTurn, item: this.#item(), startedAtMs: this.#at });
    const known = { thread, processId: this.#id };
    const ending = client.call('command/shell', { ...known, command, folder: cwd, ...limit });
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
    const end: Ended = { status: 'completed', error: null, at, durationMs: at - this.#at };
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
      const params = { threadId, turnId: this.#turn, itemId: this.#id, delta };
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
      command,
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

  #tell<M extends NotificationName>(name: M, params: NotificationParams<M>): void {
    for (const session of this.#server.sessions)
      if (session.following.has(this.#line.thread)) session.notify(name, params);
  }
}
