/** Takes files back, through the effects of whoever asks. */

import { type Effects, messageOf } from '../../core/index.ts';
import { imageNow, type Keeping } from './files/look-at.ts';
import { type Change, type FileImage, type Image, isSame } from './image.ts';
import type { Step } from './plan.ts';
import type { Gap, RevertStep } from './record.ts';

interface Hands {
  readonly effects: Effects;
  readonly signal: AbortSignal;
  readonly keeping: Keeping;
  /** Told of each change before it is made, and of what became of it: without `step` it was made. Throws: it is not. */
  readonly note: (change: Change, step?: RevertStep) => void;
}

/**
 * Does all steps: what is to go first, the deepest before its folder; then folders, then files and links. What is
 * overwritten is noted before, so that it can be had again whenever the program or the disk gives up. Gives what failed.
 */
export async function restore(steps: readonly Step[], hands: Hands): Promise<readonly Gap[]> {
  const failed: Gap[] = [];
  for (const step of inOrder(steps)) {
    const { path, now, wanted } = step;
    const change = { path, before: now, after: wanted };
    try {
      hands.signal.throwIfAborted();
      if (!isSame(imageNow(path, hands.keeping), now))
        throw new Error('it was changed just now: ask again');
      hands.note(change, 'begun');
      const isDone = await putOrLeave(step, hands);
      hands.note(change, isDone ? undefined : 'void');
    } catch (error) {
      const isOver = hands.signal.aborted;
      failed.push({ path, why: isOver ? 'it was interrupted before' : messageOf(error) });
    }
  }
  return failed;
}

/** What could be done in part only, as on a full disk, is undone. */
async function putOrLeave(step: Step, hands: Hands): Promise<boolean> {
  const { path, now, wanted } = step;
  try {
    return await put(step, hands);
  } catch (error) {
    const left = imageNow(path, hands.keeping);
    if (!isSame(left, now)) await put({ path, now: left, wanted: now }, hands);
    hands.note({ path, before: now, after: wanted }, 'void');
    throw error;
  }
}

const depth = ({ path }: Step) => path.split('/').length;

function inOrder(steps: readonly Step[]): readonly Step[] {
  const goes = steps.filter(({ now, wanted }) => wanted.kind === 'none' || now.kind === 'folder');
  const comes = steps.filter((step) => !goes.includes(step));
  return [
    ...goes.toSorted((a, b) => depth(b) - depth(a)),
    ...comes.toSorted((a, b) => depth(a) - depth(b)),
  ];
}

/** Whether it was done: a folder that holds something else stays. */
async function put(step: Step, hands: Hands): Promise<boolean> {
  const { path, now, wanted } = step;
  const isCleared = now.kind === wanted.kind || (await clear(step, hands.effects));
  if (!isCleared) return false;
  if (wanted.kind === 'file') await putFile(step, wanted, hands);
  if (wanted.kind === 'link') await putLink(step, wanted.target, hands.effects);
  if (wanted.kind === 'folder') await makeFolder(path, hands.effects);
  return true;
}

/** Takes away what is of another kind. */
async function clear({ path, now, wanted }: Step, effects: Effects): Promise<boolean> {
  if (now.kind === 'none') return true;
  if (now.kind === 'folder') return removeFolder(path, wanted, effects);
  if (now.kind === 'link') await runTool(effects, ['rm', '-f', '--', path]);
  else await effects.remove(path);
  return true;
}

async function putFile({ path, now }: Step, { hash, mode }: FileImage, hands: Hands) {
  const { effects, keeping } = hands;
  const bytes = keeping.contents.get(hash);
  if (bytes === undefined) throw new Error('what it held is gone');
  const isClosed = now.kind === 'file' && (now.mode & 0o200) === 0;
  if (isClosed) await runTool(effects, ['chmod', 'u+w', '--', path]);
  await effects.write(path, bytes, { mode });
}

async function putLink({ path, now }: Step, target: string, effects: Effects): Promise<void> {
  if (now.kind === 'link') await runTool(effects, ['rm', '-f', '--', path]);
  await runTool(effects, ['ln', '-s', '--', target, path]);
}

async function removeFolder(path: string, wanted: Image, effects: Effects): Promise<boolean> {
  const isEmpty = (await effects.list(path)).length === 0;
  if (!isEmpty && wanted.kind === 'none') return false;
  await effects.remove(path);
  return true;
}

/** A write makes missing folders, and there is no other way. */
async function makeFolder(path: string, effects: Effects): Promise<void> {
  const probe = `${path}/.restored`;
  await effects.write(probe, '');
  await effects.remove(probe);
}

/** Links are no files to `Effects`, which would follow them. */
async function runTool(effects: Effects, argv: readonly [string, ...string[]]): Promise<void> {
  let said = '';
  const child = await effects.spawn({ argv, onOutput: (chunk) => (said += String(chunk)) });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(said.trim() || `${argv[0]} ended with ${code}`);
}
