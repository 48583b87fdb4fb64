/** A kernel of small plugins and one thread in a folder of its own: how core is tested, through its client. */

import type { TestContext } from 'node:test';

import { createKernel, models, policies, prompts, textOf, tools } from '../../../core/index.ts';
import type {
  Answer,
  Client,
  Content,
  EndItem,
  Item,
  Kernel,
  KernelOptions,
  Model,
  Params,
  Plugin,
  Policy,
  PromptSource,
  QuestionItem,
  ResultItem,
  Settings,
  Stamped,
  ThreadEvent,
  Tool,
  ToolResult,
} from '../../../core/index.ts';
import local from '../../../plugins/machines/local.ts';
import { replies, type RecordingModel, type Reply } from './model.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

export interface ThreadOptions extends Partial<Omit<KernelOptions, 'plugins' | 'settings'>> {
  /** What the model answers. */
  readonly replies?: readonly Reply[];
  /** Instead of `replies`; its name is the provider. */
  readonly model?: Model;
  readonly tools?: readonly Tool[];
  readonly plugins?: readonly Plugin[];
  /** Default: everything is allowed; `null`: no policy at all. */
  readonly policy?: Policy['judge'] | null;
  readonly settings?: Partial<Settings>;
  /** Stored, by a store among the plugins. Default: ephemeral. */
  readonly isStored?: boolean;
  /** Whether earlier turns stay in the window. Default: they do. */
  readonly remembers?: boolean;
}

export interface TestThread {
  readonly cwd: string;
  readonly id: string;
  readonly kernel: Kernel;
  readonly client: Client;
  /** The requests of the default model. */
  readonly model: RecordingModel;
  readonly items: () => Promise<readonly Item[]>;
  /** One turn to its end. */
  readonly turn: (said: string, options?: TurnOptions) => Promise<TurnRecord>;
  /** Starts a turn and does not wait. */
  readonly start: (said: string, more?: Partial<Params<'turn/start'>>) => Promise<string>;
}

export interface TurnOptions extends Partial<Params<'turn/start'>> {
  /** Gets each event as it comes. */
  readonly see?: (event: ThreadEvent) => void;
  /** Answers questions; without it nobody is there. */
  readonly answer?: (question: Stamped<QuestionItem>) => Answer;
}

/** What a turn came to. */
export interface TurnRecord {
  readonly items: readonly Item[];
  readonly events: readonly ThreadEvent[];
  readonly results: readonly Stamped<ResultItem>[];
  readonly end: Stamped<EndItem>;
}

/** A kernel that is closed after the test. */
export async function openKernel(t: TestContext, options: KernelOptions): Promise<Kernel> {
  const kernel = await createKernel(options);
  t.after(() => kernel[Symbol.asyncDispose]());
  return kernel;
}

/** The kernel's options that these make: a machine, the plugins, a world of model, tools and policy. */
export function kernelOptions(cwd: string, options: ThreadOptions): KernelOptions {
  const { replies: said = [], model = replies(said), tools: offered = [], ...rest } = options;
  const { policy = allow, plugins = [], settings, remembers = true } = rest;
  const world = plugin('world', (host) => {
    host.add(models, model);
    for (const one of offered) host.add(tools, one);
    if (policy !== null) host.add(policies, { name: 'world', judge: policy });
    if (remembers) host.add(prompts, memory);
  });
  const base = { cwd, roots: [cwd], provider: model.name } as const;
  const open = { sandbox: 'danger-full-access', approval: 'never' } as const;
  return {
    ...rest,
    plugins: [local(), ...plugins, world].map((one) => ({ plugin: one })),
    settings: { ...base, ...open, ...settings },
  };
}

/** Opens one; all is gone after the test. */
export async function openThread(t: TestContext, options: ThreadOptions = {}): Promise<TestThread> {
  const cwd = temporaryFolder(t);
  const model = replies(options.replies ?? []);
  const kernel = await openKernel(t, kernelOptions(cwd, { model, ...options }));
  const client = kernel.client('test');
  const { id } = await client.request('thread/start', { ephemeral: options.isStored !== true });
  return {
    cwd,
    id,
    kernel,
    client,
    model,
    items: async () => (await client.request('thread/read', { thread: id })).items,
    turn: (said, how) => runTurn(client, id, said, how),
    start: async (said, more) =>
      (await client.request('turn/start', { thread: id, input: input(said), ...more })).turn,
  };
}

