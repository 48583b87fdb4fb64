/** The kernel: plugins in, a client out. */

import { pinsOf } from './compaction.ts';
import type {
  Blobs,
  Effects,
  Machine,
  Model,
  Sandbox,
  Store,
  ThreadLog,
  Tool,
} from './contracts.ts';
import { BoundEffects, type Binding, type Confined, Processes, type World } from './effects.ts';
import { aborted, conflict, invalid, KernelError, messageOf, noModel, notFound } from './errors.ts';
import type * as it from './item.ts';
import { threadVersion } from './item.ts';
import type { Client, Event, Listener, Method, Params, Result } from './protocol.ts';
import { joinRedactors, redactStrings } from './redact.ts';
import { type PluginSpec, Registry } from './registry.ts';
import * as slots from './slots.ts';
import type { NamedValues, Slot } from './slot.ts';
import { closingItems, type Pending, Thread } from './thread.ts';
import type { Window } from './window.ts';
import { runTurn, type TurnHost } from './turn.ts';

export interface KernelOptions {
  /** In the order of configuration. */
  readonly plugins: readonly PluginSpec[];
  /** Defaults of new threads; what is missing: the process's cwd, workspace-write, on-request, no network. */
  readonly settings?: Partial<it.Settings>;
  /** Defaults of each turn's limits. */
  readonly limits?: it.Limits;
  /** Which entry of a choice slot to use, by slot: `{ sandboxes: 'none', stores: 'memory' }`. */
  readonly choose?: Readonly<Record<string, string>>;
  /** Bytes of a result that the model is shown; the rest is kept as a blob. Default 32768. */
  readonly resultBytes?: number;
  /** The environment that commands get; default: PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Disposing ends everything that is ours: turns, processes, plugins (last first). */
export interface Kernel extends AsyncDisposable {
  /** A client under this name. */
  readonly client: (name: string) => Client;
  /** Runs a front end to its exit code. `not_found` names those there are. */
  readonly run: (
    frontEnd: string,
    argv: readonly string[],
    signal?: AbortSignal,
  ) => Promise<number>;
}

/** Starts the plugins in order. What had started is undone, last first, when one fails. */
export async function createKernel(options: KernelOptions): Promise<Kernel> {
  const kernel = new RunningKernel(options);
  try {
    await kernel.start();
  } catch (error) {
    await kernel[Symbol.asyncDispose]();
    throw error;
  }
  return kernel;
}

type Handlers = {
  readonly [M in Method]: (params: Params<M>, client: string) => Promise<Result<M>> | Result<M>;
};

class RunningKernel implements Kernel {
  readonly #options: KernelOptions;
  readonly #registry = new Registry();
  readonly #threads = new Map<string, Thread>();
  readonly #loading = new Map<string, Promise<Thread>>();
  readonly #listeners = new Set<Listener>();
  readonly #notices: it.NoticeItem[] = [];
  readonly #defaults: it.Settings;
  readonly #world: World;
  #sandbox: Promise<Confined | undefined> | undefined;
  #processCount = 0;
  #isClosed = false;

  constructor(options: KernelOptions) {
    this.#options = options;
    const cwd = options.settings?.cwd ?? process.cwd();
    const base = {
      provider: 'none',
      sandbox: 'workspace-write',
      approval: 'on-request',
      network: false,
    } as const;
    this.#defaults = { ...base, cwd, roots: [cwd], ...options.settings };
    const { PATH = '', HOME = '' } = process.env;
    this.#world = {
      machine: () =>
        this.#choose<Machine>('machines') ??
        missing('no machine is loaded: add the plugin "local"'),
      env: options.env ?? { PATH, HOME },
      sandbox: () => (this.#sandbox ??= this.#chooseSandbox()),
      nextProcessId: () => `p${++this.#processCount}`,
    };
  }

