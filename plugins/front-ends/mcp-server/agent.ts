/** The agent that is served: its threads, used by several requests at once, and what they may do. */

import { KernelError, noModel } from '../../../core/index.ts';
import type {
  Client,
  Item,
  Settings,
  ThreadInfo,
  ThreadList,
  ThreadQuery,
} from '../../../core/index.ts';
import {
  type Bounds,
  cwdOf,
  foldersOf,
  granted,
  isInside,
  narrowStored,
  type Wishes,
} from './bounds.ts';
import type { CallContext } from './held-call.ts';
import type { Report } from './report.ts';
import { serveModel } from './sampling.ts';
import { runTurn, type TurnInput } from './turn.ts';

/** What a new thread may be told beside its bounds. */
export interface Wanted extends Wishes {
  readonly model?: string | undefined;
  readonly effort?: string | undefined;
  readonly instructions?: string | undefined;
}

/** What the server was started with. */
export interface AgentOptions {
  readonly client: Client;
  readonly bounds: Bounds;
  /** The host's model answers, not the configured one. */
  readonly isSampling?: boolean;
}

const unconfigured =
  'no model is configured here: set OPENAI_API_KEY or OPENAI_BASE_URL for this server, name a provider ("spindle doctor" tells more), or start it with --sampling to use the model of the host';

/** Threads are loaded while a call uses them or a process of theirs runs, and let go of after that. */
export class Agent {
  readonly client: Client;
  readonly bounds: Bounds;
  readonly #options: AgentOptions;
  /** How many calls use a thread now. */
  readonly #users = new Map<string, number>();

  constructor(options: AgentOptions) {
    this.#options = options;
    this.client = options.client;
    this.bounds = options.bounds;
  }

  /** The folders in which threads may work. A host that announces roots is asked for them where they count. */
  async folders(call: CallContext, wanted?: string): Promise<readonly string[]> {
    const own = foldersOf(this.bounds, []);
    const isEnough = wanted !== undefined && isInside(this.bounds.realPath(wanted), own);
    if (this.bounds.roots.length > 0 || isEnough || call.abilities().roots === undefined)
      return own;
    const replies = await call.ask({ roots: { method: 'roots/list' } });
    const { roots } = Object(replies['roots']) as { readonly roots?: unknown }; // of a host
    const uris = (Array.isArray(roots) ? roots : []).map((root) => String(Object(root).uri));
    return foldersOf(this.bounds, uris);
  }

  /** Starts a thread and runs its first turn. Throws `denied` for what is wider than the server's own. */
  async start(wanted: Wanted, input: TurnInput, call: CallContext): Promise<Report> {
    const folders = await this.folders(call, wanted.cwd);
    granted(wanted, this.bounds.settings);
    const { model, effort, instructions } = wanted;
    const settings = {
      cwd: cwdOf(wanted.cwd, this.bounds, folders),
      ...(model === undefined ? {} : { model }),
      ...(effort === undefined ? {} : { effort }),
      ...(instructions === undefined ? {} : { instructions }),
      ...(this.#options.isSampling === true ? { provider: 'host' } : {}),
    };
    const info = await this.client.request('thread/start', { settings });
    return this.#use(info.id, async () => {
      const bounded = await this.#bound(info, wanted, folders);
      return this.#run(bounded, input, call);
    });
  }

  /** A new thread with no more than its folder's configuration and the server allow. It is gone if that is refused. */
  async #bound(info: ThreadInfo, wishes: Wishes, folders: readonly string[]): Promise<ThreadInfo> {
    const { id: thread } = info;
    try {
      if (info.settings.provider === 'none') throw noModel`${unconfigured}`;
      const own = narrowStored(info.settings, this.bounds, folders);
      const settings = { ...own, ...granted(wishes, { ...info.settings, ...own }) };
      if (Object.keys(settings).length === 0) return info;
      return await this.client.request('thread/update', { thread, settings });
    } catch (error) {
      await this.client.request('thread/remove', { thread });
      throw error;
    }
  }

  /** A thread in memory for calls of tools, within the bounds. */
  async scratch(settings: Partial<Settings>): Promise<ThreadInfo> {
    const folders = foldersOf(this.bounds, []);
    const cwd = cwdOf(undefined, this.bounds, folders);
    const wanted = { settings: { ...settings, cwd }, ephemeral: true };
    return this.#bound(await this.client.request('thread/start', wanted), {}, folders);
  }

  /** Runs one more turn of a thread; one that runs is waited for. */
  async reply(thread: string, input: TurnInput, call: CallContext): Promise<Report> {
    return this.#use(thread, async () => {
      const info = await this.resume(thread, call);
      return this.#run(info, input, call);
    });
  }

  /** Loads a stored thread with no more than the server's own rights. */
  async resume(thread: string, call: CallContext): Promise<ThreadInfo> {
    const { items } = await this.client.request('thread/read', { thread, limit: 1 });
    const [first] = items;
    if (first?.type !== 'thread')
      throw new KernelError('not_found', `there is no thread ${thread}`);
    const folders = await this.folders(call, first.settings.cwd);
    const info = await this.client.request('thread/resume', { thread });
    const settings = narrowStored(info.settings, this.bounds, folders);
    if (Object.keys(settings).length === 0) return info;
    return this.client.request('thread/update', { thread, settings });
  }

  /** The settings of a stored thread and how many items it has. Throws `denied` for one outside the folders. */
  async look(thread: string, call: CallContext) {
    const { items } = await this.client.request('thread/read', { thread });
    const all = items.map((item) => (item.type === 'settings' ? item.changes : settingsIn(item)));
    const settings: Partial<Settings> = Object.assign({}, ...all);
    const cwd = settings.cwd ?? '';
    const folders = await this.folders(call, cwd);
    if (!isInside(this.bounds.realPath(cwd), folders))
      throw new KernelError(
        'denied',
        `thread ${thread} works in ${cwd}, outside this server's folders`,
      );
    return { settings: settings as Settings, items: items.length }; // the first item has all
  }

  /** Stored threads in the folders of this server. A page may hold fewer than `limit`. */
  async list(query: ThreadQuery, call: CallContext): Promise<ThreadList> {
    const folders = await this.folders(call, query.cwd);
    const cwd = query.cwd === undefined ? {} : { cwd: this.bounds.realPath(query.cwd) };
    const { threads, next } = await this.client.request('thread/list', { ...query, ...cwd });
    const near = threads.filter((thread) => isInside(this.bounds.realPath(thread.cwd), folders));
    return { threads: near, ...(next === undefined ? {} : { next }) };
  }

  async #run(info: ThreadInfo, input: TurnInput, call: CallContext): Promise<Report> {
    using _model =
      info.settings.provider === 'host' ? serveModel(this.client, info.id, call) : null;
    return await runTurn(this.client, info, input, call);
  }

  async #use<T>(thread: string, work: () => Promise<T>): Promise<T> {
    this.#users.set(thread, (this.#users.get(thread) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#users.get(thread) ?? 1) - 1;
      if (left > 0) this.#users.set(thread, left);
      else this.#users.delete(thread);
      if (left === 0) await this.#letGo(thread).catch(() => {});
    }
  }

  async #letGo(thread: string): Promise<void> {
    const { threads } = await this.client.request('kernel/describe', {});
    const status = threads.find(({ id }) => id === thread)?.status;
    if (status === undefined || status.processes.length > 0 || this.#users.has(thread)) return;
    await this.client.request('thread/close', { thread });
  }
}

const settingsIn = (item: Item) => (item.type === 'thread' ? item.settings : {});
