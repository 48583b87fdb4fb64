/** Kernels on demand, one for each folder and configuration, behind one client: one server serves many repositories. */

import { KernelError } from '../core/errors.ts';
import type { Item } from '../core/item.ts';
import type {
  Client,
  KernelEvent,
  Listener,
  Method,
  Params,
  Result,
  StatusEvent,
} from '../core/protocol.ts';
import { type Configuration, loadConfig, type LoadOptions } from './load.ts';
import { openConfigured, type OpenKernel, type OpenOptions } from './open.ts';

/** What finds the kernel of a request: the one of its folder, of its thread, of where the thread is stored, or any. */
type Route = 'folder' | 'thread' | 'stored' | 'any';

const routes: { readonly [M in Method]: Route } = {
  'thread/start': 'folder',
  'thread/resume': 'stored',
  'thread/fork': 'stored',
  'thread/update': 'stored',
  'thread/list': 'any',
  'thread/read': 'thread',
  'thread/window': 'thread',
  'thread/compact': 'thread',
  'thread/revert': 'thread',
  'thread/close': 'thread',
  'thread/remove': 'thread',
  'turn/start': 'thread',
  'turn/steer': 'thread',
  'turn/interrupt': 'thread',
  'question/answer': 'thread',
  'question/ask': 'thread',
  'kernel/describe': 'any',
};

/** `idleMs`: a kernel without threads that is asked nothing for so long is closed; default: half an hour. */
export type KernelsOptions = OpenOptions & { readonly idleMs?: number };

/** A kernel's place among those that are open, how many requests it is answering, and what closes it if it gets no more. */
type Use = { readonly key: string; requests: number; timer?: NodeJS.Timeout };

const usualIdleMs = 1_800_000;

/**
 * Opens kernels as folders are asked for, keyed by real path and by what the configuration says there: a thread that
 * starts after the configuration changed gets a kernel of its own. Disposing closes them all.
 */
export class Kernels implements AsyncDisposable {
  readonly #options: KernelsOptions;
  readonly #opened = new Map<string, Promise<OpenKernel>>();
  /** The kernel in which a thread is loaded. */
  readonly #owners = new Map<string, OpenKernel>();
  readonly #listeners = new Set<Listener>();

  readonly #uses = new Map<OpenKernel, Use>();

  /** `options.cwd` is the folder of requests that name none. */
  constructor(options: KernelsOptions) {
    this.#options = options;
  }

