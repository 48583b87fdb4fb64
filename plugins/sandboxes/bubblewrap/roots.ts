/** The folders that a request may write, as they really are. */

import { realpathSync } from 'node:fs';

import { invalid, KernelError, notFound, type SandboxRequest } from '../../../core/index.ts';
import type { Ground } from './ground.ts';
import { isBelow } from './places.ts';

/**
 * Real paths of the roots, outer ones first. Throws KernelError: `not_found` (no such folder), `sandbox` (a root that
 * would show the home folder), `invalid` (a path that cannot be).
 */
export function realRoots({ roots, mode }: SandboxRequest, { homes }: Ground): readonly string[] {
  const real = roots.map((root) => realPath(root));
  const holdsHome = (root: string) => homes.some((home) => isBelow(home, root));
  if (mode === 'read-only') return real.filter((root) => !holdsHome(root));
  const [wide] = real.filter((root) => root === '/' || holdsHome(root));
  if (wide === undefined) return real.toSorted();
  const what = wide === '/' ? 'the whole machine' : 'the home folder';
  throw new KernelError(
    'sandbox',
    `expected a workspace that can be written without harm, but ${wide} holds ${what}: start in a folder of the project, or use --sandbox read-only or danger-full-access`,
  );
}

function realPath(root: string): string {
  if (root.includes('\0')) throw invalid`expected a path, but ${JSON.stringify(root)} holds a NUL`;
  try {
    return realpathSync.native(root);
  } catch {
    throw notFound`there is no folder ${root}, which is among the roots of the workspace`;
  }
}
