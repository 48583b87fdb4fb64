/** The built program, as it is published. */

import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../config/build.ts';

const root = join(import.meta.dirname, '../..');

/** The launcher in `dist/`, built anew when a source, or what the lockfile installs, is newer. */
export async function builtProgram(): Promise<string> {
  const program = join(root, 'dist/spindle.cjs');
  const files = globSync(['{core,plugins,config}/**/*.{ts,cjs}', 'package-lock.json'], {
    cwd: root,
  });
  const newest = Math.max(...files.map((file) => statSync(join(root, file)).mtimeMs));
  const isOld = !existsSync(program) || statSync(program).mtimeMs < newest;
  if (isOld) await build();
  return program;
}
