/** A thread whose model, and that of its sub-agents, is played by a function of what was said. */

import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import {
  createKernel,
  models,
  policies,
  stores,
  textOf,
  tools,
  type Answer,
  type Client,
  type Item,
  type Kernel,
  type Limits,
  type ModelEvent,
  type ModelRequest,
  type Part,
  type Plugin,
  type Policy,
  type QuestionItem,
  type Settings,
  type Tool,
} from '../../../core/index.ts';
import agents, { type AgentsOptions } from '../../../plugins/agents/agents.ts';
import local from '../../../plugins/machines/local.ts';
import history from '../../../plugins/prompts/history.ts';
import { memoryStore } from '../../../plugins/stores/memory.ts';
import { remove } from '../../fixtures/folders.ts';

/** What a model says to a request: calls by tool and arguments, or a text. */
export type Reply =
  | string
  | { readonly calls: readonly (readonly [name: string, args: object])[] }
  | { readonly hang: true };

/** Plays models: `said` is the input of the turn, `results` what its calls have given so far. */
export type Play = (asked: {
  readonly said: string;
  readonly results: readonly string[];
  readonly request: ModelRequest;
}) => Reply | Promise<Reply>;

export interface AgentsPlaceOptions {
  readonly play: Play;
  readonly config?: AgentsOptions;
  readonly tools?: readonly Tool[];
  readonly policy?: Policy['judge'];
  /** Instead of `policy`. */
  readonly policyPlugin?: Plugin;
  readonly settings?: Partial<Settings>;
}

export interface AgentsPlace {
  readonly cwd: string;
  readonly id: string;
  readonly kernel: Kernel;
  readonly client: Client;
  readonly requests: readonly ModelRequest[];
  /** One turn to its end; its items. */
  readonly turn: (said: string, options?: TurnOptions) => Promise<readonly Item[]>;
  readonly itemsOf: (thread: string) => Promise<readonly Item[]>;
}

export interface TurnOptions {
  readonly limits?: Limits;
  /** Default: the first. */
  readonly thread?: string;
  /** Answers questions; without it nobody is there. */
  readonly answer?: (question: QuestionItem) => Answer | undefined;
  /** Sees items as they come. */
  readonly see?: (item: Item) => void;
}

/** Opens one; all is gone after the test. Each model call costs 100 tokens. */
export async function openAgents(
  t: TestContext,
  options: AgentsPlaceOptions,
): Promise<AgentsPlace> {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-agents-')));
  const requests: ModelRequest[] = [];
  const plugins: readonly Plugin[] = [
    local(),
    history(),
    {
      name: 'world',
      api: 1,
      setup: (host) => {
        host.add(stores, memoryStore());
        host.add(models, player('player', options.play, requests));
        host.add(models, player('other', options.play, requests));
        if (options.policyPlugin === undefined)
          host.add(policies, { name: 'all', judge: options.policy ?? allow });
        for (const tool of options.tools ?? []) host.add(tools, tool);
      },
    },
    agents(options.config ?? {}),
    ...(options.policyPlugin === undefined ? [] : [options.policyPlugin]),
  ];
  const kernel = await createKernel({
    plugins: plugins.map((plugin) => ({ plugin })),
    settings: {
      cwd,
      roots: [cwd],
      provider: 'player',
      sandbox: 'danger-full-access',
      approval: 'never',
      ...options.settings,
    },
  });
  t.after(async () => {
    await kernel[Symbol.asyncDispose]();
    remove(cwd);
  });
  const client = kernel.client('test');
  const { id } = await client.request('thread/start', {});
  const itemsOf = async (thread: string) => (await client.request('thread/read', { thread })).items;
  return {
    cwd,
    id,
    kernel,
    client,
    requests,
    itemsOf,
    turn: (said, turn = {}) => runTurn(client, turn.thread ?? id, { said, ...turn }),
  };
}

const allow: Policy['judge'] = () => ({ verdict: 'allow', reason: 'a test', rule: 'all' });

async function runTurn(
  client: Client,
  thread: string,
  { said, limits, answer, see }: TurnOptions & { readonly said: string },
): Promise<readonly Item[]> {
  const { last } = await client.request('thread/read', { thread, limit: 0 });
  using events = client.subscribe({ thread, after: last, answers: answer !== undefined });
  await client.request('turn/start', { thread, input: [{ type: 'text', text: said }], limits });
  const items: Item[] = [];
  for await (const event of events) {
    if (event.type !== 'item/appended') continue;
    const { item } = event;
    items.push(item);
    see?.(item);
    const given = item.type === 'question' ? answer?.(item) : undefined;
    if (item.type === 'question' && given !== undefined)
      await client.request('question/answer', { thread, question: item.id, answer: given });
    if (item.type === 'end') break;
  }
  return items;
}

function player(name: string, play: Play, requests: ModelRequest[]) {
  const traits = { window: 1e6, output: 1000, images: false, tools: true, efforts: [] };
  return {
    name,
    traits: ({ model = `${name}-1` }: Settings) => ({ model, ...traits }),
    encode: (part: Part) => JSON.stringify(part),
    async *stream(
      request: ModelRequest,
      { signal }: { readonly signal: AbortSignal },
    ): AsyncGenerator<ModelEvent> {
      requests.push(request);
      const parts = request.parts.map(({ part }) => part);
      const from = parts.findLastIndex(({ type }) => type === 'user');
      const user = parts[from];
      const said = user?.type === 'user' ? textOf(user.content) : '';
      const results = parts
        .slice(from)
        .flatMap((part) => (part.type === 'result' ? [textOf(part.content)] : []));
      const reply = await play({ said, results, request });
      if (typeof reply === 'string') {
        yield {
          type: 'output',
          output: { type: 'assistant', id: crypto.randomUUID(), text: reply },
        };
      } else if ('hang' in reply) {
        const { promise, reject } = Promise.withResolvers<void>();
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        await promise;
      } else {
        for (const [tool, args] of reply.calls) {
          const id = crypto.randomUUID();
          yield {
            type: 'output',
            output: { type: 'call', id, call: id, name: tool, args: JSON.stringify(args) },
          };
        }
      }
      yield {
        type: 'done',
        stop: 'end',
        usage: { input: 90, cached: 0, output: 10, reasoning: 0 },
      };
    },
  };
}
