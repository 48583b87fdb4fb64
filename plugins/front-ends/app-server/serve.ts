/** `spindle app-server`: the server and what it listens on. */

import { messageOf, type Client } from '../../../core/index.ts';
import type { AppServerOptions } from '../app-server.ts';
import { parse } from '../command-line/parse.ts';
import { exitCodeOfSignal } from '../command-line/run.ts';
import { RunningServer } from './server.ts';
import { streamTransport } from './transports/stream.ts';

interface Served {
  readonly options: AppServerOptions;
  /** The front end's own client. */
  readonly client: Client;
  readonly signal: AbortSignal;
}

const log = (message: string) => void process.stderr.write(`spindle app-server: ${message}\n`);

/** Serves until the signal is aborted, or, on stdio alone, until its end of input. Resolves to the exit code. */
export async function serve(argv: readonly string[], served: Served): Promise<number> {
  const { options, client, signal } = served;
  try {
    parse(argv, { listen: { takes: 'ADDRESS', many: true }, cd: { takes: 'FOLDER' } });
  } catch (error) {
    log(messageOf(error));
    return 2;
  }
  await using server = new RunningServer({
    options,
    connect: options.connect ?? (() => client),
    log,
    signal,
    load: async () => (await import('./methods/table.ts')).methodTable,
  });
  const { stdin: input, stdout: output } = process;
  await server.serve(streamTransport({ input, output, name: 'stdio', signal }));
  return signal.aborted ? exitCodeOfSignal(signal) : 0;
}
