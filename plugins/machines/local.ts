/** This machine: its files, processes and network. Node's modules are loaded when first used, where they cost. */

import { machines, type Plugin } from '../../core/index.ts';
import {
  listFolder,
  readFile,
  removeFile,
  resolvePath,
  statFile,
  writeFile,
} from './local/files.ts';
import { Connections, fetchUrl } from './local/http.ts';
import { Inherited } from './local/inherited.ts';
import { Keeper } from './local/keeper.ts';
import { Leftovers } from './local/leftovers.ts';
import { startProcess } from './local/process.ts';

/** Options of `local`, given by the program that it is part of. */
export interface LocalOptions {
  /** What it starts ends even when the program is killed: for programs that run for long. */
  readonly endsWithProgram?: boolean;
}

/** Adds the machine `local`. Connections are kept alive until the plugin stops. */
export default function local({ endsWithProgram = false }: LocalOptions = {}): Plugin {
  return {
    name: 'local',
    api: 1,
    setup: (host) => {
      const connections = host.scope.use(new Connections());
      const shared = {
        leftovers: host.scope.use(new Leftovers()),
        inherited: host.scope.use(new Inherited()),
        keeper: endsWithProgram ? host.scope.use(new Keeper()) : undefined,
      };
      host.add(machines, {
        name: 'local',
        resolve: resolvePath,
        stat: statFile,
        list: listFolder,
        read: readFile,
        write: writeFile,
        remove: removeFile,
        fetch: (url, request) => fetchUrl(connections, url, request),
        spawn: (plan, request) => startProcess(plan, request, shared),
      });
    },
  };
}
