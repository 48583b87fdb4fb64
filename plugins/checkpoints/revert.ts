/** Going back to before a turn, and forth again. */

import { type Client, conflict, newId, notFound, type RequestContext } from '../../core/index.ts';
import type { Keeping } from './files/look-at.ts';
import type { Records } from './files/records.ts';
import type { Change } from './image.ts';
import { readPast } from './past.ts';
import { type Plan, planBack, planForth, type Step } from './plan.ts';
import {
  type Gap,
  gapsOf,
  lastRevert,
  netSince,
  type RevertLine,
  type RevertStep,
} from './record.ts';
import { restore } from './restore.ts';
import { turnNamed, turnsOf } from './turns.ts';

/** What going back works with. `hold` keeps a thread's turns waiting until disposed. */
export interface Means extends Keeping {
  readonly records: Records;
  readonly hold: (thread: string) => Disposable;
}

/** What may be done. `force`: over what other hands changed; `skip`: without that. */
export interface Wanted {
  readonly thread: string;
  readonly turn?: string | undefined;
  readonly files: boolean;
  readonly force: boolean;
  readonly skip: boolean;
  readonly dryRun: boolean;
}

/** What was done, or (when `done` is false) would be. Paths are absolute. */
export interface Outcome {
  readonly thread: string;
  /** The turn before which everything is now. */
  readonly turn: string;
  readonly done: boolean;
  readonly files: readonly Readonly<{ path: string; action: 'write' | 'remove' }>[];
  /** Changed by other hands since. */
  readonly changed: readonly Gap[];
  /** Not covered. */
  readonly uncovered: readonly Gap[];
  /** Tried in vain. */
  readonly failed: readonly Gap[];
  /** Turns that came after the revert that is to be taken back. */
  readonly later: number;
}

/** Files, when they are asked for, then the conversation. */
export async function revert(
  wanted: Wanted,
  context: RequestContext,
  means: Means,
): Promise<Outcome> {
  const past = await readPast(wanted.thread, context.client, means.records);
  const turn = turnNamed(past.items, wanted.turn);
  const turns = new Set(turnsOf(past.items).flatMap(({ id, n }) => (n >= turn.n ? [id] : [])));
  const plan = () =>
    wanted.files
      ? planBack(netSince(past.lines, turns), gapsOf(past.lines, turns), means)
      : nothingToDo;
  const move = { turn: turn.id, target: { turn: turn.id }, isMoved: true, later: 0 };
  return act({ wanted, context, means, plan, ...move });
}

/** What the last revert did, taken back. */
export async function undo(
  wanted: Wanted,
  context: RequestContext,
  means: Means,
): Promise<Outcome> {
  const past = await readPast(wanted.thread, context.client, means.records);
  const last = lastRevert(past.lines);
  if (last === undefined)
    throw notFound`expected a revert to take back, but thread ${wanted.thread} has none`;
  const { window, id: undoes, turn } = last;
  const isMoved = window !== undefined;
  const later = isMoved ? turnsOf(past.items).filter(({ n }) => n > window).length : 0;
  const plan = () => planForth(last.changes, means);
  return act({
    wanted,
    context,
    means,
    plan,
    turn,
    target: { to: window },
    isMoved,
    later,
    undoes,
  });
}

interface Act {
  readonly wanted: Wanted;
  readonly context: RequestContext;
  readonly means: Means;
  /** What there is to do, as of now. */
  readonly plan: () => Plan;
  readonly turn: string;
  /** Where the window goes, if it does. */
  readonly target: Readonly<{ turn?: string; to?: number | undefined }>;
  readonly isMoved: boolean;
  readonly later: number;
  readonly undoes?: string;
}

const nothingToDo: Plan = { ready: [], changed: [], gaps: [] };
/** What lies in a folder that a link had taken the place of comes after the folder. */
const maxRounds = 3;

