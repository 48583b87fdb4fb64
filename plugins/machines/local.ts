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
import { Leftovers } from './local/leftovers.ts';
import { startProcess } from './local/process.ts';

/** Adds the machine `local`. Connections are kept alive until the plugin stops. */
export default function local(): Plugin {
  return {
    name: 'local',
    api: 1,
    setup: (host) => {
      const connections = host.scope.use(new Connections());
      const shared = {
        leftovers: host.scope.use(new Leftovers()),
        inherited: host.scope.use(new Inherited()),
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
