/** Records what the running turns change: by patches exactly, by commands as it is found after them. */

import {
  type DecisionItem,
  type EffectRequest,
  type Event,
  type Host,
  type Item,
  machines,
  messageOf,
  newId,
  type Settings,
} from '../../core/index.ts';
import { imageAt, missingFolders, type Keeping } from './files/look-at.ts';
import type { Records } from './files/records.ts';
import { Tree, type TreeOptions } from './files/tree.ts';
import type { Followed } from './followed.ts';
import { type Change, folder, type Image, isSame, nothing } from './image.ts';
import type { ChangeLine, Gap, Line } from './record.ts';

/** What the recorder works with. */
export interface RecorderOptions extends TreeOptions {
  readonly records: Records;
  readonly followed: Followed;
}

/** A command that may write, while it runs, and the turns that it runs for. */
interface Running {
  readonly run: string;
  readonly turns: readonly Place[];
  readonly trees: readonly Tree[];
  /** Until somebody has allowed it, it changes nothing. */
  isAllowed: boolean;
}
/** An effect that is still to be judged, and what is to be done once it may happen. */
interface Waiting {
  readonly effect: EffectRequest;
  readonly allowed: (wasAsked: boolean) => void;
}
/** What was at a path, and which folders on the way to it were not there. */
type Before = Readonly<{ image: Image; folders: readonly string[] }>;
type Seen = Change & Pick<ChangeLine, 'shared'>;
type Place = Readonly<{ thread: string; turn: string }>;
/** Steps and turns that had begun. */
type Moment = Readonly<{ steps: number; turns: number }>;

/** Disposing it frees the copies that it holds. */
export class Recorder implements Disposable {
  readonly #host: Host;
  readonly #options: RecorderOptions;
  readonly #keeping: Keeping;
  /** The threads that threads work for. */
  readonly #parents = new Map<string, Promise<string | undefined>>();
  /** Gaps that a thread's record has for its running turn. */
  readonly #gaps = new Map<string, Set<string>>();
  readonly #trees = new Map<string, Tree>();
  readonly #running = new Set<Running>();
  readonly #waiting = new Set<Waiting>();
  /** When trees were looked at last. */
  readonly #lookedAt = new Map<Tree, Moment>();
  /** What could not be written down was told. */
  #hasWarned = false;

  constructor(host: Host, options: RecorderOptions) {
    this.#host = host;
    this.#options = options;
    this.#keeping = options;
  }

  [Symbol.dispose](): void {
    for (const tree of this.#trees.values()) tree[Symbol.dispose]();
  }

  /**
   * Where a turn begins and ends, looks at what runs on: what changed in between is of no turn. Comes before the event
   * is followed, so that a turn that begins is not there yet and one that ends is still.
   */
  hear(event: Event): void {
    if (event.type === 'thread/closed') this.#close(event.thread);
    if (event.type !== 'item/appended') return;
    const { thread, item } = event;
    if (item.type === 'decision') this.#decided(thread, item);
    if (item.type !== 'turn' && item.type !== 'end') return;
    const open = [...this.#running].filter(({ turns }) => isIn(turns, thread));
    for (const tree of new Set(open.flatMap(({ trees }) => trees))) this.#look(tree, []);
    if (item.type === 'end') this.#gaps.delete(thread);
  }

  /** Comes before the effect: what changed while somebody was asked is of other hands. */
  #decided(thread: string, { call, effect, verdict, by }: DecisionItem): void {
    if (verdict !== 'allow') return;
    for (const one of this.#waiting) {
      const { thread: itsThread, call: itsCall, kind } = one.effect;
      if (itsThread !== thread || itsCall !== call || kind !== effect.kind) continue;
      this.#waiting.delete(one);
      one.allowed(by !== undefined);
    }
  }

  #wait(effect: EffectRequest, allowed: Waiting['allowed']): Disposable {
    const waiting = { effect, allowed };
    this.#waiting.add(waiting);
    return { [Symbol.dispose]: () => void this.#waiting.delete(waiting) };
  }

  #close(thread: string): void {
    this.#parents.delete(thread);
    this.#options.records.close(thread);
  }

