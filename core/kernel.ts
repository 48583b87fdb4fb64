/** The kernel: plugins in, a client out. */

import { homedir } from 'node:os';

import type { Blobs, Confinement, Effects, Sandbox, Store, ThreadLog } from './contracts.ts';
import { bindEffects, type Binding, type World } from './effects.ts';
import { Connections } from './effects-http.ts';
import { Processes } from './effects-process.ts';
import { KernelError, messageOf } from './errors.ts';
import type { Body, DecisionItem, Item, Limits, NoticeItem, Settings } from './item.ts';
import { threadVersion } from './item.ts';
import type {
  Client,
  Event,
  KernelEvent,
  Method,
  Params,
  Requests,
  Result,
  ThreadEvent,
} from './protocol.ts';
import { joinRedactors, type Redact, redactStrings } from './redact.ts';
import { type PluginSpec, Registry } from './registry.ts';
import * as slots from './slots.ts';
import { closingItems, type Pending, Thread } from './thread.ts';
import { runTurn, type TurnBinding, type TurnHost } from './turn.ts';

export interface KernelOptions {
  /** In the order of configuration. */
  readonly plugins: readonly PluginSpec[];
  /** Defaults of new threads; what is missing: the process's cwd, that as the only root, workspace-write, on-request, no network. */
  readonly settings?: Partial<Settings>;
  /** Defaults of each turn's limits. */
  readonly limits?: Limits;
  /** Which entry of a choice slot to use, by slot name: `{ sandboxes: 'none', stores: 'memory' }`. */
  readonly choose?: Readonly<Record<string, string>>;
  /** Bytes of a result that the model is shown; the rest is kept as a blob. Default 32768. */
  readonly resultBytes?: number;
  /** The environment that commands get; default: an allowlist of the process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Disposing ends everything that is ours: turns, processes, connections, plugins (last first). */
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
type Listener = Parameters<Client['listen']>[0];

class RunningKernel implements Kernel {
  readonly #options: KernelOptions;
  readonly #registry = new Registry();
  readonly #threads = new Map<string, Thread>();
  readonly #loading = new Map<string, Promise<Thread>>();
  readonly #listeners = new Set<Listener>();
  readonly #notices: NoticeItem[] = [];
  readonly #connections = new Connections();
  readonly #memory = memoryBlobs();
  readonly #defaults: Settings;
  readonly #world: World;
  #sandbox: ReturnType<World['sandbox']> | undefined;
  #processCount = 0;
  #isClosed = false;

  constructor(options: KernelOptions) {
    this.#options = options;
    this.#defaults = defaultSettings(options.settings);
    this.#world = {
      connections: this.#connections,
      env: options.env ?? allowedEnv(process.env),
      sandbox: () => (this.#sandbox ??= this.#chooseSandbox()),
      nextProcessId: () => `p${++this.#processCount}`,
    };
  }

