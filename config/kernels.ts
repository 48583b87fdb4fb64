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

/**
 * Opens kernels as folders are asked for, keyed by real path and by what the configuration says there: a thread that
 * starts after the configuration changed gets a kernel of its own. Disposing closes them all.
 */
export class Kernels implements AsyncDisposable {
  readonly #options: OpenOptions;
  readonly #opened = new Map<string, Promise<OpenKernel>>();
  /** The kernel in which a thread is loaded. */
  readonly #owners = new Map<string, OpenKernel>();
  readonly #listeners = new Set<Listener>();

  /** `options.cwd` is the folder of requests that name none. */
  constructor(options: OpenOptions) {
    this.#options = options;
  }

  /** The kernel of a folder. Throws as `openKernel` does. */
  async open(cwd: string = this.#options.cwd): Promise<OpenKernel> {
    const configuration = await loadConfig({ ...this.#options, cwd } satisfies LoadOptions);
    const key = JSON.stringify([configuration.cwd, configuration.fingerprint]);
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const opening = this.#start(configuration);
    this.#opened.set(key, opening);
    opening.catch(() => this.#opened.delete(key));
    return opening;
  }

  async #start(configuration: Configuration): Promise<OpenKernel> {
    const { opened, lack } = await this.#openBest(configuration);
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
    for (const listener of this.#listeners) listener(event);
  }

  /** One client for all kernels, those that are opened later too. */
  client(name: string): Client {
    return {
      name,
      request: (method, params) => this.#request(name, method, params),
      call: async (method, params, signal) =>
        (await this.#ofThread(threadOf(params))).kernel.client(name).call(method, params, signal),
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
    const { kernel } = await this.#find(method, params);
    const result = await kernel.client(name).request(method, params);
    if (method !== 'kernel/describe') return result;
    const all = [...new Set(this.#owners.values())].filter((other) => other.kernel !== kernel);
    const others = await Promise.all(
      all.map((other) => other.kernel.client(name).request('kernel/describe', {})),
    );
    const own = result as Result<'kernel/describe'>; // that is the method
    const threads = [own, ...others].flatMap((one) => one.threads);
    return { ...own, threads } as Result<M>; // as above
  }

  #find(method: Method, params: object): Promise<OpenKernel> {
    switch (routes[method]) {
      case 'any':
        return this.open();
      case 'folder':
        return this.open(folderOf(params));
      case 'thread':
        return this.#ofThread(threadOf(params));
      case 'stored':
        return this.#ofStored(threadOf(params) ?? '');
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

function threadOf(params: unknown): string | undefined {
  if (typeof params !== 'object' || params === null || !('thread' in params)) return undefined;
  return typeof params.thread === 'string' ? params.thread : undefined;
}

function lastFolderOf(items: readonly Item[]): string | undefined {
  const folders = items.map((item) => {
    if (item.type === 'thread') return item.settings.cwd;
    return item.type === 'settings' ? item.changes.cwd : undefined;
  });
  return folders.findLast((cwd) => cwd !== undefined);
}

function folderOf(params: object): string | undefined {
  if (!('settings' in params) || typeof params.settings !== 'object' || params.settings === null) {
    return undefined;
  }
  const { cwd } = params.settings as { readonly cwd?: unknown }; // an object, its shape unknown
  return typeof cwd === 'string' ? cwd : undefined;
}
