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
  /** The mode of a file that is moved or removed, for its new place, or its old one again. */
  readonly mode?: number;
}

/** Makes all changes, or, when one fails, undoes those made and throws what went wrong and what could not be undone. */
export async function writeAll(
  changes: readonly Change[],
  base: Base,
  effects: Effects,
): Promise<void> {
  const begun: Step[] = [];
  const place = { base, effects };
  for (const step of await stepsOf(changes, place)) {
    try {
      begun.push(step);
      await put(step, step.after, place);
    } catch (error) {
      if (error instanceof KernelError && error.code === 'denied') begun.pop();
      throw await undo(error, begun.toReversed(), place);
    }
  }
}

async function stepsOf(
  changes: readonly Change[],
  { base, effects }: Place,
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const change of changes) {
    const before = change.kind === 'add' ? undefined : change.before;
    const after = change.kind === 'delete' ? undefined : change.after;
    const { path, kind } = change;
    if (kind === 'add' || kind === 'update') {
      steps.push({ path, before, after });
      continue;
    }
    const { mode } = await effects.stat(join(base.folder, path));
    if (kind === 'move') steps.push({ path: change.to, before: undefined, after, mode });
    steps.push({ path, before, after: undefined, mode });
  }
  return steps;
}

interface Place {
  readonly base: Base;
  readonly effects: Effects;
}

async function put(
  { path, mode }: Step,
  text: string | undefined,
  { base, effects }: Place,
): Promise<void> {
  const absolute = join(base.folder, path);
  if (text === undefined) await effects.remove(absolute);
  else await effects.write(absolute, text, mode === undefined ? {} : { mode });
}

/** The error to throw for what went wrong, after the steps are undone. */
async function undo(cause: unknown, steps: readonly Step[], place: Place): Promise<KernelError> {
  const left: string[] = [];
  for (const step of steps) {
    const { path, before } = step;
    try {
      await put(step, before, place);
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
