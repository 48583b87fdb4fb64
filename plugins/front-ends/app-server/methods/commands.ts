/** Commands of the client's own, outside of threads. */

import { worldRequests as shapes } from '../schemas/world-requests.ts';
import type { Method, Session } from '../session.ts';
import { method } from './method.ts';
import { routeTo, Started } from './world.ts';

interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly dataBase64: string;
  readonly isLast: boolean;
}

interface Executed {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** `command/exec`, and what is sent to one that runs. */
export function commandMethods(): Readonly<Record<string, Method>> {
  const clients = new WeakMap<Session, Started>();
  const startedBy = (session: Session) => {
    const started = clients.get(session) ?? new Started();
    clients.set(session, started);
    return started;
  };
  const send = async (name: string, params: { readonly processId: string }, session: Session) => {
    const started = startedBy(session);
    const { processId } = params;
    const known = { processId: started.nameOf(processId), ...(await started.route(processId)) };
    await session.client.call(name, { ...params, ...known }, session.signal);
    return {};
  };
  return {
    'command/exec': method(shapes['command/exec'], async (params, session) => {
      const { cwd, ...others } = params;
      const { processId } = params;
      const routing = routeTo(session, cwd);
      if (processId == null)
        return execute(session, { ...others, folder: cwd, ...(await routing) });
      const started = startedBy(session);
      using _running = started.begin(processId, routing);
      const known = { processId: started.nameOf(processId), ...(await routing) };
      const executing = execute(session, { ...others, folder: cwd, ...known });
      const isStreamed = params.streamStdoutStderr === true || params.tty === true;
      // What it writes is told before it is told to have ended.
      if (isStreamed) await stream(session, processId, known).catch(() => {});
      return await executing; // else its name would be free before it has ended
    }),
    'command/exec/write': method(shapes['command/exec/write'], (params, session) =>
      send('command/exec/write', params, session),
    ),
    'command/exec/resize': method(shapes['command/exec/resize'], (params, session) =>
      send('command/exec/resize', params, session),
    ),
    'command/exec/terminate': method(shapes['command/exec/terminate'], (params, session) =>
      send('command/exec/terminate', params, session),
    ),
  };
}

const execute = async ({ client, signal }: Session, params: object) =>
  (await client.call('command/exec', params, signal)) as Executed; // its result

/** Its output as it comes, until it has ended. */
async function stream(session: Session, processId: string, known: object): Promise<void> {
  const { client, signal } = session;
  for (;;) {
    const told = await client.call('command/exec/output', known, signal);
    const { pieces, isOver } = told as { pieces: readonly Piece[]; isOver: boolean }; // its result
    for (const { stream: of, dataBase64: deltaBase64, isLast: capReached } of pieces)
      session.notify('command/exec/outputDelta', {
        processId,
        stream: of,
        deltaBase64,
        capReached,
      });
    if (isOver) return;
  }
}
