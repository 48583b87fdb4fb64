/** What taking files back comes to: for each path what would be done, or why it cannot or should not be. */

import { imageAt, isInPlace, type Keeping } from './files/look-at.ts';
import { type Change, type Image, isSame } from './image.ts';
import type { Gap, NetChange } from './record.ts';

/** A path, what is there now, and what is to be there. */
export interface Step {
  readonly path: string;
  readonly now: Image;
  readonly wanted: Image;
}

/** `ready`: as the turns left it. `changed`: by other hands since. `gaps`: not covered. */
export interface Plan {
  readonly ready: readonly Step[];
  readonly changed: readonly (Step & Readonly<{ why: string }>)[];
  readonly gaps: readonly Gap[];
}

/** How files come back to what they were before these changes. Nothing is changed by it. */
export function planBack(
  changes: readonly NetChange[],
  gaps: readonly Gap[],
  keeping: Keeping,
): Plan {
  const plan = { ready: [] as Step[], changed: [] as Plan['changed'][number][], gaps: [...gaps] };
  for (const { path, before, after, hands } of changes) {
    const now = imageAt(path, keeping);
    const step = { path, now, wanted: before };
    // What is seen through a link that took a folder's place is not at this path.
    if (isSame(now, before) && (before.kind === 'none' || isInPlace(path))) continue;
    const gap = gapOf(step, keeping);
    const why = changeOf(now, after, hands);
    if (gap !== undefined) plan.gaps.push({ path, why: gap });
    else if (why !== undefined) plan.changed.push({ ...step, why });
    else plan.ready.push(step);
  }
  return plan;
}

/** The same the other way round: what a revert did, taken back. */
export function planForth(changes: readonly Change[], keeping: Keeping): Plan {
  return planBack(changes.toReversed(), [], keeping);
}

/** Why a path cannot be taken back. */
function gapOf({ path, now, wanted }: Step, { contents }: Keeping): string | undefined {
  if (wanted.kind === 'unknown') return wanted.why;
  if (now.kind === 'unknown') return `${now.why}, so it could not be brought back again`;
  if (!isInPlace(path)) return 'a link has taken the place of its folder';
  const isLost = wanted.kind === 'file' && contents.get(wanted.hash) === undefined;
  return isLost
    ? 'what it held was kept no longer: checkpoints are bounded in size and age'
    : undefined;
}

function changeOf(now: Image, after: Image, hands: string | undefined): string | undefined {
  // A folder that holds something else stays, whoever made it.
  if (isSame(now, after)) return hands;
  if (now.kind === 'none') return 'it was removed since';
  return after.kind === 'none' ? 'it was made anew since' : 'it was changed since';
}
