/** One call of `apply_patch`. */

import { join } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import type { ToolContext, ToolResult } from '../../../core/index.ts';
import { readSources } from '../workspace/read.ts';
import { rebase, shownPath } from '../workspace/rebase.ts';
import type { Base } from '../workspace/rebase.ts';
import { writeAll } from '../workspace/write.ts';
import { parsePatch } from './parse.ts';
import type { Outcome } from './patch.ts';
import { patchPaths, planPatch } from './plan.ts';
import type { Change } from './plan.ts';
import { unifiedDiff } from './unified-diff.ts';

/** Characters of one file's diff that a result keeps. */
const maxDiff = 100_000;

/** One changed file in the `detail` of a result. Paths are absolute. */
interface FileChange {
  readonly path: string;
  readonly kind: Change['kind'];
  /** Where it moved. */
  readonly to?: string;
  readonly diff: string;
  /** The diff is only the beginning of it. */
  readonly isCut?: true;
}

/** Applies a patch, all or nothing; what is wrong with it is thrown as `invalid`. */
export async function runPatch(
  text: string,
  { effects, call, signal }: ToolContext,
): Promise<ToolResult> {
  const { patch, base } = rebase(valueOf(parsePatch(text)), call.settings);
  const sources = await readSources(patchPaths(patch), base, effects);
  const changes = valueOf(planPatch(patch, (path) => sources.get(path)));
  signal.throwIfAborted();
  await writeAll(changes, base, effects);
  return {
    content: [{ type: 'text', text: summary(changes, base) }],
    detail: { changes: await Promise.all(changes.map((change) => describe(change, base))) },
  };
}

function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  const reasons = outcome.failures.map((one) => one.message).join('\n');
  throw new KernelError('invalid', `Nothing was changed. ${reasons}`);
}

const letters = { add: 'A', delete: 'D', update: 'M', move: 'R' } as const;

function summary(changes: readonly Change[], base: Base): string {
  const lines = changes.map((change) => {
    const to = change.kind === 'move' ? ` -> ${shownPath(change.to, base)}` : '';
    return `${letters[change.kind]} ${shownPath(change.path, base)}${to}`;
  });
  return ['Success. Updated the following files:', ...lines].join('\n');
}

async function describe(change: Change, base: Base): Promise<FileChange> {
  const diff = await unifiedDiff(change);
  return {
    path: join(base.folder, change.path),
    kind: change.kind,
    ...(change.kind === 'move' ? { to: join(base.folder, change.to) } : {}),
    ...(diff.length <= maxDiff
      ? { diff }
      : { diff: diff.slice(0, diff.lastIndexOf('\n', maxDiff) + 1), isCut: true }),
  };
}