  /** The running turns that an effect of this thread belongs to: its own, and those that it works for. */
  async turnsOf(thread: string): Promise<readonly Place[]> {
    const { followed } = this.#options;
    if (followed.turnOf(thread) === undefined) return [];
    const known = this.#parents.get(thread) ?? this.#parentOf(thread);
    this.#parents.set(thread, known);
    const parent = await known;
    const above = parent === undefined ? [] : await this.turnsOf(parent);
    const turn = followed.turnOf(thread);
    return turn === undefined ? [] : [{ thread, turn }, ...above];
  }

  async #parentOf(thread: string): Promise<string | undefined> {
    const { items } = await this.#host.client.request('thread/read', { thread, limit: 1 });
    const [first] = items as readonly [Item?];
    return first?.type === 'thread' ? first.parent?.thread : undefined;
  }

  /** Does something to one path, and records what became of it. */
  async around<T>(
    what: Extract<EffectRequest, { kind: 'write' }>,
    turns: readonly Place[],
    act: () => Promise<T>,
  ): Promise<T> {
    const [machine] = this.#host.get(machines);
    const path = machine?.resolve(what.path, what.settings.cwd) ?? what.path;
    const look = () =>
      this.#guard(turns, path, () => ({
        image: imageAt(path, this.#keeping),
        folders: missingFolders(path),
      }));
    let before = look();
    using _waiting = this.#wait(what, (wasAsked) => {
      if (wasAsked) before = look();
    });
    try {
      return await act();
    } finally {
      if (before !== undefined) this.#written(turns, path, before);
    }
  }

  #written(turns: readonly Place[], path: string, before: Before): void {
    this.#guard(turns, path, () => {
      const after = imageAt(path, this.#keeping);
      const made = isSame(before.image, after) ? [] : before.folders;
      const changes = [
        ...made.map((one) => ({ path: one, before: nothing, after: folder })),
        { path, before: before.image, after },
      ].filter((one) => !isSame(one.before, one.after));
      this.#add(turns, 'patch', changes);
      for (const tree of this.#trees.values()) tree.note(path, after);
    });
  }

  /** Before something runs that may write: what is there is known then. Disposing it finds what changed. */
  async begin(what: EffectRequest, turns: readonly Place[]): Promise<Disposable> {
    const trees = await this.#treesOf(what.settings);
    for (const tree of trees.filter((one) => !this.#isFresh(one))) {
      if (this.#runningIn(tree).length === 0) tree.trim();
      this.#look(tree, turns);
    }
    const running: Running = { run: newId(), turns, trees, isAllowed: false };
    const at = Date.now();
    this.#write(turns, ({ turn }) => [{ type: 'begun', at, turn, run: running.run }]);
    this.#running.add(running);
    const waiting = this.#wait(what, (wasAsked) => {
      if (wasAsked) for (const tree of trees) this.#look(tree, turns);
      running.isAllowed = true;
    });
    return {
      [Symbol.dispose]: () => {
        waiting[Symbol.dispose]();
        this.#end(running);
      },
    };
  }

  /** Whether it was looked at in this step; a large one, in this turn. */
  #isFresh(tree: Tree): boolean {
    const last = this.#lookedAt.get(tree);
    const { steps, turns } = this.#options.followed;
    return tree.isLarge ? last?.turns === turns : last?.steps === steps;
  }

  #end(running: Running): void {
    if (!this.#running.has(running)) return;
    if (running.isAllowed) for (const tree of running.trees) this.#look(tree, running.turns);
    this.#running.delete(running);
    const at = Date.now();
    const gaps = running.trees.flatMap((tree) => tree.gaps);
    this.#write(running.turns, ({ thread, turn }) => [
      ...this.#newGaps(thread, gaps).map((gap) => ({ type: 'gap' as const, at, turn, ...gap })),
      { type: 'ended', at, turn, run: running.run },
    ]);
  }

  #newGaps(thread: string, gaps: readonly Gap[]): readonly Gap[] {
    const known = this.#gaps.get(thread) ?? new Set<string>();
    this.#gaps.set(thread, known);
    const added = gaps.filter(({ path }) => !known.has(path));
    for (const { path } of added) known.add(path);
    return added;
  }

  async #treesOf({ cwd, roots }: Settings): Promise<readonly Tree[]> {
    const [machine] = this.#host.get(machines);
    const folders = new Set([cwd, ...roots].map((one) => machine?.resolve(one, '/') ?? one));
    const outermost = [...folders].filter(
      (one) => ![...folders].some((other) => other !== one && one.startsWith(`${other}/`)),
    );
    const trees = outermost.map((root) => this.#trees.get(root) ?? new Tree(root, this.#options));
    for (const tree of trees) this.#trees.set(tree.root, tree);
    await Promise.all(trees.map((tree) => tree.load()));
    return trees;
  }

  /** What changed since the last look is of those that ran meanwhile; when nothing ran, of other hands. */
  #look(tree: Tree, asking: readonly Place[]): void {
    this.#guard(asking, tree.root, () => {
      const changes = tree.look();
      const { steps, turns: count } = this.#options.followed;
      this.#lookedAt.set(tree, { steps, turns: count });
      const of = this.#runningIn(tree).map((one) => this.#now(one.turns));
      const all = of.filter((places) => places.length > 0);
      for (const place of this.#now(all.flat())) {
        const isShared = all.some((places) => !isIn(places, place.thread));
        this.#add([place], 'command', isShared ? changes.map(asShared) : changes);
      }
    });
  }

  #runningIn(tree: Tree): readonly Running[] {
    return [...this.#running].filter(({ trees, isAllowed }) => isAllowed && trees.includes(tree));
  }

  /** Of each of these threads the turn that runs now. */
  #now(turns: readonly Place[]): readonly Place[] {
    return [...new Set(turns.map(({ thread }) => thread))].flatMap((thread) => {
      const turn = this.#options.followed.turnOf(thread);
      return turn === undefined ? [] : [{ thread, turn }];
    });
  }

  #add(turns: readonly Place[], by: ChangeLine['by'], changes: readonly Seen[]): void {
    if (changes.length === 0) return;
    const at = Date.now();
    this.#write(turns, ({ turn }) =>
      changes.map((change) => ({ type: 'change', at, turn, by, ...change })),
    );
  }

  #write(turns: readonly Place[], lines: (place: Place) => readonly Line[]): void {
    for (const place of turns)
      this.#guard([], place.thread, () => this.#options.records.append(place.thread, lines(place)));
  }

  /** What fails here must not keep the turn from its work: it is told, and the place is not covered. */
  #guard<T>(turns: readonly Place[], path: string, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      const why = `it could not be kept: ${messageOf(error)}`;
      if (!this.#hasWarned) process.emitWarning(`checkpoints: ${path}: ${why}`);
      this.#hasWarned = true;
      for (const { thread, turn } of turns) this.#tryGap(thread, { turn, path, why });
      return undefined;
    }
  }

  #tryGap(thread: string, gap: Readonly<{ turn: string; path: string; why: string }>): void {
    try {
      this.#options.records.append(thread, [{ type: 'gap', at: Date.now(), ...gap }]);
    } catch (error) {
      this.#host.log('a gap could not be written down', messageOf(error));
    }
  }
}

const asShared = (change: Change): Seen => ({ ...change, shared: true });

function isIn(turns: readonly Place[], thread: string): boolean {
  return turns.some((one) => one.thread === thread);
}
