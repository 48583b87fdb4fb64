/** The only door to the world: each effect goes through the wrappers, then the gate, and is carried out as judged. */

import type * as plug from './contracts.ts';
import { fail, KernelError, notFound } from './errors.ts';
import { type Judged, passGate } from './gate.ts';
import { nest } from './slot.ts';

/** A process with its name in its thread, and what was asked for. */
type Child = Omit<plug.Process, 'id'> & Readonly<{ id: string; argv: plug.Argv }>;

/** The processes that one owner (call, turn, thread, plugin) answers for. Disposing ends all of them. */
export class Processes implements AsyncDisposable {
  readonly running = new Map<string, Child>();
  /** Told when one comes or goes. */
  changed: () => void = () => {};
  /** How many were ever started, which names them. */
  count = 0;
  isClosed = false;

  /** From now on this owner's, until it ends or another adopts it. */
  adopt(child: Child, from?: Processes): void {
    from?.release(child.id);
    this.running.set(child.id, child);
    this.changed();
    void child.exited.then(() => this.release(child.id));
    if (this.isClosed) child.kill();
  }

  release(id: string): void {
    if (this.running.delete(id)) this.changed();
  }

  /** Resolves when they have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    const all = [...this.running.values()];
    for (const child of all) child.kill();
    await Promise.all(all.map((child) => child.exited));
  }
}

export type Confined = Readonly<{ level: plug.Confinement; sandbox: Pick<plug.Sandbox, 'plan'> }>;
/** What all effects of a kernel share: `env` is what commands get, `sandbox` the one in use, if one was found. */
export type World = Readonly<{ env: plug.Strings; machine: () => plug.Machine } & Confining>;
type Confining = { sandbox: () => Promise<Confined | undefined> };

/**
 * Effects end with `own` (a call, a turn, a plugin), and so do processes, but for those that `kept` keeps (a thread). The
 * signal ends what is under way. `stored` gives what paths like `result:CALL` name.
 */
export type Owner = World & Judged & Readonly<Processing & Passing>;
type Processing = { own: Processes; kept: Processes; signal: AbortSignal };
type Passing = { wrappers: () => readonly plug.AroundEffect[]; stored?: Stored };
type Stored = (path: string) => Promise<Uint8Array | undefined>;

/** Effects bound to their owner: within a thread, to a call. */
export function bindEffects(owner: Owner): plug.Effects {
  return {
    ...filesOf(owner),
    ...processesOf(owner),
    fetch: (address, wanted = {}) =>
      pass(owner, { kind: 'fetch', url: address, request: wanted }, ({ url, request }) =>
        owner.machine().fetch(url, endingWith(owner, request)),
      ),
    call: (effect, run) => pass(owner, { kind: 'call', ...effect }, run),
  };
}

type Maybe<T> = T | Promise<T>;
type Kind = plug.RequestBody['kind'];
type Wanted<K extends Kind> = Extract<plug.RequestBody, { kind: K }>;
type Seen<K extends Kind> = Extract<plug.EffectBody, { kind: K }>;
type Act<K extends Kind, T> = (what: Wanted<K>, seen: Seen<K>) => Maybe<T>;

/** Through the wrappers, which may change what is wanted but not into another kind, and the gate; then it is done. */
async function pass<K extends Kind, T>(owner: Owner, wanted: Wanted<K>, act: Act<K, T>) {
  const { origin, thread, call, settings } = owner;
  const judged = async (request: plug.EffectRequest): Promise<T> => {
    const what = request as unknown as Wanted<K>; // the kind stays
    const seen = await views[wanted.kind](what, owner);
    await passGate(seen, owner);
    return act(what, seen);
  };
  const run = nest(owner.wrappers(), judged, (wrapper, next) => (what) => wrapper(what, next));
  return run({ ...(wanted as plug.RequestBody), origin, thread, call, settings });
}

/** What the gate sees of what is wanted. */
const views: { readonly [K in Kind]: (what: Wanted<K>, owner: Owner) => Maybe<Seen<K>> } = {
  read: ({ kind, path }, owner) => ({ kind, ...at(owner, path) }),
  write: ({ kind, path, data }, who) => ({ kind, ...at(who, path), remove: data === undefined }),
  fetch: ({ kind, url, request }) => ({ kind, url, method: request.method ?? 'GET' }),
  call: ({ kind, server, tool, args, confined }) => ({ kind, server, tool, args, confined }),
  input: ({ kind, process, data }, owner) => {
    const { argv } = running(owner, process);
    return { kind, process, argv, data: Buffer.from(data).toString() };
  },
  spawn: async ({ kind, request: { argv, cwd = '.' } }, owner) => {
    const { level: confined } = await confine(owner);
    const network = confined === 'none' || owner.settings.network;
    return { kind, argv, cwd: at(owner, cwd).path, confined, network };
  },
};

/** A path with its links resolved, and whether that is in the roots. */
function at({ settings: { cwd, roots }, machine }: Owner, path: string) {
  const real = machine().resolve(path, cwd);
  const folders = [cwd, ...roots].map((root) => machine().resolve(root, '/').replace(/\/?$/, '/'));
  return { path: real, inside: folders.some((folder) => `${real}/`.startsWith(folder)) };
}

/** A process of this owner that has not ended. */
function running({ own, kept }: Owner, id: string): Child {
  return own.running.get(id) ?? kept.running.get(id) ?? fail(notFound`process ${id} has ended`);
}

/** The same request, which ends with its owner's signal as well. */
function endingWith<R extends { signal?: AbortSignal }>({ signal }: Owner, request: R): R {
  return { ...request, signal: AbortSignal.any([signal, request.signal ?? signal]) };
}

const bare: plug.Sandbox['plan'] = ({ argv, cwd, env }) => {
  return { file: argv[0], args: argv.slice(1), cwd, env };
};

/** What commands run in. */
async function confine({ settings: { sandbox: mode }, sandbox }: Owner): Promise<Confined> {
  if (mode === 'danger-full-access') return { level: 'none', sandbox: { plan: bare } };
  const advice = 'run with --sandbox danger-full-access to run them unconfined';
  const message = `no sandbox can confine commands here, and the mode is ${mode}: ${advice}`;
  return (await sandbox()) ?? fail(new KernelError('sandbox', message));
}

function filesOf(owner: Owner): plug.Files {
  const { machine, stored } = owner;
  const look = <T>(path: string, act: (real: string) => Maybe<T>) =>
    pass(owner, { kind: 'read', path }, (_what, seen) => act(seen.path));
  const put = (wanted: Wanted<'write'>) =>
    pass(owner, wanted, ({ data, mode }, { path }) =>
      data === undefined ? machine().remove(path) : machine().write(path, data, mode),
    );
  return {
    stat: async (path) => {
      const bytes = (await stored?.(path))?.length;
      if (bytes === undefined) return look(path, (real) => machine().stat(real));
      return { path, kind: 'file', bytes, modifiedMs: 0, mode: 0o400 };
    },
    read: async (path, range) => {
      const bytes = await stored?.(path);
      if (bytes === undefined) return look(path, (real) => machine().read(real, range));
      return bytes.subarray(range?.start, range?.end);
    },
    list: (path) => look(path, (real) => machine().list(real)),
    write: (path, data, options) => put({ kind: 'write', path, data, ...options }),
    remove: (path) => put({ kind: 'write', path }),
  };
}

function processesOf(owner: Owner): Pick<plug.Effects, 'spawn' | 'process'> {
  const { own, kept } = owner;
  const handle = (child: Child): plug.Process => ({
    id: child.id,
    exited: child.exited,
    end: () => child.end(),
    kill: (signal) => child.kill(signal),
    write: (input) =>
      pass(owner, { kind: 'input', process: child.id, data: input }, ({ process, data }) =>
        running(owner, process).write(data),
      ),
    keep: (onOutput) => {
      child.keep(onOutput);
      kept.adopt(child, own);
    },
  });
  const start: Act<'spawn', plug.Process> = async ({ request }, { cwd }) => {
    const { sandbox: mode, roots, network } = owner.settings;
    const { argv, env: added } = request;
    const { sandbox } = await confine(owner);
    const env = { ...owner.env, ...added };
    const plan = await sandbox.plan({ argv, cwd, env, mode, roots, network });
    const started = await owner.machine().spawn(plan, endingWith(owner, request));
    const child = Object.assign(started, { id: `p${++kept.count}`, argv });
    own.adopt(child);
    return handle(child);
  };
  return {
    process: (id) => (kept.running.has(id) ? handle(running(owner, id)) : undefined),
    spawn: (wanted) => pass(owner, { kind: 'spawn', request: wanted }, start),
  };
}
