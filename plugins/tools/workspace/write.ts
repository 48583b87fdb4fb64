import { join } from 'node:path';

import { KernelError, messageOf } from '../../../core/index.ts';
import type { Effects } from '../../../core/index.ts';
import type { Change } from '../patch/plan.ts';
import { shownPath } from './rebase.ts';
import type { Base } from './rebase.ts';

/** A file to be written, or with no text removed, and what it held before. */
interface Step {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Makes all changes, or, when one fails, undoes those made and throws what went wrong and what could not be undone. */
export async function writeAll(
  changes: readonly Change[],
  base: Base,
  effects: Effects,
): Promise<void> {
  const begun: Step[] = [];
  for (const step of changes.flatMap(stepsOf)) {
    try {
      begun.push(step);
      await put(step.path, step.after, { base, effects });
    } catch (error) {
      if (error instanceof KernelError && error.code === 'denied') begun.pop();
      throw await undo(error, begun.toReversed(), { base, effects });
    }
  }
}

function stepsOf(change: Change): readonly Step[] {
  const { path } = change;
  switch (change.kind) {
    case 'add':
      return [{ path, before: undefined, after: change.after }];
    case 'delete':
      return [{ path, before: change.before, after: undefined }];
    case 'update':
      return [{ path, before: change.before, after: change.after }];
    case 'move':
      return [
        { path: change.to, before: undefined, after: change.after },
        { path, before: change.before, after: undefined },
      ];
  }
}

interface Place {
  readonly base: Base;
  readonly effects: Effects;
}

async function put(
  path: string,
  text: string | undefined,
  { base, effects }: Place,
): Promise<void> {
  const absolute = join(base.folder, path);
  if (text === undefined) await effects.remove(absolute);
  else await effects.write(absolute, text);
}

/** The error to throw for what went wrong, after the steps are undone. */
async function undo(cause: unknown, steps: readonly Step[], place: Place): Promise<KernelError> {
  const left: string[] = [];
  for (const { path, before } of steps) {
    try {
      await put(path, before, place);
    } catch (error) {
      const isGone =
        before === undefined && error instanceof KernelError && error.code === 'not_found';
      if (!isGone) left.push(shownPath(path, place.base));
    }
  }
  const code = cause instanceof KernelError ? cause.code : 'internal';
  const state =
    left.length === 0
      ? 'Nothing was changed.'
      : `Could not restore ${left.join(', ')}: check what is there now.`;
  return new KernelError(code, `${state} ${messageOf(cause)}`, { cause });
}
