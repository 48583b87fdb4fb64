/** What is known of a thread's turns and files: lines that are only appended, one JSON object each. */

import { type Change, type Image, isSame } from './image.ts';

type Of<Type extends string, Fields> = Readonly<{ type: Type; at: number } & Fields>;

/** A turn changed something: `by` says how it was seen, `shared` that commands of other threads ran as well. */
export type ChangeLine = Of<'change', { turn: string; by: By; shared?: true } & Change>;
type By = 'patch' | 'command';
/** Something that the turn may have changed is not covered. */
export type GapLine = Of<'gap', { turn: string; path: string; why: string }>;
/** A command that may write runs. Without its `ended` the program ended first, and what it did is not known. */
export type RunLine = Of<'begun' | 'ended', { turn: string; run: string }>;
/**
 * Files were taken back to what they were before `turn`: a line for each before it is done (`begun`) and one after (`void`:
 * in the end it was not), all with the same `id`, and when all is done one with the item `window` by which the
 * conversation moved (absent: it did not). `undoes` names the revert that this one has taken back; what it did on the way
 * is a `part`.
 */
export type RevertLine = Of<'revert', { id: string; turn: string } & Reverted>;
type Reverted = { changes: readonly Change[]; step?: RevertStep } & Moved;
type Moved = { window?: number; undoes?: string; part?: true };
export type RevertStep = 'begun' | 'void';
export type Line = ChangeLine | GapLine | RunLine | RevertLine;

/** A place that is not covered, and why. */
export type Gap = Readonly<{ path: string; why: string }>;

/** What became of a path over several changes. `hands`: how others changed it too, or may have. */
export type NetChange = Change & Readonly<{ hands?: string | undefined }>;

/** Of each path what was there first and what was there last, from the first change of these turns on. */
export function netSince(lines: readonly Line[], turns: ReadonlySet<string>): readonly NetChange[] {
  const first = lines.findIndex((line) => line.type === 'change' && turns.has(line.turn));
  const later = first < 0 ? [] : lines.slice(first);
  return net(
    later.flatMap((line) => {
      if (line.type === 'revert') return line.step === undefined ? line.changes : [];
      return line.type === 'change' && turns.has(line.turn) ? [line] : [];
    }),
  );
}

/** What one turn came to. */
export function netOf(lines: readonly Line[], turn: string): readonly NetChange[] {
  const changes = lines.filter((line) => line.type === 'change');
  return net(changes.filter((line) => line.turn === turn));
}

function net(changes: readonly (Change & { readonly shared?: true })[]): readonly NetChange[] {
  const all = new Map<string, NetChange>();
  for (const { path, before, after, shared } of changes) {
    const known = all.get(path);
    const isBetween = known !== undefined && !isSame(known.after, before);
    const between = isBetween ? 'others changed it between the turns' : undefined;
    const beside = shared ? 'another thread ran commands when it was changed' : undefined;
    const hands = known?.hands ?? between ?? beside;
    all.set(path, { path, before: known?.before ?? before, after, hands });
  }
  return [...all.values()].filter((one) => one.hands ?? !isSame(one.before, one.after));
}

/** What these turns may have changed that is not covered, each place once. */
export function gapsOf(lines: readonly Line[], turns: ReadonlySet<string>): readonly Gap[] {
  const own = lines.filter((line) => line.type !== 'revert' && turns.has(line.turn));
  const gaps = own.flatMap((line) => (line.type === 'gap' ? [line] : []));
  const places = new Map(gaps.map(({ path, why }) => [`${path}\n${why}`, { path, why }]));
  return [...places.values(), ...cutOff(own)];
}

/** Commands that ran when the program ended. */
function cutOff(lines: readonly Line[]): readonly Gap[] {
  const runs = (type: Line['type']) =>
    lines.flatMap((line) => (line.type === type && 'run' in line ? [line.run] : []));
  const ended = new Set(runs('ended'));
  const why = 'the program ended while it ran, so what it changed is not known';
  return runs('begun').flatMap((run) => (ended.has(run) ? [] : [{ path: 'a command', why }]));
}

/** The last revert that did something and was not taken back, nor takes one back; with all that it did or began to do. */
export function lastRevert(lines: readonly Line[]): RevertLine | undefined {
  const reverts = lines.filter((line) => line.type === 'revert');
  const undone = new Set(reverts.map(({ undoes }) => undoes));
  const own = reverts.filter(
    ({ id, undoes, part }) => undoes === undefined && !part && !undone.has(id),
  );
  const wholes = [...Map.groupBy(own, ({ id }) => id).values()].flatMap(asWhole);
  return wholes.findLast(({ changes, window }) => changes.length > 0 || window !== undefined);
}

function asWhole(lines: readonly RevertLine[]): readonly RevertLine[] {
  const changes = new Map<string, Change>();
  for (const line of lines)
    for (const one of line.changes)
      if (line.step === 'void') changes.delete(one.path);
      else changes.set(one.path, one);
  return lines.slice(-1).map((last) => ({ ...last, changes: [...changes.values()] }));
}

/** The contents that a line needs. */
export function contentsOf(line: Line): readonly string[] {
  const changes = line.type === 'revert' ? line.changes : line.type === 'change' ? [line] : [];
  const images = changes.flatMap(({ before, after }): readonly Image[] => [before, after]);
  return images.flatMap((image) => (image.kind === 'file' ? [image.hash] : []));
}