  async start(): Promise<void> {
    for (const spec of this.#options.plugins) {
      const error = await this.#registry.start(spec, (name, scope) => this.#hostParts(name, scope));
      if (error !== undefined)
        this.#notice(
          'warning',
          spec.plugin.name,
          `optional plugin ${spec.plugin.name} did not start: ${error.message}`,
        );
    }
    this.#registry.get(slots.requests); // a clash stops the start
    for (const slot of [slots.models, slots.tools, slots.commands, slots.frontEnds]) {
      for (const { name, plugin, became } of this.#registry.get<
        never,
        { readonly clashes: readonly { name: string; plugin: string; became: string }[] }
      >(slot).clashes) {
        this.#notice(
          'warning',
          plugin,
          `${slot.name}: "${name}" is taken, so that of plugin ${plugin} is "${became}"`,
        );
      }
    }
  }

  #hostParts(name: string, scope: AsyncDisposableStack) {
    const processes = new Processes();
    scope.defer(() => processes.close());
    return {
      client: this.client(name),
      effects: this.#outside({ kind: 'plugin', name }, processes),
      log: (message: string, data?: unknown) => this.#log(name, message, data),
    };
  }

  /** Effects outside any thread; nobody is there to ask. */
  #outside(origin: Binding['origin'], processes: Processes): Effects {
    const registry = this.#registry;
    const settings = this.#defaults;
    const gate: Binding['gate'] = {
      get policies() {
        return registry.get(slots.policies);
      },
      settings,
      ask: () => Promise.resolve({ by: 'nobody' }),
      record: (decision: DecisionItem) =>
        this.#emit({ type: 'effect/decided', decision: this.#clean(decision) }),
      stop: () => {},
    };
    const result = () => Promise.resolve(undefined);
    const binding: Omit<Binding, 'wrappers'> = {
      origin,
      settings,
      gate,
      own: processes,
      kept: processes,
      result,
    };
    return bindEffects(this.#world, {
      ...binding,
      get wrappers() {
        return registry.get(slots.aroundEffect);
      },
    });
  }

  #redact(): Redact | undefined {
    return joinRedactors(this.#registry.get(slots.redactors), (error) =>
      process.emitWarning(`a redactor failed: ${messageOf(error)}`),
    );
  }

  #clean<T>(value: T): T {
    const redact = this.#redact();
    return redact === undefined ? value : redactStrings(value, redact);
  }

  #log(plugin: string, message: string, data?: unknown): void {
    this.#emit(
      this.#clean({ type: 'log', plugin, message, ...(data === undefined ? {} : { data }) }),
    );
  }

  #notice(level: NoticeItem['level'], plugin: string, message: string): void {
    const notice: NoticeItem = this.#clean({
      type: 'notice',
      level,
      plugin,
      code: 'kernel',
      message,
    });
    this.#notices.push(notice);
    this.#emit({ type: 'notice', notice });
  }

  #emit(event: KernelEvent): void {
    this.#observe(event);
    this.#tell(event);
  }

  #observe(event: Event): void {
    for (const observer of this.#registry.get(slots.observers)) this.#guard(() => observer(event));
  }

  #tell(event: KernelEvent | Extract<ThreadEvent, { type: 'thread/status' }>): void {
    for (const listener of this.#listeners) this.#guard(() => listener(event));
  }

  /** What an observer or listener throws is a warning of the process, nothing else. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      process.emitWarning(`an observer or listener failed: ${messageOf(error)}`);
    }
  }

  // ---- choices

  #store(): Store | undefined {
    const stores = this.#registry.get(slots.stores);
    return chosen(stores, this.#options.choose?.['stores'], 'stores') ?? stores[0];
  }

  async #chooseSandbox(): ReturnType<World['sandbox']> {
    const sandboxes = this.#registry.get(slots.sandboxes);
    const named = chosen(sandboxes, this.#options.choose?.['sandboxes'], 'sandboxes');
    const reasons: string[] = [];
    let best: { readonly sandbox: Sandbox; readonly level: Confinement } | undefined;
    for (const sandbox of named === undefined ? sandboxes : [named]) {
      const probe = await sandbox.probe();
      if (named !== undefined || probe.level === 'full') return { sandbox, level: probe.level };
      if (probe.level === 'partial') best ??= { sandbox, level: probe.level };
      reasons.push(...probe.reasons.map((reason) => `${sandbox.name}: ${reason}`));
    }
    if (best !== undefined)
      this.#notice(
        'warning',
        best.sandbox.name,
        `commands are confined only in part: ${reasons.join('; ')}`,
      );
    return best;
  }

  // ---- threads

  #makeThread(id: string, log: ThreadLog | undefined): Thread {
    return new Thread({
      id,
      log,
      blobs: this.#store()?.blobs ?? this.#memory,
      redact: () => this.#redact(),
      observe: (event) => {
        this.#observe(event);
        if (event.type === 'thread/status') this.#tell(event);
      },
    });
  }

  async #openLog(id: string, create: boolean): Promise<ThreadLog> {
    const store = this.#store();
    if (store === undefined)
      throw new KernelError(
        'store',
        'no store is loaded: start the thread as ephemeral, or add a stores plugin such as "jsonl"',
      );
    return store.open(id, { create });
  }

  async #startThread(params: Params<'thread/start'>): Promise<Thread> {
    const settings = mergeSettings(this.#defaults, params.settings);
    const id = newId();
    const thread = this.#makeThread(
      id,
      params.ephemeral === true ? undefined : await this.#openLog(id, true),
    );
    const { parent, name } = params;
    const first: Body = {
      type: 'thread',
      version: threadVersion,
      id,
      settings,
      ...(parent === undefined ? {} : { parent }),
    };
    await thread.append([first, ...(name === undefined ? [] : [{ type: 'meta', name } as const])]);
    return this.#register(thread);
  }

  #register(thread: Thread): Thread {
    this.#threads.set(thread.id, thread);
    this.#emit({ type: 'thread/started', thread: thread.id, info: thread.info() });
    return thread;
  }

  #resumeThread(id: string): Promise<Thread> {
    const known = this.#threads.get(id);
    if (known !== undefined) return Promise.resolve(known);
    const loading = this.#loading.get(id) ?? this.#load(id).finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading;
  }

  async #load(id: string): Promise<Thread> {
    const log = await this.#openLog(id, false);
    try {
      const thread = this.#makeThread(id, log);
      const closing = closingItems(thread.items, 'the program ended before the call had a result');
      if (closing.length > 0) await thread.append(closing);
      return this.#register(thread);
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  async #forkThread(params: Params<'thread/fork'>): Promise<Thread> {
    const items = await this.#itemsOf(params.thread);
    const after = Math.min(params.after ?? items.length - 1, items.length - 1);
    const [first, ...rest] = items.slice(0, after + 1);
    if (first?.type !== 'thread')
      throw new KernelError(
        'invalid',
        `cannot fork thread ${params.thread} after ordinal ${after}: expected 0 to ${items.length - 1}`,
      );
    const id = newId();
    const { parent: _parent, ...kept } = first;
    const log = params.ephemeral === true ? undefined : await this.#openLog(id, true);
    const thread = this.#makeThread(id, log);
    const copies: readonly Item[] = [
      { ...kept, id, fork: { thread: params.thread, after } },
      ...rest,
    ];
    await thread.copy(copies);
    const closing = closingItems(
      thread.items,
      'the thread was forked before the call had a result',
    );
    if (closing.length > 0) await thread.append(closing);
    return this.#register(thread);
  }

  async #itemsOf(id: string): Promise<readonly Item[]> {
    const loaded = this.#threads.get(id);
    if (loaded !== undefined) return loaded.items;
    const store = this.#store();
    if (store === undefined) throw new KernelError('not_found', `there is no thread ${id}`);
    return store.read(id);
  }

  #thread(id: string): Thread {
    const thread = this.#threads.get(id);
    if (thread === undefined)
      throw new KernelError(
        'not_found',
        `thread ${id} is not loaded: resume it first, or check its id with thread/list`,
      );
    return thread;
  }

  async #closeThread(thread: Thread): Promise<void> {
    await thread.close(new KernelError('aborted', 'the thread was closed'));
    if (this.#threads.delete(thread.id)) this.#emit({ type: 'thread/closed', thread: thread.id });
  }

  // ---- turns

  #turnHost(): TurnHost {
    const get = this.#registry.get.bind(this.#registry);
    return {
      slots: {
        models: get(slots.models),
        tools: get(slots.tools),
        prompts: get(slots.prompts),
        policies: get(slots.policies),
        compactors: get(slots.compactors),
        aroundTurn: get(slots.aroundTurn),
        aroundModel: get(slots.aroundModel),
        aroundTool: get(slots.aroundTool),
        aroundEffect: get(slots.aroundEffect),
      },
      livePolicies: () => get(slots.policies),
      isLive: (tool) => this.#registry.has(slots.tools, tool),
      client: (name) => this.client(name),
      bind: (binding) => this.#bindTurn(binding),
      resultBytes: this.#options.resultBytes ?? 32_768,
    };
  }

  #bindTurn({ thread, ...binding }: TurnBinding): Effects {
    const result = async (call: string) => {
      const item = thread.items.findLast((one) => one.type === 'result' && one.call === call);
      if (item?.type !== 'result') return undefined;
      return item.full === undefined
        ? Buffer.from(item.content.map((one) => (one.type === 'text' ? one.text : '')).join('\n'))
        : thread.blobs.get(item.full.blob);
    };
    return bindEffects(this.#world, {
      ...binding,
      thread: thread.id,
      kept: thread.processes,
      result,
    });
  }

  #startTurn(
    thread: Thread,
    pending: Pending & { readonly compactRemark?: string },
  ): Promise<void> {
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    thread.running = { turn: pending.turn, controller, ended: promise };
    thread.touch();
    // In the next round of the event loop, so that the answer to turn/start comes before the turn's first item.
    setImmediate(() => {
      void runTurn(thread, pending, this.#turnHost()).finally(() => {
        thread.running = undefined;
        resolve();
        thread.touch();
        this.#startNext(thread);
      });
    });
    return promise;
  }

  #startNext(thread: Thread): void {
    const late = thread.steering
      .splice(0)
      .map(({ input, clientId }): Pending => ({
        turn: newId(),
        input,
        clientId,
        how: 'queue',
        limits: this.#options.limits,
      }));
    thread.queue.unshift(...late);
    const next = thread.queue.shift();
    if (next !== undefined && !thread.isClosed) void this.#startTurn(thread, next);
  }

  #idle(id: string, what: string): Thread {
    const thread = this.#thread(id);
    if (thread.running !== undefined)
      throw new KernelError(
        'conflict',
        `cannot ${what} while turn ${thread.running.turn} runs: interrupt it first`,
      );
    return thread;
  }

  // ---- the protocol

  readonly #handlers: Handlers = {
    'thread/start': async (params) => (await this.#startThread(params)).info(),
    'thread/resume': async ({ thread: id, settings }) => {
      const thread = await this.#resumeThread(id);
      if (settings !== undefined)
        await thread.append([{ type: 'settings', changes: changesOf(thread.settings, settings) }]);
      return thread.info();
    },
    'thread/fork': async (params) => (await this.#forkThread(params)).info(),
    'thread/list': async (query) => (await this.#store()?.list(query)) ?? { threads: [] },
    'thread/read': async ({ thread, after = -1, limit }) => {
      const items = await this.#itemsOf(thread);
      return {
        items: items.slice(after + 1, limit === undefined ? undefined : after + 1 + limit),
        last: items.length - 1,
      };
    },
    'thread/update': async ({ thread: id, settings, name, archived }) => {
      const thread = await this.#resumeThread(id);
      const meta: Body = {
        type: 'meta',
        ...(name === undefined ? {} : { name }),
        ...(archived === undefined ? {} : { archived }),
      };
      await thread.append([
        ...(settings === undefined
          ? []
          : [{ type: 'settings', changes: changesOf(thread.settings, settings) } as const]),
        ...(name === undefined && archived === undefined ? [] : [meta]),
      ]);
      thread.touch();
      return thread.info();
    },
    'thread/window': ({ thread: id }) => {
      const thread = this.#thread(id);
      return explain(thread, this.#registry.get(slots.models).get(thread.settings.provider));
    },
    'thread/compact': async ({ thread: id, remark = '' }) => {
      const thread = this.#idle(id, 'compact');
      const from = thread.items.length;
      await this.#startTurn(thread, {
        turn: newId(),
        input: [],
        how: 'start',
        compactRemark: remark,
      });
      const moved = thread.items.findLast((item) => item.type === 'window' && item.n >= from);
      if (moved?.type === 'window') return { before: moved.before, after: moved.after };
      const end = thread.items.findLast((item) => item.type === 'end');
      throw new KernelError(
        'model_context',
        end?.type === 'end' && end.error !== undefined
          ? end.error.message
          : 'nothing was compacted',
      );
    },
    'thread/revert': async ({ thread: id, turn }, client) => {
      const thread = this.#idle(id, 'revert');
      if (thread.processes.ids.length > 0)
        throw new KernelError(
          'conflict',
          `cannot revert while processes run: end ${thread.processes.ids.join(', ')} first`,
        );
      const begin = thread.items.find((item) => item.type === 'turn' && item.id === turn);
      if (begin === undefined)
        throw new KernelError('not_found', `thread ${id} has no turn ${turn}`);
      await thread.append([
        { type: 'window', reason: 'revert', by: client, to: begin.n, before: 0, after: 0 },
      ]);
      return thread.info();
    },
    'thread/close': async ({ thread }) => {
      await this.#closeThread(this.#thread(thread));
      return {};
    },
    'thread/remove': async ({ thread: id }) => {
      const loaded = this.#threads.get(id);
      if (loaded !== undefined) await this.#closeThread(loaded);
      if (loaded?.isEphemeral !== true) await this.#store()?.remove(id);
      this.#emit({ type: 'thread/removed', thread: id });
      return {};
    },
    'turn/start': ({ thread: id, input, settings, limits, outputSchema, clientId }) => {
      const thread = this.#thread(id);
      if (input.length === 0)
        throw new KernelError(
          'invalid',
          'expected input with at least one content, but it is empty',
        );
      const changes = settings === undefined ? undefined : changesOf(thread.settings, settings);
      const bounds = { ...this.#options.limits, ...limits };
      const isQueued = thread.running !== undefined;
      const pending: Pending = {
        turn: newId(),
        input,
        how: isQueued ? 'queue' : 'start',
        settings: changes,
        limits: bounds,
        outputSchema,
        clientId,
      };
      if (isQueued) thread.queue.push(pending);
      if (isQueued) thread.touch();
      else void this.#startTurn(thread, pending);
      return { turn: pending.turn, queued: isQueued };
    },
    'turn/steer': ({ thread: id, turn, input, clientId }) => {
      const { running, steering } = this.#thread(id);
      if (running === undefined || (turn !== undefined && turn !== running.turn)) {
        throw new KernelError(
          'conflict',
          `expected turn ${turn ?? 'to steer'} to run in thread ${id}, but ${running === undefined ? 'none does' : `it is ${running.turn}`}`,
        );
      }
      steering.push({ input, clientId });
      return { turn: running.turn };
    },
    'turn/interrupt': async ({ thread: id, turn }) => {
      const { running } = this.#thread(id);
      if (running === undefined || (turn !== undefined && turn !== running.turn)) return {};
      running.controller.abort(new KernelError('aborted', 'interrupted by the user'));
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
    'kernel/describe': () => ({
      ...this.#registry.describe(),
      notices: this.#notices,
      threads: [...this.#threads.values()].map((thread) => thread.info()),
    }),
  };

  client(name: string): Client {
    const client: Client = {
      name,
      request: async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
        if (this.#isClosed) throw new KernelError('conflict', 'the kernel has been closed');
        // The table is typed by method: this entry takes these parameters.
        const handler = this.#handlers[method] as (
          params: Requests[M]['params'],
          client: string,
        ) => Promise<Result<M>> | Result<M>;
        return handler(params, name);
      },
      call: async (method, params, signal = new AbortController().signal) => {
        const handler = this.#registry.get(slots.requests).get(method);
        if (handler === undefined)
          throw new KernelError(
            'not_found',
            `there is no request "${method}"; plugins add: ${[...this.#registry.get(slots.requests).keys()].join(', ') || 'none'}`,
          );
        const processes = new Processes();
        try {
          return await handler.run(params, {
            client,
            signal,
            effects: () => this.#outside({ kind: 'client', name }, processes),
          });
        } finally {
          await processes.close();
        }
      },
      subscribe: (options) => this.#thread(options.thread).subscribe(options),
      listen: (listener) => {
        this.#listeners.add(listener);
        return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
      },
    };
    return client;
  }

  async run(
    frontEnd: string,
    argv: readonly string[],
    signal = new AbortController().signal,
  ): Promise<number> {
    const frontEnds = this.#registry.get(slots.frontEnds);
    const found = frontEnds.get(frontEnd);
    if (found === undefined)
      throw new KernelError(
        'not_found',
        `there is no front end "${frontEnd}"; there are: ${[...frontEnds.keys()].join(', ') || 'none'}`,
      );
    return found.run(this.client(found.name), argv, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([...this.#threads.values()].map((thread) => this.#closeThread(thread)));
    await this.#registry.close();
    this.#connections[Symbol.dispose]();
    this.#listeners.clear();
  }
}

function chosen<T extends { readonly name: string }>(
  values: readonly T[],
  name: string | undefined,
  slot: string,
): T | undefined {
  if (name === undefined) return undefined;
  const found = values.find((value) => value.name === name);
  if (found === undefined)
    throw new KernelError(
      'not_found',
      `there is no "${name}" in ${slot}; there are: ${values.map((value) => value.name).join(', ') || 'none'}`,
    );
  return found;
}

function explain(
  thread: Thread,
  model: Parameters<Thread['window']['weights']>[0] | undefined,
): Result<'thread/window'> {
  const { provider } = thread.settings;
  if (model === undefined)
    throw new KernelError(
      'model_config',
      `there is no model provider "${provider}" to encode the window for`,
    );
  return {
    provider,
    model: model.traits(thread.settings).model,
    parts: thread.window.explain(model),
  };
}

function defaultSettings(given: Partial<Settings> = {}): Settings {
  const cwd = given.cwd ?? process.cwd();
  const base: Settings = {
    cwd,
    roots: [cwd],
    provider: 'none',
    sandbox: 'workspace-write',
    approval: 'on-request',
    network: false,
  };
  return { ...base, ...given };
}

function mergeSettings(settings: Settings, given: Partial<Settings> = {}): Settings {
  return { ...settings, ...changesOf(settings, given) };
}

/** The changes that an override makes; another cwd takes the place of the former as a root. */
function changesOf(settings: Settings, given: Partial<Settings>): Partial<Settings> {
  if (given.cwd === undefined || given.roots !== undefined) return given;
  return {
    ...given,
    roots: [
      given.cwd,
      ...settings.roots.filter((root) => root !== settings.cwd && root !== given.cwd),
    ],
  };
}

