/** A thread in a folder of its own whose model calls what it is told to: how tools are tested, through the kernel. */

import checkArguments from '../../plugins/around/arguments.ts';
import local from '../../plugins/machines/local.ts';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

import { createKernel, models, policies, textOf } from '../../core/index.ts';
import type {
  Answer,
  Client,
  Item,
  Kernel,
  Model,
  Plugin,
  Policy,
  ResultItem,
  Settings,
  ThreadEvent,
} from '../../core/index.ts';
import { remove } from '../fixtures/folders.ts';

export interface ToolThreadOptions {
  readonly plugins: readonly Plugin[];
  /** Files of the folder: text or bytes by path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly settings?: Partial<Settings>;
  /** Default: everything is allowed. */
  readonly policy?: Policy['judge'];
  /** Answers questions; without it nobody is there. */
  readonly answer?: (question: Extract<Item, { type: 'question' }>) => Answer;
  readonly env?: Readonly<Record<string, string>>;
}

/** A call that the model makes. */
export interface Called {
  readonly name: string;
  readonly args: unknown;
}

export interface ToolThread {
  readonly cwd: string;
  readonly id: string;
  readonly kernel: Kernel;
  readonly client: Client;
  /** One turn with one call; its result. */
  readonly call: (name: string, args: unknown) => Promise<ResultItem>;
  /** One turn with one answer that makes all these calls; their results. */
  readonly calls: (calls: readonly Called[]) => Promise<readonly ResultItem[]>;
  /** As `calls`, and `see` gets each event as it comes. */
  readonly watch: (
    calls: readonly Called[],
    see: (event: ThreadEvent) => void,
  ) => Promise<readonly ResultItem[]>;
  readonly items: () => Promise<readonly Item[]>;
}

/** Opens one; all is gone after the test. */
export async function openToolThread(
  t: TestContext,
  options: ToolThreadOptions,
): Promise<ToolThread> {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-tools-')));
  for (const [path, data] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), data);
  }
  const kernel = await createKernel({
    plugins: [local(), checkArguments(), ...options.plugins, world(options.policy)].map(
      (plugin) => ({ plugin }),
    ),
    settings: {
      cwd,
      roots: [cwd],
      provider: 'obedient',
      sandbox: 'danger-full-access',
      approval: 'never',
      ...options.settings,
    },
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  t.after(async () => {
    await kernel[Symbol.asyncDispose]();
    remove(cwd);
  });
  const client = kernel.client('test');
  const { id } = await client.request('thread/start', { ephemeral: true });
  const watch: ToolThread['watch'] = (calls, see) =>
    runTurn(client, id, { calls, see, answer: options.answer });
  const calls = (made: readonly Called[]) => watch(made, () => {});
  return {
    cwd,
    id,
    kernel,
    client,
    watch,
    calls,
    call: async (name, args) => (await calls([{ name, args }]))[0]!,
    items: async () => (await client.request('thread/read', { thread: id })).items,
  };
}

/** The text of a result. */
export function textOfResult(result: ResultItem): string {
  return textOf(result.content);
}

async function runTurn(
  client: Client,
  thread: string,
  {
    calls,
    see,
    answer,
  }: {
    readonly calls: readonly Called[];
    readonly see: (event: ThreadEvent) => void;
    readonly answer: ToolThreadOptions['answer'];
  },
): Promise<readonly ResultItem[]> {
  const { last } = await client.request('thread/read', { thread, limit: 0 });
  using events = client.subscribe({ thread, after: last, answers: answer !== undefined });
  const text = JSON.stringify(calls);
  await client.request('turn/start', { thread, input: [{ type: 'text', text }] });
  const results: ResultItem[] = [];
  for await (const event of events) {
    see(event);
    if (event.type !== 'item/appended') continue;
    const { item } = event;
    if (item.type === 'result') results.push(item);
    if (item.type === 'question' && answer !== undefined)
      await client.request('question/answer', {
        thread,
        question: item.id,
        answer: answer(item),
      });
    if (item.type === 'end') break;
  }
  return results;
}

const allow: Policy['judge'] = () => ({ verdict: 'allow', reason: 'a test', rule: 'all' });

function world(judge: Policy['judge'] = allow): Plugin {
  return {
    name: 'world',
    api: 1,
    setup(host) {
      host.add(models, obedient);
      host.add(policies, { name: 'all', judge });
    },
  };
}

const obedient: Model = {
  name: 'obedient',
  traits: () => ({
    model: 'obedient',
    window: 10_000_000,
    output: 1000,
    images: true,
    tools: true,
    efforts: [],
  }),
  encode: (part) => JSON.stringify(part),
  async *stream({ parts }) {
    const last = parts.at(-1)?.part;
    if (last?.type !== 'user') {
      yield {
        type: 'output',
        output: { type: 'assistant', id: crypto.randomUUID(), text: 'done' },
      };
    } else {
      for (const { name, args } of JSON.parse(textOf(last.content)) as readonly Called[]) {
        const id = crypto.randomUUID();
        yield {
          type: 'output',
          output: { type: 'call', id, call: id, name, args: JSON.stringify(args) },
        };
      }
    }
    yield { type: 'done', stop: 'end' };
  },
};
