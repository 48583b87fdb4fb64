/** The machine as `spindle doctor` looks at it. */

import fs from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import type { Machine } from '../plugins/front-ends/doctor.ts';
import { makePrivateFolder } from '../plugins/stores/state-folder.ts';

const timeoutMs = 5000;

/** The one that this program runs on. */
export const machine: Machine = {
  run: ([file, ...args]) =>
    new Promise((resolve) => {
      // Loaded when first used: in the one bundle a static import costs every start some ms, as node:fs/promises does.
      const { execFile } = process.getBuiltinModule('node:child_process');
      execFile(file, args, { timeout: timeoutMs }, (error, stdout, stderr) => {
        if (error?.code === 'ENOENT') return resolve(undefined);
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        return resolve({ code, output: `${stdout}${stderr}` });
      });
    }),
  prove: async (sandbox) => (await import('./prove.ts')).proveSandbox(sandbox),
  writeFault: async (folder) => {
    const probe = join(folder, `.doctor-${process.pid}`);
    try {
      makePrivateFolder(folder);
      await fs.promises.writeFile(probe, '', { mode: 0o600, flag: 'wx' });
      await fs.promises.rm(probe);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  },
  sizeOf: async (folder) => {
    const names = await fs.promises.readdir(folder, { recursive: true }).catch(() => []);
    const files = await Promise.all(
      names.map((name) => fs.promises.stat(join(folder, name)).catch(() => undefined)),
    );
    const found = files.flatMap((file) => (file?.isFile() === true ? [file.size] : []));
    return { files: found.length, bytes: found.reduce((sum, bytes) => sum + bytes, 0) };
  },
};