async function act(what: Act): Promise<Outcome> {
  const { wanted, context, means, plan } = what;
  await refuseBusy(wanted, context.client);
  const first = plan();
  const needsYes = first.changed.length > 0 || what.later > 0;
  const isOpen = needsYes && !wanted.force && !wanted.skip;
  if (wanted.dryRun || isOpen) return outcomeOf(what, first, { isDone: false });
  using _held = means.hold(wanted.thread);
  const id = newId();
  const { failed, gaps } = await restoreAll(what, first, id);
  const isDone = failed.length === 0;
  if (isDone) await finish(what, id);
  return outcomeOf(what, { ...first, gaps }, { isDone, failed });
}

/** Until nothing more can be reached: what could not be at first may be when a folder is back. */
async function restoreAll({ wanted, context, means, plan, ...what }: Act, first: Plan, id: string) {
  const { effects, signal } = context;
  const isPart = what.undoes === undefined ? {} : { part: true as const };
  const note = (change: Change, step?: RevertStep) => {
    const line = { id, turn: what.turn, changes: [change], ...isPart };
    append(wanted.thread, step === undefined ? line : { ...line, step }, means);
  };
  const hands = { effects, signal, keeping: means, note };
  const steps = [...first.ready, ...(wanted.force ? first.changed : [])];
  const unreachable = new Set(first.gaps.map(({ path }) => path));
  let failed = await restore(steps, hands);
  let { ready, gaps } = plan();
  for (let round = 1; round < maxRounds && failed.length === 0; round++) {
    const more = ready.filter(({ path }) => unreachable.has(path));
    if (more.length === 0) break;
    failed = await restore(more, hands);
    ({ ready, gaps } = plan());
  }
  return { failed, gaps };
}

/** Moves the conversation, and says that all is done: from now on it can be taken back as a whole. */
async function finish({ wanted: { thread }, context, means, ...what }: Act, id: string) {
  const { turn, target, isMoved, undoes } = what;
  const moved = isMoved && (await context.client.request('thread/revert', { thread, ...target }));
  const window = moved === false ? {} : { window: moved.last };
  const undone = undoes === undefined ? {} : { undoes };
  append(thread, { id, turn, changes: [], ...window, ...undone }, means);
}

function append(
  thread: string,
  line: Omit<RevertLine, 'type' | 'at'>,
  { records }: Pick<Means, 'records'>,
): void {
  records.append(thread, [{ type: 'revert', at: Date.now(), ...line }]);
}

/** While a turn or a kept process runs in the folder, files change under everybody's hands. */
async function refuseBusy({ thread, files }: Wanted, client: Client): Promise<void> {
  const { threads } = await client.request('kernel/describe', {});
  const own = threads.find(({ id }) => id === thread);
  if (own === undefined) throw notFound`thread ${thread} is not loaded: resume it first`;
  const near = threads.filter(({ settings: { cwd } }) => isOneIn(cwd, own.settings.cwd));
  for (const { id, status } of files ? near : [own]) {
    const which = id === thread ? '' : ` of thread ${id} in the same folder`;
    if (status.state === 'active' || status.queued > 0)
      throw conflict`cannot revert while a turn${which} runs: interrupt it first`;
    if (status.processes.length > 0)
      throw conflict`cannot revert while processes${which} run: end ${status.processes.join(', ')} first`;
  }
}

/** Whether one of two folders holds the other, or is it. */
function isOneIn(one: string, other: string): boolean {
  const [a, b] = [one.replace(/\/?$/, '/'), other.replace(/\/?$/, '/')];
  return a.startsWith(b) || b.startsWith(a);
}

function outcomeOf(
  { wanted: { thread, force }, turn, later }: Act,
  { ready, changed, gaps }: Plan,
  { isDone, failed = [] }: { readonly isDone: boolean; readonly failed?: readonly Gap[] },
): Outcome {
  return {
    thread,
    turn,
    done: isDone,
    files: [...ready, ...(force ? changed : [])].map(actionOf),
    changed: changed.map(({ path, why }) => ({ path, why })),
    uncovered: gaps,
    failed,
    later,
  };
}

function actionOf({ path, wanted }: Step): Outcome['files'][number] {
  return { path, action: wanted.kind === 'none' ? 'remove' : 'write' };
}
