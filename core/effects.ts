/** The only door to the world: each effect goes through the wrappers, then the gate, and is carried out as judged. */

import type * as plug from './contracts.ts';
import { fail, KernelError, notFound } from './errors.ts';
import { type Owner, passGate } from './gate.ts';
import type { Origin } from './item.ts';
import type { Child, Processes } from './processes.ts';
import type { Base } from './registry.ts';
import { nest } from './slot.ts';
import { aroundEffect } from './slots.ts';

/** Effects bound to their owner: within a thread, to a call. */
export function bindEffects(owner: Owner): plug.Effects {
  const send: Act<'fetch', plug.FetchAnswer> = ({ url, request }) =>
    owner.base.machine().fetch(url, endingWith(owner, request));
  return {
    ...filesOf(owner),
    ...processesOf(owner),
    fetch: (url, request = {}) => pass(owner, { kind: 'fetch', url, request }, send),
    call: (effect, run) => pass(owner, { kind: 'call', ...effect }, run),
  };
}

/** Effects outside any thread, as this origin. */
export function effectsOutside(base: Base, origin: Origin, own: Processes, signal: AbortSignal) {
  const { settings, registry } = base;
  return bindEffects({ base, origin, own, signal, settings, get: registry.get });
}

type Kind = plug.RequestBody['kind'];
type Wanted<K extends Kind> = Extract<plug.RequestBody, { kind: K }>;
type Seen<K extends Kind> = Extract<plug.EffectBody, { kind: K }>;
type Act<K extends Kind, T> = (what: Wanted<K>, seen: Seen<K>) => plug.Maybe<T>;

/** Through the wrappers, which may change what is wanted but not into another kind, and the gate; then it is done. */
async function pass<K extends Kind, T>(owner: Owner, wanted: Wanted<K>, act: Act<K, T>) {
  const { origin, thread, call, settings } = owner;
  const judged = async (request: plug.EffectRequest): Promise<T> => {
    const what = request as unknown as Wanted<K>; // the kind stays
    const seen = await views[wanted.kind](what, owner);
    await passGate(seen, owner);
    return act(what, seen);
  };
  const run = nest(owner.get(aroundEffect), judged, (one, next) => (what) => one(what, next));
  return run({ ...(wanted as plug.RequestBody), origin, thread: thread?.id, call, settings });
}

/** What the gate sees of what is wanted. */
const views: { readonly [K in Kind]: (what: Wanted<K>, owner: Owner) => plug.Maybe<Seen<K>> } = {
  read: ({ kind, path }, owner) => ({ kind, ...at(owner, path) }),
  write: ({ kind, path, data }, who) => ({ kind, ...at(who, path), remove: data === undefined }),
  fetch: ({ kind, url, request }) => ({ kind, url, method: request.method ?? 'GET' }),
  call: ({ kind, server, tool, args, confined }) => ({ kind, server, tool, args, confined }),
  input: ({ kind, process, data }, owner) => {
    const { argv } = running(owner, process).request;
    return { kind, process, argv, data: Buffer.from(data).toString() };
  },
  spawn: async ({ kind, request: { argv, cwd = '.', unconfined } }, owner) => {
    const { level: confined } = await confine(owner, unconfined);
    const network = confined === 'none' || owner.settings.network;
    return { kind, argv, cwd: at(owner, cwd).path, confined, network };
  },
};

/** A path with its links resolved, and whether that is in the roots. */
function at({ settings: { cwd, roots }, base }: Owner, path: string) {
  const machine = base.machine();
  const real = machine.resolve(path, cwd);
  const folders = [cwd, ...roots].map((root) => machine.resolve(root, '/').replace(/\/?$/, '/'));
  return { path: real, inside: folders.some((folder) => `${real}/`.startsWith(folder)) };
}

/** A process of this owner that has not ended. */
function running({ own, thread }: Owner, id: string): Child {
  const found = own.running.get(id) ?? thread?.processes.running.get(id);
  return found ?? fail(notFound`process ${id} has ended`);
}

/** The same request, which ends with its owner's signal as well. */
function endingWith<R extends { signal?: AbortSignal }>({ signal }: Owner, request: R): R {
  return { ...request, signal: AbortSignal.any([signal, request.signal ?? signal]) };
}

const bare: plug.PlanSpawn = ({ argv: [file, ...args], cwd, env }) => ({ file, args, cwd, env });

/** What commands run in. */
async function confine({ settings: { sandbox: mode }, base }: Owner, unconfined?: boolean) {
  const isBare = unconfined || mode === 'danger-full-access';
  if (isBare) return { level: 'none', sandbox: { plan: bare } } as const;
  const advice = 'run with --sandbox danger-full-access to run them unconfined';
  const message = `no sandbox can confine commands here, and the mode is ${mode}: ${advice}`;
  return (await base.sandbox()) ?? fail(new KernelError('sandbox', message));
}

function filesOf(owner: Owner): Omit<plug.Effects, 'spawn' | 'process' | 'fetch' | 'call'> {
  const { machine } = owner.base;
  const look = <T>(path: string, act: (real: string) => plug.Maybe<T>) =>
    pass(owner, { kind: 'read', path }, (_what, seen) => act(seen.path));
  const put: Act<'write', void> = ({ data, mode }, { path }) =>
    data === undefined ? machine().remove(path) : machine().write(path, data, mode);
  return {
    stat: async (path) => {
      const bytes = (await owner.thread?.stored(path))?.length;
      if (bytes === undefined) return look(path, (real) => machine().stat(real));
      return { path, kind: 'file', bytes, modifiedMs: 0, mode: 0o400 };
    },
    read: async (path, range) => {
      const bytes = await owner.thread?.stored(path);
      if (bytes === undefined) return look(path, (real) => machine().read(real, range));
      return bytes.subarray(range?.start, range?.end);
    },
    list: (path) => look(path, (real) => machine().list(real)),
    write: (path, data, options) => pass(owner, { kind: 'write', path, data, ...options }, put),
    remove: (path) => pass(owner, { kind: 'write', path }, put),
  };
}

function processesOf(owner: Owner): Pick<plug.Effects, 'spawn' | 'process'> {
  const { own, base } = owner;
  const kept = owner.thread?.processes ?? own;
  const as = ({ server: name }: plug.SpawnRequest): Owner =>
    name === undefined ? owner : { ...owner, origin: { kind: 'mcp', name } };
  const feed: Act<'input', void> = ({ process, data }) => running(owner, process).write(data);
  const handle = (child: Child): plug.Process => ({
    id: child.id,
    exited: child.exited,
    end: () => child.end(),
    kill: (signal) => child.kill(signal),
    write: (data) => pass(as(child.request), { kind: 'input', process: child.id, data }, feed),
    keep: (onOutput) => {
      child.keep(onOutput);
      kept.adopt(child, own);
    },
  });
  const start: Act<'spawn', plug.Process> = async ({ request }, { cwd }) => {
    const { sandbox: mode, roots, network } = owner.settings;
    const { argv, env: added, unconfined } = request;
    const { sandbox } = await confine(owner, unconfined);
    const env = { ...base.env, ...added };
    const plan = await sandbox.plan({ argv, cwd, env, mode, roots, network });
    const started = await base.machine().spawn(plan, endingWith(owner, request));
    const child = Object.assign(started, { id: `p${++kept.count}`, request });
    own.adopt(child);
    return handle(child);
  };
  return {
    process: (id) => (kept.running.has(id) ? handle(running(owner, id)) : undefined),
    spawn: (wanted) => pass(as(wanted), { kind: 'spawn', request: wanted }, start),
  };
}