  /** The kernel of a folder. Throws as `openKernel` does. */
  async open(cwd: string = this.#options.cwd): Promise<OpenKernel> {
    const configuration = await loadConfig({ ...this.#options, cwd } satisfies LoadOptions);
    const key = JSON.stringify([configuration.cwd, configuration.fingerprint]);
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const opening = this.#start(configuration, key);
    this.#opened.set(key, opening);
    opening.catch(() => this.#opened.delete(key));
    return opening;
  }

  async #start(configuration: Configuration, key: string): Promise<OpenKernel> {
    const { opened, lack } = await this.#openBest(configuration);
    this.#uses.set(opened, { key, requests: 0 });
    opened.kernel.client('kernels').listen((event) => this.#hear(event, opened));
    for (const { message } of [...configuration.notices, ...lack]) {
      const notice = { type: 'notice', level: 'warning', plugin: 'config', message } as const;
      this.#hear({ type: 'notice', notice }, opened);
    }
    return opened;
  }

  /** Without a model where none is configured: threads can be read then, and `lack` says why no turn can run. */
  async #openBest(configuration: Configuration) {
    try {
      return { opened: await openConfigured(configuration, this.#options), lack: [] };
    } catch (error) {
      if (!(error instanceof KernelError) || error.code !== 'model_config') throw error;
      const options = { ...this.#options, needsModel: false };
      return { opened: await openConfigured(configuration, options), lack: [error] };
    }
  }

  #hear(event: KernelEvent | StatusEvent, from: OpenKernel): void {
    if (event.type === 'thread/started') this.#owners.set(event.thread, from);
    if (event.type === 'thread/closed') this.#owners.delete(event.thread);
    if (event.type === 'thread/closed') this.#rest(from);
    for (const listener of this.#listeners) listener(event);
  }

  /** One client for all kernels, those that are opened later too. */
  client(name: string): Client {
    return {
      name,
      request: (method, params) => this.#request(name, method, params),
      call: async (method, params, signal) =>
        this.#use(await this.#ofCall(params), ({ kernel }) =>
          kernel.client(name).call(method, params, signal),
        ),
      subscribe: (options) => {
        const owner = this.#owners.get(options.thread);
        if (owner === undefined) {
          throw new KernelError(
            'not_found',
            `thread ${options.thread} is not loaded: resume it first`,
          );
        }
        return owner.kernel.client(name).subscribe(options);
      },
      listen: (listener) => {
        this.#listeners.add(listener);
        return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
      },
    };
  }

  async #request<M extends Method>(name: string, method: M, params: Params<M>): Promise<Result<M>> {
    const found = await this.#find(method, params);
    const { kernel } = found;
    const result = await this.#use(found, () => kernel.client(name).request(method, params));
    if (method !== 'kernel/describe') return result;
    const all = [...new Set(this.#owners.values())].filter((other) => other.kernel !== kernel);
    const others = await Promise.all(
      all.map((other) => other.kernel.client(name).request('kernel/describe', {})),
    );
    const own = result as Result<'kernel/describe'>; // that is the method
    const threads = [own, ...others].flatMap((one) => one.threads);
    return { ...own, threads } as Result<M>; // as above
  }

  async #use<T>(opened: OpenKernel, ask: (opened: OpenKernel) => Promise<T>): Promise<T> {
    const use = this.#uses.get(opened);
    if (use === undefined) return ask(opened);
    clearTimeout(use.timer);
    use.requests++;
    try {
      return await ask(opened);
    } finally {
      use.requests--;
      this.#rest(opened);
    }
  }

  /** Closes a kernel later, if it has nothing to do until then. */
  #rest(opened: OpenKernel): void {
    const use = this.#uses.get(opened);
    if (use === undefined || this.#isBusy(opened)) return;
    clearTimeout(use.timer);
    const { idleMs = usualIdleMs } = this.#options;
    use.timer = setTimeout(() => void this.#retire(opened), idleMs).unref();
  }

  #isBusy(opened: OpenKernel): boolean {
    if ((this.#uses.get(opened)?.requests ?? 0) > 0) return true;
    return this.#owners.values().some((owner) => owner === opened);
  }

  async #retire(opened: OpenKernel): Promise<void> {
    const use = this.#uses.get(opened);
    if (use === undefined || this.#isBusy(opened)) return;
    this.#uses.delete(opened);
    this.#opened.delete(use.key);
    await opened[Symbol.asyncDispose]();
  }

  /** A plugin's request goes to the kernel of its thread, else to that of its folder. */
  #ofCall(params: unknown): Promise<OpenKernel> {
    const { thread, cwd } = fieldsOf(params);
    const owner = this.#owners.get(thread ?? '');
    return owner === undefined ? this.open(cwd) : Promise.resolve(owner);
  }

  #find(method: Method, params: object): Promise<OpenKernel> {
    switch (routes[method]) {
      case 'any':
        return this.open();
      case 'folder':
        return this.open(folderOf(params));
      case 'thread':
        return this.#ofThread(fieldsOf(params).thread);
      case 'stored':
        return this.#ofStored(fieldsOf(params).thread ?? '');
    }
  }

  async #ofThread(thread: string | undefined): Promise<OpenKernel> {
    return this.#owners.get(thread ?? '') ?? this.open();
  }

  /** A stored thread is loaded with the configuration of the folder it worked in, while there is one. */
  async #ofStored(thread: string): Promise<OpenKernel> {
    const owner = this.#owners.get(thread);
    if (owner !== undefined) return owner;
    const home = await this.open();
    const { items } = await home.kernel.client('kernels').request('thread/read', { thread });
    const folder = lastFolderOf(items);
    try {
      return await this.open(folder);
    } catch (error) {
      if (error instanceof KernelError && error.code === 'not_found') return home;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    await Promise.all(
      opened.map(async (one) => {
        if (one.status === 'fulfilled') await one.value[Symbol.asyncDispose]();
      }),
    );
  }
}

/** Thread and folder, where parameters have them. */
function fieldsOf(params: unknown): { readonly thread?: string; readonly cwd?: string } {
  const { thread, cwd } = Object(params) as { readonly thread?: unknown; readonly cwd?: unknown }; // of whatever shape
  return {
    ...(typeof thread === 'string' ? { thread } : {}),
    ...(typeof cwd === 'string' ? { cwd } : {}),
  };
}

function lastFolderOf(items: readonly Item[]): string | undefined {
  const folders = items.map((item) => {
    if (item.type === 'thread') return item.settings.cwd;
    return item.type === 'settings' ? item.changes.cwd : undefined;
  });
  return folders.findLast((cwd) => cwd !== undefined);
}

function folderOf(params: object): string | undefined {
  return fieldsOf('settings' in params ? params.settings : undefined).cwd;
}
