/** The only door to the world: each effect goes through the wrappers, then the gate, and is then carried out as judged. */

import type {
  AroundEffect,
  Confinement,
  Effect,
  EffectRequest,
  Effects,
  FetchAnswer,
  FetchRequest,
  Process,
  Sandbox,
  SandboxRequest,
  SpawnPlan,
  SpawnRequest,
} from './contracts.ts';
import {
  isInside,
  listFolder,
  readFile,
  removeFile,
  resolvePath,
  statFile,
  writeFile,
} from './effects-files.ts';
import { type Connections, fetchUrl } from './effects-http.ts';
import { type Processes, type RunningProcess, startProcess } from './effects-process.ts';
import { KernelError } from './errors.ts';
import { type GateContext, passGate } from './gate.ts';
import type { Origin, Settings } from './item.ts';

/** What all effects of a kernel share. */
export interface World {
  readonly connections: Connections;
  /** What commands get of the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The sandbox in use and how well it confines; `undefined` when none was found. */
  readonly sandbox: () => Promise<
    { readonly sandbox: Sandbox; readonly level: Confinement } | undefined
  >;
  readonly nextProcessId: () => string;
}

/** To whom effects belong. */
export interface Binding {
  readonly origin: Origin;
  readonly thread?: string;
  readonly call?: string;
  readonly settings: Settings;
  readonly wrappers: readonly AroundEffect[];
  readonly gate: GateContext;
  /** Processes end with this owner (a call, a plugin). */
  readonly own: Processes;
  /** Processes that are kept end with this one (the thread). */
  readonly kept: Processes;
  /** The whole text of a result, for paths `result:CALL`. */
  readonly result: (call: string) => Promise<Uint8Array | undefined>;
}

const resultPrefix = 'result:';

/** Effects bound to an origin and, within a thread, to a call. */
export function bindEffects(world: World, binding: Binding): Effects {
  const run = <T>(what: EffectBody, act: (what: EffectRequest) => Promise<T>) =>
    runEffect(binding, what, act);
  return {
    spawn: (request) =>
      run({ kind: 'spawn', request }, (what) =>
        actSpawn(world, binding, requestOf(what, 'spawn').request),
      ),
    process: (id) => {
      const child = binding.kept.get(id);
      return child && processOf(binding, child);
    },
    stat: async (path) => {
      const stored = await storedResult(binding, path);
      if (stored !== undefined)
        return { kind: 'file', bytes: stored.length, modifiedMs: 0, mode: 0o400 };
      return run({ kind: 'read', path }, (what) =>
        actRead(binding, requestOf(what, 'read').path, statFile),
      );
    },
    list: (path) =>
      run({ kind: 'read', path }, (what) =>
        actRead(binding, requestOf(what, 'read').path, listFolder),
      ),
    read: async (path, range) => {
      const stored = await storedResult(binding, path);
      if (stored !== undefined) return stored.subarray(range?.start ?? 0, range?.end);
      return run({ kind: 'read', path }, (what) =>
        actRead(binding, requestOf(what, 'read').path, (real) => readFile(real, range)),
      );
    },
    write: (path, data, options) =>
      run({ kind: 'write', path, data, ...options }, (what) =>
        actWrite(binding, requestOf(what, 'write')),
      ),
    remove: (path) =>
      run({ kind: 'write', path, data: undefined }, (what) =>
        actWrite(binding, requestOf(what, 'write')),
      ),
    fetch: (url, request = {}) =>
      run({ kind: 'fetch', url, request }, (what) =>
        actFetch(world, binding, requestOf(what, 'fetch')),
      ),
    call: (effect, act) =>
      run({ kind: 'call', ...effect }, async (what) => {
        const { server, tool, args, confined } = requestOf(what, 'call');
        await pass(binding, { kind: 'call', server, tool, args, confined });
        return act();
      }),
  };
}

type WithoutOwner<T> = T extends unknown
  ? Omit<T, 'origin' | 'thread' | 'call' | 'settings'>
  : never;
type EffectBody = WithoutOwner<EffectRequest>;

function runEffect<T>(
  binding: Binding,
  body: EffectBody,
  act: (what: EffectRequest) => Promise<T>,
): Promise<T> {
  const { origin, settings, thread, call, wrappers } = binding;
  // The owner's fields and the body's together are an EffectRequest; spreading a union loses that.
  const what = { ...body, origin, settings, ...owner(thread, call) } as EffectRequest;
  const step = (index: number, current: EffectRequest): Promise<T> => {
    const wrapper = wrappers[index];
    return wrapper === undefined ? act(current) : wrapper(current, (next) => step(index + 1, next));
  };
  return step(0, what);
}

