/** The user's own files, named by flags: schema, images, where the answer goes. */

import { dirname } from 'node:path';

import type { Effects } from '../../../core/index.ts';

/** How they are reached. Paths are absolute; each rejects with an error whose message says what is wrong. */
export interface UserFiles {
  readonly read: (path: string) => Promise<Uint8Array>;
  readonly write: (path: string, text: string) => Promise<void>;
  /** Rejects when `write` could not succeed; changes nothing that is there. */
  readonly check: (path: string) => Promise<void>;
}

/** Files as effects of the plugin: each is judged by the gate. */
export function filesByEffects({ read, write, stat }: Effects): UserFiles {
  return {
    read,
    write,
    check: async (path) => {
      await stat(dirname(path));
    },
  };
}
