/** `spindle app-server`: the server and what it listens on. */

import { messageOf, type Client } from '../../../core/index.ts';
import type { AppServerOptions } from '../app-server.ts';
import { parse } from '../command-line/parse.ts';
import { exitCodeOfSignal } from '../command-line/run.ts';
import { readAddress, type Address } from '../serving/address.ts';
import { afterTurns } from './farewell.ts';
import { RunningServer } from './server.ts';
import { streamTransport } from './transports/stream.ts';

interface Served {
  readonly options: AppServerOptions;
  /** The front end's own client. */
  readonly client: Client;
  readonly signal: AbortSignal;
}

const log = (message: string) => void process.stderr.write(`spindle app-server: ${message}\n`);

/**
 * Serves until the signal is aborted; on stdio alone, until its end of input. Resolves to the exit code: 2 for what was
 * typed, 1 when an address cannot be listened on.
 */
export async function serve(argv: readonly string[], served: Served): Promise<number> {
  const { options, client, signal } = served;
  if (argv[0] === 'schema')
    return (await import('./schema-command.ts')).writeSchema(argv.slice(1), options);
  let addresses: readonly Address[];
  try {
    addresses = addressesOf(argv, options.cwd ?? process.cwd());
  } catch (error) {
    log(messageOf(error));
    return 2;
  }
  const connect = options.connect ?? (() => client);
  await using server = new RunningServer({
    options,
    connect,
    log,
    signal: afterTurns(signal, connect('app-server')),
    load: async () => (await import('./methods/table.ts')).methodTable(),
  });
  try {
    await serveAll(addresses, server);
  } catch (error) {
    log(messageOf(error));
    return 1;
  }
  return signal.aborted ? exitCodeOfSignal(signal) : 0;
}

function addressesOf(argv: readonly string[], cwd: string): readonly Address[] {
  const { flags } = parse(argv, {
    listen: { takes: 'ADDRESS', many: true },
    cd: { takes: 'FOLDER' },
  });
  return (flags.listen ?? ['stdio://']).map((text) => readAddress(text, cwd));
}

async function serveAll(addresses: readonly Address[], server: RunningServer): Promise<void> {
  const { signal } = server;
  const { stdin: input, stdout: output } = process;
  const others = addresses.filter((address) => address.kind !== 'stdio');
  await using _listeners =
    others.length === 0
      ? undefined
      : await (await import('./listeners.ts')).listenOn(others, { server, signal });
  if (others.length < addresses.length)
    await server.serve(streamTransport({ input, output, name: 'stdio', signal }));
  if (others.length > 0) await aborted(signal);
  await server.dismiss();
}

async function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  if (!signal.aborted) await promise;
}
