/** Records what the running turns change: by patches exactly, by commands as it is found after them. */

import {
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
import { type Change, folder, isSame, nothing } from './image.ts';
import type { Gap, Line } from './record.ts';

/** What the recorder works with. */
export interface RecorderOptions extends TreeOptions {
  readonly records: Records;
}

/** A thread as far as it is of interest here. */
interface Followed {
  readonly id: string;
  /** The turn that runs. */
  turn?: string | undefined;
  /** Gaps that its record has for this turn. */
  readonly gaps: Set<string>;
  /** The thread that it works for. */
  parent?: Promise<string | undefined>;
}

/** A command that may write, while it runs, and the turns that it runs for. */
interface Running {
  readonly run: string;
  readonly turns: readonly Place[];
  readonly trees: readonly Tree[];
}
type Place = Readonly<{ thread: string; turn: string }>;

/** Disposing it frees the copies that it holds. */
export class Recorder implements Disposable {
  readonly #host: Host;
  readonly #options: RecorderOptions;
  readonly #keeping: Keeping;
  readonly #threads = new Map<string, Followed>();
  readonly #trees = new Map<string, Tree>();
  readonly #running = new Set<Running>();
  /** Counts the models' answers; trees that were looked at since the last one are fresh. */
  #steps = 0;
  readonly #lookedAt = new Map<Tree, number>();
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

  /** Follows turns from their beginning to their end. */
  hear(event: Event): void {
    if (event.type === 'thread/closed') this.#threads.delete(event.thread);
    if (event.type !== 'item/appended') return;
    const { thread: id, item } = event;
    if (item.type === 'step') this.#steps++;
    if (item.type === 'turn') this.#follow(id).turn = item.id;
    if (item.type !== 'end') return;
    const isOpen = [...this.#running].some(({ turns }) =>
      turns.some(({ thread }) => thread === id),
    );
    if (isOpen) this.#lookAtAll();
    this.#follow(id).turn = undefined;
    this.#follow(id).gaps.clear();
  }

  #follow(id: string): Followed {
    const known = this.#threads.get(id) ?? { id, gaps: new Set() };
    this.#threads.set(id, known);
    return known;
  }

  /** The running turns that an effect of this thread belongs to: its own, and those that it works for. */
  async turnsOf(id: string): Promise<readonly Place[]> {
    const followed = this.#follow(id);
    if (followed.turn === undefined) return [];
    followed.parent ??= this.#parentOf(id);
    const parent = await followed.parent;
    const above = parent === undefined ? [] : await this.turnsOf(parent);
    return followed.turn === undefined ? [] : [{ thread: id, turn: followed.turn }, ...above];
  }

  async #parentOf(thread: string): Promise<string | undefined> {
    const { items } = await this.#host.client.request('thread/read', { thread, limit: 1 });
    const [first] = items as readonly [Item?];
    return first?.type === 'thread' ? first.parent?.thread : undefined;
  }

  /** Does something to one path, and records what became of it. */
  async around<T>(
    { path: given, settings }: Readonly<{ path: string; settings: Settings }>,
    turns: readonly Place[],
    act: () => Promise<T>,
  ): Promise<T> {
    const [machine] = this.#host.get(machines);
    const path = machine?.resolve(given, settings.cwd) ?? given;
    const before = this.#guard(turns, path, () => ({
      image: imageAt(path, this.#keeping),
      folders: missingFolders(path),
    }));
    try {
      return await act();
    } finally {
      if (before !== undefined)
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
  }

  /** Before something runs that may write: what is there is known then. Disposing it finds what changed. */
  async begin({ settings }: EffectRequest, turns: readonly Place[]): Promise<Disposable> {
    const trees = await this.#treesOf(settings);
    for (const tree of trees) if (this.#lookedAt.get(tree) !== this.#steps) this.#look(tree, turns);
    const running = { run: newId(), turns, trees };
    const at = Date.now();
    this.#write(turns, ({ turn }) => [{ type: 'begun', at, turn, run: running.run }]);
    this.#running.add(running);
    return { [Symbol.dispose]: () => this.#end(running) };
  }

  #end(running: Running): void {
    if (!this.#running.has(running)) return;
    for (const tree of running.trees) this.#look(tree, running.turns);
    this.#running.delete(running);
    const at = Date.now();
    const gaps = running.trees.flatMap((tree) => tree.gaps);
    this.#write(running.turns, ({ thread, turn }) => [
      ...this.#newGaps(thread, gaps).map((gap) => ({ type: 'gap' as const, at, turn, ...gap })),
      { type: 'ended', at, turn, run: running.run },
    ]);
  }

  #newGaps(thread: string, gaps: readonly Gap[]): readonly Gap[] {
    const known = this.#follow(thread).gaps;
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

  #lookAtAll(): void {
    const trees = new Set([...this.#running].flatMap((one) => one.trees));
    for (const tree of trees) this.#look(tree, []);
  }

  /** What changed since the last look is of those that ran meanwhile; when nothing ran, of other hands. */
  #look(tree: Tree, asking: readonly Place[]): void {
    this.#guard(asking, tree.root, () => {
      const changes = tree.look();
      this.#lookedAt.set(tree, this.#steps);
      const running = [...this.#running].filter(({ trees }) => trees.includes(tree));
      const turns = new Map(running.flatMap((one) => one.turns).map((one) => [one.turn, one]));
      this.#add([...turns.values()], 'command', changes);
    });
  }

  #add(turns: readonly Place[], by: 'patch' | 'command', changes: readonly Change[]): void {
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
