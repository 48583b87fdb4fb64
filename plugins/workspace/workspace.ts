/**
 * The workspace for programs: requests on files, commands and file names, for front ends whose clients edit, run and search.
 * All of it acts as the client that asks, through the gate. docs/app-server-methods.md has the requests.
 */

import { requests, type Plugin, type RequestHandler } from '../../core/index.ts';
import { commandRequests } from './commands.ts';
import { copyRequests } from './copy.ts';
import { fileRequests } from './files.ts';
import type { Confinement } from './running.ts';
import { searchRequests } from './search.ts';
import { shellNotes } from './shell-notes.ts';
import { watchRequests } from './watch.ts';

/** Options of `workspace`, given by the program that it is part of. */
export interface WorkspaceOptions {
  /** What commands outside threads are confined to, so that a narrower wish is refused rather than ignored. */
  readonly confinement?: Confinement;
}

export default function workspace({ confinement }: WorkspaceOptions = {}): Plugin {
  return {
    name: 'workspace',
    api: 1,
    setup: (host) => {
      const notes = shellNotes(host);
      const all: readonly RequestHandler[] = [
        ...fileRequests,
        ...copyRequests,
        ...watchRequests(),
        ...commandRequests({ confinement, notes }),
        ...searchRequests(),
      ];
      for (const request of all) host.add(requests, request);
    },
  };
}

/** It takes no options from a configuration. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({});
};
