import { resolve } from 'node:path';

import type { Settings, ToolContext } from '../../core/index.ts';
import { capture, untilEnd } from '../tools/run/capture.ts';
import type { Ended } from '../tools/run/capture.ts';
import { quietEnv } from '../tools/run/quiet.ts';
import type { DeclaredCommand } from './declaration.ts';

/** The workspace: where declared commands run, and what globs count from. */
export function workspaceOf({ roots, cwd }: Settings): string {
  return roots[0] ?? cwd;
}

/** Runs a declared command to its end. `kept`: characters of output kept from each end. */
export async function runDeclared(
  argv: readonly [string, ...string[]],
  { cwd, env, timeoutMs }: Omit<DeclaredCommand, 'argv'>,
  { context, kept }: { readonly context: ToolContext; readonly kept?: number },
): Promise<Ended> {
  const request = {
    argv,
    cwd: resolve(workspaceOf(context.call.settings), cwd ?? '.'),
    env: { ...quietEnv, ...env },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  return untilEnd(await capture(context, request, kept), context.signal);
}
