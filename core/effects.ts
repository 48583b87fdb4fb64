/** The only door to the world: each effect goes through the wrappers, then the gate, and is carried out as judged. */

import type * as plug from './contracts.ts';
import { KernelError, notFound } from './errors.ts';
import { type GateContext, passGate } from './gate.ts';
import type { Origin, Settings } from './item.ts';

/** A process with its name in its thread, and what was asked for. */
type Child = Omit<plug.Process, 'id'> & Readonly<{ id: string; argv: plug.Argv }>;

/** The processes that one owner (call, turn, thread, plugin) answers for. */
export class Processes {
  readonly running: Map<string, Child> = new Map();
  readonly #changed: () => void;

  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  /** From now on this owner's, until it ends or another adopts it. */
  adopt(child: Child, from?: Processes): void {
    from?.release(child.id);
    this.running.set(child.id, child);
    this.#changed();
    void child.exited.then(() => this.release(child.id));
  }

  release(id: string): void {
    if (this.running.delete(id)) this.#changed();
  }

  /** Ends all; resolves when they have ended. */
  async close(): Promise<void> {
    const all = [...this.running.values()];
    for (const child of all) child.kill();
    await Promise.all(all.map((child) => child.exited));
  }
}

/** What all effects of a kernel share. */
export interface World {
  readonly machine: () => plug.Machine;
  /** What commands get of the environment. */
  readonly env: plug.Strings;
  /** The sandbox in use, if one was found. */
  readonly sandbox: () => Promise<Confined | undefined>;
  readonly nextProcessId: () => string;
}
export type Confined = Readonly<{ sandbox: plug.Sandbox; level: plug.Confinement }>;

/** To whom effects belong. Processes end with `own` (a call, a plugin); those that are kept, with `kept` (the thread). */
export interface Binding {
  readonly origin: Origin;
  readonly thread?: string;
  readonly call?: string;
  readonly wrappers: () => readonly plug.AroundEffect[];
  readonly gate: GateContext;
  readonly own: Processes;
  readonly kept: Processes;
  /** The whole text of a call's result, for paths `result:CALL`. */
  readonly result?: (call: string) => Promise<Uint8Array | undefined>;
}

type Body<K extends plug.RequestBody['kind']> = Extract<plug.RequestBody, { kind: K }>;
type Act<K extends plug.RequestBody['kind'], T> = (what: Body<K>) => Promise<T>;

/** Effects bound to an origin and, within a thread, to a call. */
export class BoundEffects implements plug.Effects {
  readonly #world: World;
  readonly #owner: Binding;

  constructor(world: World, owner: Binding) {
    this.#world = world;
    this.#owner = owner;
  }