function owner(
  thread: string | undefined,
  call: string | undefined,
): { thread?: string; call?: string } {
  return { ...(thread === undefined ? {} : { thread }), ...(call === undefined ? {} : { call }) };
}

/** A wrapper may change an effect, not make another kind of it. */
function requestOf<K extends EffectRequest['kind']>(
  what: EffectRequest,
  kind: K,
): Extract<EffectRequest, { kind: K }> {
  if (what.kind !== kind)
    throw new KernelError(
      'plugin',
      `a wrapper turned a ${kind} effect into ${what.kind}: it may only change it`,
    );
  return what as Extract<EffectRequest, { kind: K }>; // just checked
}

async function pass(binding: Binding, body: WithoutOwner<Effect>): Promise<void> {
  const { origin, thread, call } = binding;
  // As above: the owner's fields and the body's together are an Effect.
  await passGate({ ...body, origin, ...owner(thread, call) } as Effect, binding.gate);
  binding.gate.signal?.throwIfAborted();
}

async function actRead<T>(binding: Binding, path: string, read: (real: string) => T): Promise<T> {
  const real = resolvePath(path, binding.settings.cwd);
  await pass(binding, { kind: 'read', path: real, inside: inRoots(real, binding.settings) });
  return read(real);
}

async function actWrite(
  binding: Binding,
  what: Extract<EffectRequest, { kind: 'write' }>,
): Promise<void> {
  const real = resolvePath(what.path, binding.settings.cwd);
  const { data } = what;
  await pass(binding, {
    kind: 'write',
    path: real,
    inside: inRoots(real, binding.settings),
    remove: data === undefined,
  });
  if (data === undefined) removeFile(real);
  else writeFile(real, data, what.mode);
}

function inRoots(path: string, settings: Settings): boolean {
  return isInside(
    path,
    [settings.cwd, ...settings.roots].map((root) => resolvePath(root, '/')),
  );
}

async function actFetch(
  world: World,
  binding: Binding,
  what: { url: string; request: FetchRequest },
): Promise<FetchAnswer> {
  await pass(binding, { kind: 'fetch', url: what.url, method: what.request.method ?? 'GET' });
  return fetchUrl(world.connections, what.url, what.request);
}

async function actSpawn(world: World, binding: Binding, request: SpawnRequest): Promise<Process> {
  const { settings } = binding;
  const cwd = resolvePath(request.cwd ?? '.', settings.cwd);
  const { plan, confined } = await planSpawn(world, settings, { ...request, cwd });
  await pass(binding, {
    kind: 'spawn',
    argv: request.argv,
    cwd,
    confined,
    network: confined === 'none' || settings.network,
  });
  const child = await startProcess(world.nextProcessId(), request, plan);
  binding.own.adopt(child);
  return processOf(binding, child);
}

async function planSpawn(
  world: World,
  settings: Settings,
  request: SpawnRequest & { readonly cwd: string },
): Promise<{ plan: SpawnPlan; confined: Confinement }> {
  const { argv, cwd } = request;
  const env = { ...world.env, ...request.env };
  if (settings.sandbox === 'danger-full-access') {
    return { plan: { file: argv[0], args: argv.slice(1), cwd, env }, confined: 'none' };
  }
  const chosen = await world.sandbox();
  if (chosen === undefined) {
    throw new KernelError(
      'sandbox',
      `no sandbox can confine commands here, and the mode is ${settings.sandbox}: run with --sandbox danger-full-access to run them unconfined`,
    );
  }
  const wanted: SandboxRequest = {
    argv,
    cwd,
    env,
    mode: settings.sandbox,
    roots: settings.roots,
    network: settings.network,
  };
  return { plan: await chosen.sandbox.plan(wanted), confined: chosen.level };
}

function processOf(binding: Binding, child: RunningProcess): Process {
  return {
    id: child.id,
    exited: child.exited,
    write: (data) =>
      runEffect(binding, { kind: 'input', process: child.id, data }, async (what) => {
        const input = requestOf(what, 'input').data;
        const shown = typeof input === 'string' ? input : Buffer.from(input).toString();
        await pass(binding, { kind: 'input', process: child.id, argv: child.argv, data: shown });
        await child.write(input);
      }),
    end: () => child.end(),
    kill: (signal) => child.kill(signal),
    keep: (onOutput) => {
      child.keep(onOutput);
      binding.own.move(child, binding.kept);
    },
  };
}

async function storedResult(binding: Binding, path: string): Promise<Uint8Array | undefined> {
  if (!path.startsWith(resultPrefix)) return undefined;
  const stored = await binding.result(path.slice(resultPrefix.length));
  if (stored === undefined)
    throw new KernelError('not_found', `there is no kept result ${path} in this thread`);
  return stored;
}