/** Names that commands may know of the environment. Anything else, secrets above all, is not passed on. */
const allowedNames =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TERM|COLORTERM|TZ|TMPDIR|TMP|TEMP|CI|EDITOR|XDG_\w+|NODE_(ENV|OPTIONS|PATH|EXTRA_CA_CERTS)|NVM_\w+|PYTHON\w*|PYENV_\w+|VIRTUAL_ENV|CONDA_\w+|JAVA_HOME|GO(PATH|ROOT|FLAGS|PROXY)|CARGO_HOME|RUSTUP_HOME|GEM_HOME|SSL_CERT_\w+|SystemRoot|ComSpec|PATHEXT|USERPROFILE|APPDATA|LOCALAPPDATA)$/;

function allowedEnv(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const entries = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && allowedNames.test(name) ? [[name, value]] : [],
  );
  return { HOME: homedir(), ...Object.fromEntries(entries) };
}

function memoryBlobs(): Blobs {
  const blobs = new Map<string, Uint8Array>();
  return {
    put: (bytes) => {
      const hash = `memory-${blobs.size}`;
      blobs.set(hash, bytes);
      return hash;
    },
    get: (hash) => blobs.get(hash),
  };
}

/** A UUID version 7 (RFC 9562): ids sort by time. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = Date.now();
  for (let index = 5; index >= 0; index--) {
    bytes[index] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