/** One turn of a loaded thread to its end. */
export async function runTurn(
  client: Client,
  thread: string,
  said: string,
  { see = () => {}, answer, ...more }: TurnOptions = {},
): Promise<TurnRecord> {
  const { last } = await client.request('thread/read', { thread, limit: 0 });
  using events = client.subscribe({ thread, after: last, answers: answer !== undefined });
  const { turn } = await client.request('turn/start', { thread, input: input(said), ...more });
  const seen: ThreadEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    see(event);
    if (event.type !== 'item/appended') continue;
    const { item } = event;
    if (item.type === 'question' && answer !== undefined)
      await client.request('question/answer', {
        thread,
        question: item.id,
        answer: answer(item),
      });
    if (item.type === 'end' && item.id === turn) return recordOf(seen, item);
  }
  throw new Error('expected the turn to end, but the thread closed');
}

function recordOf(events: readonly ThreadEvent[], end: Stamped<EndItem>): TurnRecord {
  const items = events.flatMap((event) => (event.type === 'item/appended' ? [event.item] : []));
  return { items, events, end, results: items.filter((item) => item.type === 'result') };
}

/** The first event of a thread that `pick` makes something of. */
export async function untilEvent<T>(
  client: Client,
  thread: string,
  pick: (event: ThreadEvent) => T | undefined,
): Promise<T> {
  using events = client.subscribe({ thread });
  for await (const event of events) {
    const found = pick(event);
    if (found !== undefined) return found;
  }
  throw new Error('expected an event that never came: the thread closed');
}

/** The first item of this type, now or later. */
export function untilItem<Type extends Item['type']>(
  client: Client,
  thread: string,
  type: Type,
): Promise<Extract<Item, { type: Type }>> {
  return untilEvent(client, thread, (event) =>
    event.type === 'item/appended' && event.item.type === type
      ? (event.item as Extract<Item, { type: Type }>) // its type has just been looked at
      : undefined,
  );
}

/** Resolves when no turn runs and none waits. */
export async function untilIdle(client: Client, thread: string): Promise<void> {
  await untilEvent(client, thread, (event) => {
    if (event.type !== 'thread/status') return undefined;
    const { state, queued } = event.status;
    return state === 'idle' && queued === 0 ? true : undefined;
  });
}

export function plugin(name: string, setup: Plugin['setup']): Plugin {
  return { name, api: 1, setup };
}

/** A tool of few words. */
export function tool(
  name: string,
  run: Tool['run'],
  more: Partial<Pick<Tool, 'annotations' | 'description' | 'inputSchema'>> = {},
): Tool {
  return { name, description: `the tool ${name}`, inputSchema: { type: 'object' }, run, ...more };
}

/** A tool's answer in text. */
export function content(said: string): ToolResult {
  return { content: [{ type: 'text', text: said }] };
}

export function input(said: string): readonly Content[] {
  return [{ type: 'text', text: said }];
}

/** The text of a result. */
export function textOfResult(result: ResultItem | undefined): string {
  return textOf(result?.content ?? []);
}

/** The types of items, without those that only bookkeep. */
export function typesOf(items: readonly Item[]): readonly string[] {
  return items.map((item) => item.type);
}

export const allow: Policy['judge'] = () => ({ verdict: 'allow', reason: 'a test', rule: 'all' });

/** Keeps every item of earlier turns in the window. */
export const memory: PromptSource = {
  name: 'memory',
  stability: 'thread',
  read: ({ since }) => {
    const [first, last] = [since[0], since.at(-1)];
    return first === undefined || last === undefined ? [] : [{ refs: [first.n, last.n] }];
  },
};

/** Something that is waited for, and comes when the test says so. */
export function gate<T = void>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>();
}