  get #settings(): Settings {
    return this.#owner.gate.settings;
  }

  /** Through the wrappers, which may change a request, but not into another kind. */
  #run<K extends plug.RequestBody['kind'], T>(body: Body<K>, act: Act<K, T>): Promise<T> {
    const { origin, thread, call } = this.#owner;
    const wrappers = this.#owner.wrappers();
    const step = (index: number, what: plug.EffectRequest): Promise<T> => {
      const next = (changed: plug.EffectRequest) => step(index + 1, changed);
      return wrappers[index]?.(what, next) ?? act(what as unknown as Body<K>);
    };
    const whole = { ...(body as plug.RequestBody), origin, thread, call, settings: this.#settings };
    return step(0, whole);
  }

  #judge(body: plug.EffectBody): Promise<void> {
    const { origin, thread, call, gate } = this.#owner;
    return passGate({ ...body, origin, thread, call }, gate);
  }

  #resolve(path: string): { readonly path: string; readonly inside: boolean } {
    const { cwd, roots } = this.#settings;
    const { resolve } = this.#world.machine();
    const real = resolve(path, cwd);
    const folders = [cwd, ...roots].map((root) => resolve(root, '/').replace(/\/?$/, '/'));
    return { path: real, inside: folders.some((folder) => `${real}/`.startsWith(folder)) };
  }

  #look<T>(path: string, act: (real: string) => T | Promise<T>): Promise<T> {
    return this.#run({ kind: 'read', path }, async (what) => {
      const at = this.#resolve(what.path);
      await this.#judge({ kind: 'read', ...at });
      return act(at.path);
    });
  }

  #put(body: Body<'write'>): Promise<void> {
    return this.#run(body, async ({ path, data, mode }) => {
      const at = this.#resolve(path);
      await this.#judge({ kind: 'write', ...at, remove: data === undefined });
      const machine = this.#world.machine();
      await (data === undefined ? machine.remove(at.path) : machine.write(at.path, data, mode));
    });
  }

  async #stored(path: string): Promise<Uint8Array | undefined> {
    if (!path.startsWith('result:')) return undefined;
    const stored = await this.#owner.result?.(path.slice('result:'.length));
    if (stored === undefined) throw notFound`there is no ${path} in this thread`;
    return stored;
  }

  readonly stat: plug.Effects['stat'] = async (path) => {
    const stored = await this.#stored(path);
    if (stored === undefined) return this.#look(path, this.#world.machine().stat);
    return { path, kind: 'file', bytes: stored.length, modifiedMs: 0, mode: 0o400 };
  };
  readonly read: plug.Effects['read'] = async (path, range) => {
    const stored = await this.#stored(path);
    if (stored !== undefined) return stored.subarray(range?.start, range?.end);
    return this.#look(path, (real) => this.#world.machine().read(real, range));
  };
  readonly list: plug.Effects['list'] = (path) => this.#look(path, this.#world.machine().list);
  readonly write: plug.Effects['write'] = (path, data, options) =>
    this.#put({ kind: 'write', path, data, ...options });
  readonly remove: plug.Effects['remove'] = (path) => this.#put({ kind: 'write', path });

  readonly fetch: plug.Effects['fetch'] = (address, wanted = {}) =>
    this.#run({ kind: 'fetch', url: address, request: wanted }, async ({ url, request }) => {
      await this.#judge({ kind: 'fetch', url, method: request.method ?? 'GET' });
      return this.#world.machine().fetch(url, request);
    });

  readonly call: plug.Effects['call'] = (effect, act) =>
    this.#run({ kind: 'call', ...effect }, async ({ kind, server, tool, args, confined }) => {
      await this.#judge({ kind, server, tool, args, confined });
      return act();
    });

  readonly spawn: plug.Effects['spawn'] = (wanted) =>
    this.#run({ kind: 'spawn', request: wanted }, async ({ request }) => {
      const { path: cwd } = this.#resolve(request.cwd ?? '.');
      const { plan, confined } = await this.#plan(request, cwd);
      const network = confined === 'none' || this.#settings.network;
      await this.#judge({ kind: 'spawn', argv: request.argv, cwd, confined, network });
      const started = await this.#world.machine().spawn(plan, request);
      const child = Object.assign(started, { id: this.#world.nextProcessId(), argv: request.argv });
      this.#owner.own.adopt(child);
      return this.#handle(child);
    });

  async #plan({ argv, env: added }: plug.SpawnRequest, cwd: string) {
    const { sandbox: mode, roots, network } = this.#settings;
    const env = { ...this.#world.env, ...added };
    const bare: plug.SpawnPlan = { file: argv[0], args: argv.slice(1), cwd, env };
    if (mode === 'danger-full-access') return { plan: bare, confined: 'none' } as const;
    const chosen = await this.#world.sandbox();
    const advice = 'run with --sandbox danger-full-access to run them unconfined';
    const message = `no sandbox can confine commands here, and the mode is ${mode}: ${advice}`;
    if (chosen === undefined) throw new KernelError('sandbox', message);
    const plan = await chosen.sandbox.plan({ argv, cwd, env, mode, roots, network });
    return { plan, confined: chosen.level };
  }

  readonly process: plug.Effects['process'] = (id) => {
    const child = this.#owner.kept.running.get(id);
    return child && this.#handle(child);
  };

  #handle(child: Child): plug.Process {
    const { id, argv, exited } = child;
    const write = (input: string | Uint8Array) =>
      this.#run({ kind: 'input', process: id, data: input }, async ({ data }) => {
        await this.#judge({ kind: 'input', process: id, argv, data: Buffer.from(data).toString() });
        await child.write(data);
      });
    const keep: plug.Process['keep'] = (onOutput) => {
      child.keep(onOutput);
      this.#owner.kept.adopt(child, this.#owner.own);
    };
    return {
      id,
      exited,
      write,
      end: () => child.end(),
      kill: (signal) => child.kill(signal),
      keep,
    };
  }
}
