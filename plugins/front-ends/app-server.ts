import { frontEnds } from '../../core/index.ts';
import type { Client, Plugin } from '../../core/index.ts';
import type { ServedConfiguration } from './app-server/configuration.ts';
import { serve } from './app-server/serve.ts';

/** Options of `app-server`, given by the program that it is part of. */
export interface AppServerOptions {
  /** The kernel protocol under a client's name, for all folders that are served; default: the front end's own client. */
  readonly connect?: (name: string) => Client;
  /** The program's version. */
  readonly version?: string;
  /** The folder of the program's state. */
  readonly home?: string;
  /** The configuration, to read and write; default: there is none. */
  readonly configuration?: ServedConfiguration;
  /** Writes a file that a flag names, with the folders above it; default: none can be written. */
  readonly write?: (path: string, text: string) => Promise<void>;
  /** The folder that requests mean which name none; default: the process's. */
  readonly cwd?: string;
  /** A thread that no client follows and that does nothing for so long is unloaded; default: half an hour. */
  readonly unloadAfterMs?: number;
}

/**
 * `spindle app-server [--listen ADDRESS]…` serves rich clients: threads, turns and items over JSON-RPC, on stdio, a Unix
 * socket, WebSocket, and HTTP with server-sent events. docs/app-server.md has the protocol.
 */
export default function appServer(options: AppServerOptions = {}): Plugin {
  return {
    name: 'app-server',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'app-server',
        description: 'Serves editors, terminals and browsers',
        run: (client, argv, signal) => serve(argv, { options, client, signal }),
      }),
  };
}