  async start(): Promise<void> {
    for (const spec of this.#options.plugins) {
      const error = await this.#registry.start(spec, (name, scope) => this.#hostParts(name, scope));
      if (error !== undefined) this.#notice('warning', spec.plugin.name, error.message);
    }
    this.#registry.get(slots.requests); // a clash stops the start
    for (const slot of [slots.models, slots.tools, slots.commands, slots.frontEnds]) {
      for (const { name, plugin, became } of this.#registry.get<never, NamedValues<unknown>>(slot)
        .clashes) {
        this.#notice(
          'warning',
          plugin,
          `"${name}" is taken in ${slot.name}, so its own is "${became}"`,
        );
      }
    }
  }

  #hostParts(name: string, scope: AsyncDisposableStack) {
    const own = new Processes();
    scope.defer(() => own.close());
    const log = (message: string, data?: unknown) =>
      this.#emit(this.#clean({ type: 'log', plugin: name, message, data }));
    return {
      client: this.client(name),
      effects: this.#outside({ kind: 'plugin', name }, own),
      log,
    };
  }

  /** Effects outside any thread; nobody is there to ask. */
  #outside(origin: it.Origin, own: Processes): Effects {
    const gate: Binding['gate'] = {
      settings: this.#defaults,
      policies: () => this.#registry.get(slots.policies),
      ask: () => Promise.resolve({ by: 'nobody' }),
      record: (decision) => this.#emit({ type: 'effect/decided', decision: this.#clean(decision) }),
      stop: () => {},
    };
    const wrappers = () => this.#registry.get(slots.aroundEffect);
    return new BoundEffects(this.#world, { origin, gate, own, kept: own, wrappers });
  }

  #clean<T>(value: T): T {
    const redact = joinRedactors(this.#registry.get(slots.redactors));
    return redact === undefined ? value : redactStrings(value, redact);
  }

  #notice(level: it.Level, plugin: string, message: string): void {
    const notice: it.NoticeItem = this.#clean({ type: 'notice', level, plugin, message });
    this.#notices.push(notice);
    this.#emit({ type: 'notice', notice });
  }

  /** What an observer or listener throws is a warning of the process, and nothing else. */
  #emit = (event: Event): void => {
    const { type } = event;
    const heard = type === 'item/appended' || type === 'item/delta' ? [] : [...this.#listeners];
    for (const hear of [...this.#registry.get(slots.observers), ...heard]) {
      try {
        hear(event as Parameters<Listener>[0]); // listeners hear just these
      } catch (error) {
        process.emitWarning(`an observer or listener failed: ${messageOf(error)}`);
      }
    }
  };

  // Choices

  #choose<T extends { readonly name: string }>(
    slot: 'machines' | 'stores' | 'sandboxes',
  ): T | undefined {
    const values = this.#registry.get<never, unknown>(slots[slot]) as readonly {
      readonly name: string;
    }[] as readonly T[]; // by the caller's word
    const name = this.#options.choose?.[slot];
    if (name === undefined) return values[0];
    const known = values.map((value) => value.name).join(', ') || 'none';
    return (
      values.find((value) => value.name === name) ??
      missing(`there is no "${name}" in ${slot}; there are: ${known}`)
    );
  }

  /** The one that is named, else the first that confines fully, else, with a notice, the first that does in part. */
  async #chooseSandbox(): Promise<Confined | undefined> {
    const isNamed = this.#options.choose?.['sandboxes'] !== undefined;
    const all = isNamed
      ? [this.#choose<Sandbox>('sandboxes')]
      : this.#registry.get(slots.sandboxes);
    let best: Confined | undefined;
    for (const sandbox of all.filter((one) => one !== undefined)) {
      const { level, reasons } = await sandbox.probe();
      if (isNamed || level === 'full') return { sandbox, level };
      if (level === 'partial') best ??= { sandbox, level };
      if (level === 'partial')
        this.#notice('warning', sandbox.name, `confines only in part: ${reasons.join('; ')}`);
    }
    return best;
  }

  // Threads

  #store(): Store {
    const advice = 'start the thread as ephemeral, or add a stores plugin such as "jsonl"';
    return this.#choose<Store>('stores') ?? missing(`no store is loaded: ${advice}`);
  }

  /** A thread with what of its items is on disk; what it lacks because it was cut off is appended. */
  async #open(
    id: string,
    reason: string,
    log?: ThreadLog,
    items = log?.items ?? [],
  ): Promise<Thread> {
    const blobs = log === undefined ? memoryBlobs() : this.#store().blobs;
    const redact = () => joinRedactors(this.#registry.get(slots.redactors));
    const thread = new Thread({ id, items, log, blobs, redact, observe: this.#emit });
    await thread.append(closingItems(items, reason));
    this.#threads.set(id, thread);
    this.#emit({ type: 'thread/started', thread: id, info: thread.info() });
    return thread;
  }

  async #create(
    first: Pick<it.ThreadItem, 'settings' | 'parent' | 'fork'>,
    ephemeral = false,
    rest: readonly it.Item[] = [],
  ): Promise<Thread> {
    const id = newId();
    const log = ephemeral ? undefined : await this.#store().open(id, { create: true });
    const header = {
      type: 'thread',
      version: threadVersion,
      id,
      ...first,
      n: 0,
      at: Date.now(),
    } as const;
    await log?.append([header, ...rest], false);
    return this.#open(id, 'the thread was forked before the call had one', log, [header, ...rest]);
  }

  async #resume(id: string): Promise<Thread> {
    const known = this.#threads.get(id) ?? this.#loading.get(id);
    if (known !== undefined) return known;
    const load = async () => {
      const log = await this.#store().open(id, { create: false });
      return this.#open(id, 'the program ended before the call had one', log);
    };
    const loading = load().finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading;
  }

  async #items(id: string): Promise<readonly it.Item[]> {
    return this.#threads.get(id)?.items ?? this.#store().read(id);
  }

  #thread(id: string, idleFor?: string): Thread {
    const thread = this.#threads.get(id);
    if (thread === undefined) throw notFound`thread ${id} is not loaded: resume it first`;
    const isBusy = idleFor !== undefined && thread.running !== undefined;
    if (isBusy) throw conflict`cannot ${idleFor} while a turn runs: interrupt it first`;
    return thread;
  }

  async #close(thread: Thread): Promise<void> {
    await thread.close(aborted`the thread was closed`);
    this.#threads.delete(thread.id);
    this.#emit({ type: 'thread/closed', thread: thread.id });
  }

  #startTurn(thread: Thread, pending: Pending): Promise<void> {
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    thread.running = { turn: pending.turn, controller, ended: promise };
    thread.touch();
    const goOn = () => {
      thread.running = undefined;
      resolve();
      thread.touch();
      for (const late of thread.steering.splice(0)) {
        thread.queue.unshift({ ...late, turn: newId(), how: 'queue', limits: pending.limits });
      }
      const next = thread.isClosed ? undefined : thread.queue.shift();
      if (next !== undefined) void this.#startTurn(thread, next);
    };
    // In the next round of the event loop, so that the answer to turn/start comes before the turn's first item.
    setImmediate(() => void runTurn(thread, pending, this.#turnHost(), controller).finally(goOn));
    return promise;
  }

  #turnHost(): TurnHost {
    const get = <Out>(slot: Slot<never, Out>): Out => this.#registry.get(slot);
    const read = Object.entries(slots.turnSlots).map(([name, slot]) => [name, get<unknown>(slot)]);
    const turn = Object.fromEntries(read) as slots.TurnSlots; // names and values are the table's
    const { resultBytes = 32_768 } = this.#options;
    const livePolicies = () => get(slots.policies);
    const isLive = (tool: Tool) => [...get(slots.tools).values()].includes(tool);
    const bind: TurnHost['bind'] = (thread, owner) => {
      const { id, processes: kept } = thread;
      const wrappers = () => turn.aroundEffect;
      return new BoundEffects(this.#world, {
        ...owner,
        thread: id,
        kept,
        wrappers,
        result: (call) => thread.result(call),
      });
    };
    return {
      slots: turn,
      livePolicies,
      isLive,
      client: (name) => this.client(name),
      resultBytes,
      bind,
    };
  }

  // The protocol

  readonly #handlers: Handlers = {
    'thread/start': async ({ settings, ephemeral, name, parent }) => {
      const all = { ...this.#defaults, ...changesOf(this.#defaults, settings) };
      const thread = await this.#create({ settings: all, parent }, ephemeral);
      if (name !== undefined) await thread.append([{ type: 'meta', name }]);
      return thread.info();
    },
    'thread/resume': async ({ thread: id, settings }) => {
      const thread = await this.#resume(id);
      if (settings !== undefined) await thread.append([overrideOf(thread, settings)]);
      return thread.info();
    },
    'thread/fork': async ({ thread: id, after = Infinity, ephemeral }) => {
      const [first, ...rest] = (await this.#items(id)).slice(0, after + 1);
      if (first?.type !== 'thread') throw invalid`cannot fork thread ${id} after ordinal ${after}`;
      const fork = { thread: id, after: rest.length };
      return (await this.#create({ settings: first.settings, fork }, ephemeral, rest)).info();
    },
    'thread/list': (query) => this.#store().list(query),
    'thread/read': async ({ thread, after = -1, limit = Infinity }) => {
      const items = await this.#items(thread);
      return { items: items.slice(after + 1, after + 1 + limit), last: items.length - 1 };
    },
    'thread/update': async ({ thread: id, settings, name, archived }) => {
      const thread = await this.#resume(id);
      if (settings !== undefined) await thread.append([overrideOf(thread, settings)]);
      if ((name ?? archived) !== undefined) await thread.append([{ type: 'meta', name, archived }]);
      thread.touch();
      return thread.info();
    },
    'thread/window': ({ thread: id }) => {
      const { settings, window } = this.#thread(id);
      const model = this.#registry.get(slots.models).get(settings.provider);
      if (model === undefined) throw noModel`there is no model provider "${settings.provider}"`;
      return {
        provider: model.name,
        model: model.traits(settings).model,
        parts: explain(window, model),
      };
    },
    'thread/compact': async ({ thread: id, remark = '' }) => {
      const thread = this.#thread(id, 'compact');
      const from = thread.items.length;
      const turn = newId();
      await this.#startTurn(thread, { turn, input: [], how: 'start', compact: remark, limits: {} });
      const since = thread.items.slice(from);
      const moved = since.findLast((item) => item.type === 'window');
      const end = since.findLast((item) => item.type === 'end');
      const why = end?.error?.message ?? 'the turn was interrupted';
      if (moved === undefined) throw new KernelError('model_context', why);
      return { before: moved.before, after: moved.after };
    },
    'thread/revert': async ({ thread: id, turn }, client) => {
      const thread = this.#thread(id, 'revert');
      const running = [...thread.processes.running.keys()].join(', ');
      if (running !== '') throw conflict`cannot revert while processes run: end ${running} first`;
      const to = thread.items.find((item) => item.type === 'turn' && item.id === turn)?.n;
      if (to === undefined) throw notFound`thread ${id} has no turn ${turn}`;
      await thread.append([
        { type: 'window', reason: 'revert', by: client, to, before: 0, after: 0 },
      ]);
      return thread.info();
    },
    'thread/close': ({ thread }) => this.#close(this.#thread(thread)).then(() => ({})),
    'thread/remove': async ({ thread: id }) => {
      const loaded = this.#threads.get(id);
      if (loaded !== undefined) await this.#close(loaded);
      if (loaded?.info().ephemeral !== true) await this.#store().remove(id);
      this.#emit({ type: 'thread/removed', thread: id });
      return {};
    },
    'turn/start': ({ thread: id, settings: given, limits, ...said }) => {
      const thread = this.#thread(id);
      if (said.input.length === 0) throw invalid`expected input with at least one content`;
      const queued = thread.running !== undefined;
      const settings = given && changesOf(thread.settings, given);
      const all = { ...this.#options.limits, ...limits };
      const pending = {
        ...said,
        turn: newId(),
        how: queued ? 'queue' : 'start',
        settings,
        limits: all,
      } as const;
      if (!queued) void this.#startTurn(thread, pending);
      else thread.touch(thread.queue.push(pending));
      return { turn: pending.turn, queued };
    },
    'turn/steer': ({ thread: id, turn, ...said }) => {
      const { running, steering } = this.#thread(id);
      const isIt = running !== undefined && (turn ?? running.turn) === running.turn;
      if (!isIt)
        throw conflict`expected ${turn ?? 'a turn'} to run, but it is ${running?.turn ?? 'none'}`;
      steering.push(said);
      return { turn: running.turn };
    },
    'turn/interrupt': async ({ thread: id, turn }) => {
      const { running } = this.#thread(id);
      if (running === undefined || (turn ?? running.turn) !== running.turn) return {};
      running.controller.abort(aborted`interrupted by the user`);
      await running.ended;
      return {};
    },
    'question/answer': ({ thread, question, answer }, client) => {
      this.#thread(thread).answer(question, answer, client);
      return {};
    },
    'question/ask': ({ thread: id, question, call }) => {
      const thread = this.#thread(id);
      return thread.ask(question, call, thread.running?.controller.signal);
    },
    'kernel/describe': () => {
      const threads = [...this.#threads.values()].map((thread) => thread.info());
      return { ...this.#registry.describe(), notices: this.#notices, threads };
    },
  };

  client(name: string): Client {
    const request: Client['request'] = async <M extends Method>(
      method: M,
      params: Params<M>,
    ): Promise<Result<M>> => {
      if (this.#isClosed) throw conflict`the kernel has been closed`;
      const handler = this.#handlers[method] as (
        params: unknown,
        client: string,
      ) => Promise<Result<M>>; // typed by the table
      return handler(params, name);
    };
    const call: Client['call'] = async (method, params, signal = new AbortController().signal) => {
      const handlers = this.#registry.get(slots.requests);
      const handler =
        handlers.get(method) ??
        missing(
          `there is no request "${method}"; plugins add: ${[...handlers.keys()].join(', ') || 'none'}`,
        );
      const own = new Processes();
      const effects = this.#outside({ kind: 'client', name }, own);
      return handler.run(params, { client, signal, effects }).finally(() => own.close());
    };
    const listen = (listener: Listener) => {
      this.#listeners.add(listener);
      return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
    };
    const client: Client = {
      name,
      request,
      call,
      listen,
      subscribe: (options) => this.#thread(options.thread).subscribe(options),
    };
    return client;
  }

  async run(
    name: string,
    argv: readonly string[],
    signal = new AbortController().signal,
  ): Promise<number> {
    const frontEnds = this.#registry.get(slots.frontEnds);
    const known = [...frontEnds.keys()].join(', ') || 'none';
    const frontEnd =
      frontEnds.get(name) ?? missing(`there is no front end "${name}"; there are: ${known}`);
    return frontEnd.run(this.client(name), argv, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#threads.values()].map((thread) => this.#close(thread)));
    await this.#registry.close();
    this.#listeners.clear();
  }
}

function missing(message: string): never {
  throw new KernelError('not_found', message);
}

/** The changes that an override makes; another cwd takes the place of the former as a root. */
function changesOf(settings: it.Settings, given: Partial<it.Settings> = {}): Partial<it.Settings> {
  const { cwd } = given;
  if (cwd === undefined || given.roots !== undefined) return given;
  return {
    ...given,
    roots: [cwd, ...settings.roots.filter((root) => root !== settings.cwd && root !== cwd)],
  };
}

function overrideOf(thread: Thread, given: Partial<it.Settings>): it.SettingsItem {
  return { type: 'settings', changes: changesOf(thread.settings, given) };
}

function explain(window: Window, model: Model): Result<'thread/window'>['parts'] {
  const pins = pinsOf(window.parts());
  return window.weigh(model).map(({ part, text, tokens }) => {
    const bytes = Buffer.byteLength(text);
    return { part, bytes, tokens: window.corrected(tokens), pinned: pins.has(part.n) };
  });
}

function memoryBlobs(): Blobs {
  const kept: Uint8Array[] = [];
  return { put: (bytes) => String(kept.push(bytes) - 1), get: (index) => kept[Number(index)] };
}

/** A UUID version 7 (RFC 9562): ids sort by time. */
function newId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}
