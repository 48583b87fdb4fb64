/** A thread that talks to a model, with two tools and a memory: how models are tested, through the kernel. */

import local from '../../plugins/machines/local.ts';
import type { TestContext } from 'node:test';

import { createKernel, models, policies, prompts, tools } from '../../core/index.ts';
import type {
  Client,
  Content,
  DeltaEvent,
  EndItem,
  Host,
  Item,
  JsonSchema,
  Kernel,
  Model,
  ModelEvent,
  ModelRequest,
  PartBody,
  Plugin,
  PromptSource,
  Settings,
  Stamped,
  ThreadEvent,
  Tool,
} from '../../core/index.ts';
import { sampleSettings } from './sample-items.ts';

export interface ModelThreadOptions {
  readonly plugins: readonly Plugin[];
  readonly settings: Partial<Settings> & { readonly provider: string };
  /** Default: `echo` and `break`. */
  readonly tools?: readonly Tool[];
  /** System texts, read once. */
  readonly system?: readonly string[];
}

export interface TurnOptions {
  readonly outputSchema?: JsonSchema;
  readonly settings?: Partial<Settings>;
  readonly see?: (event: ThreadEvent) => void;
}

/** What a turn came to. */
export interface TurnRecord {
  readonly items: readonly Item[];
  readonly deltas: readonly DeltaEvent[];
  readonly end: Stamped<EndItem>;
}

export interface ModelThread {
  readonly id: string;
  readonly kernel: Kernel;
  readonly client: Client;
  readonly turn: (input: string | readonly Content[], options?: TurnOptions) => Promise<TurnRecord>;
}

/** Opens one, closed after the test. */
export async function openModelThread(
  t: TestContext,
  options: ModelThreadOptions,
): Promise<ModelThread> {
  const kernel = await createKernel({
    plugins: [local(), ...options.plugins, allowAll, world(options)].map((plugin) => ({ plugin })),
    settings: { sandbox: 'danger-full-access', approval: 'never', ...options.settings },
  });
  t.after(() => kernel[Symbol.asyncDispose]());
  const client = kernel.client('test');
  const { id } = await client.request('thread/start', { ephemeral: true });
  return { id, kernel, client, turn: (input, how = {}) => runTurn(client, id, input, how) };
}

async function runTurn(
  client: Client,
  thread: string,
  said: string | readonly Content[],
  { see = () => {}, ...options }: TurnOptions,
): Promise<TurnRecord> {
  const { last } = await client.request('thread/read', { thread, limit: 0 });
  using events = client.subscribe({ thread, after: last });
  const input = typeof said === 'string' ? [{ type: 'text', text: said } as const] : said;
  const { turn } = await client.request('turn/start', { thread, input, ...options });
  const items: Item[] = [];
  const deltas: DeltaEvent[] = [];
  for await (const event of events) {
    see(event);
    if (event.type === 'item/delta') deltas.push(event);
    if (event.type !== 'item/appended') continue;
    items.push(event.item);
    if (event.item.type === 'end' && event.item.id === turn)
      return { items, deltas, end: event.item };
  }
  throw new Error('expected the turn to end, but the thread closed');
}

/** A model outside any thread, with effects that may do everything. */
export interface LoneModel {
  readonly model: Model;
  /** The events as they come for a window of these items; the rest of the request is its default. */
  readonly stream: (
    bodies: readonly PartBody[],
    request?: Partial<ModelRequest> & { readonly signal?: AbortSignal },
  ) => AsyncIterable<ModelEvent>;
}

/** The only model that a plugin adds; stopped after the test. */
export async function openModel(t: TestContext, plugin: Plugin): Promise<LoneModel> {
  const { promise, resolve } = Promise.withResolvers<Host>();
  const reader: Plugin = { name: 'reader', api: 1, setup: resolve };
  const kernel = await createKernel({
    plugins: [local(), plugin, reader, allowAll].map((one) => ({ plugin: one })),
  });
  t.after(() => kernel[Symbol.asyncDispose]());
  const host = await promise;
  const [model] = host.get(models).values();
  if (model === undefined) throw new Error(`expected plugin ${plugin.name} to add a model`);
  const stream: LoneModel['stream'] = (bodies, { signal = host.signal, ...request } = {}) => {
    const parts = bodies.map((body, n) => ({ ...body, n, at: 0 }));
    const whole: ModelRequest = {
      thread: 'thread-1',
      settings: { ...sampleSettings, provider: model.name, model: undefined, effort: undefined },
      parts: parts.map((part) => ({ part, text: model.encode(part) })),
      toolChoice: 'auto',
      ...request,
    };
    return model.stream(whole, { signal, effects: host.effects, notice: () => {} });
  };
  return { model, stream };
}

const allowAll: Plugin = {
  name: 'allow',
  api: 1,
  setup(host) {
    host.add(policies, {
      name: 'allow',
      judge: () => ({ verdict: 'allow', reason: 'a test', rule: 'all' }),
    });
  },
};

/** Says back what it is told. */
export const echo: Tool = {
  name: 'echo',
  description: 'Says it back.',
  inputSchema: {
    type: 'object',
    properties: { text: { type: 'string' } },
    additionalProperties: false,
  },
  run: ({ text }) => ({ content: [{ type: 'text', text: String(text) }] }),
};

/** Always fails. */
export const broken: Tool = {
  ...echo,
  name: 'break',
  description: 'Fails.',
  run: () => {
    throw new Error('it is broken');
  },
};

/** Keeps every item of earlier turns. */
const memory: PromptSource = {
  name: 'memory',
  stability: 'thread',
  read: ({ since }) => {
    const first = since[0];
    const last = since.at(-1);
    return first === undefined || last === undefined ? [] : [{ refs: [first.n, last.n] }];
  },
};

function world({ tools: offered = [echo, broken], system = [] }: ModelThreadOptions): Plugin {
  return {
    name: 'world',
    api: 1,
    setup(host) {
      for (const tool of offered) host.add(tools, tool);
      host.add(prompts, {
        name: 'system',
        stability: 'fixed',
        read: () => system.map((text) => ({ text, role: 'system', source: 'test' })),
      });
      host.add(prompts, memory);
    },
  };
}
