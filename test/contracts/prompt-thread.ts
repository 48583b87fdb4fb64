/** A thread in a folder of its own whose input and prompt fragments are looked at: how prompt sources are tested, through the kernel. */

import local from '../../plugins/machines/local.ts';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

import {
  compactors,
  createKernel,
  models,
  policies,
  stores,
  textOf,
  tools,
} from '../../core/index.ts';
import type {
  Client,
  Compactor,
  FragmentItem,
  Item,
  Kernel,
  Model,
  Part,
  Plugin,
  Settings,
  Store,
} from '../../core/index.ts';
import history from '../../plugins/prompts/history.ts';
import { memoryStore } from '../../plugins/stores/memory.ts';
import { remove } from '../fixtures/folders.ts';

export interface PromptThreadOptions {
  readonly plugin: (folder: string) => Plugin;
  /** Files below the thread's folder. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly settings?: (folder: string) => Partial<Settings>;
  /** Without the plugin `history`. */
  readonly isBare?: boolean;
}

export interface PromptThread {
  /** The temporary folder; the thread's cwd is `repo` in it. */
  readonly folder: string;
  readonly cwd: string;
  readonly id: string;
  readonly client: Client;
  readonly write: (path: string, data: string | Uint8Array) => void;
  /** One turn, in which the model makes these calls of the tool `touch`; the items of the turn. */
  readonly turn: (
    touched?: readonly Json[],
    settings?: Partial<Settings>,
  ) => Promise<readonly Item[]>;
  /** What the model was shown, request by request. */
  readonly requests: readonly (readonly Part[])[];
  readonly items: () => Promise<readonly Item[]>;
  /** A compaction that keeps what must be kept and nothing else. */
  readonly compact: () => Promise<void>;
  /** Ends the kernel and opens the thread in a new one. */
  readonly resume: () => Promise<void>;
}

export type Json = { readonly [key: string]: unknown };

/** Opens one; all is gone after the test. */
export async function openPromptThread(
  t: TestContext,
  options: PromptThreadOptions,
): Promise<PromptThread> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-prompts-')));
  const cwd = join(folder, 'repo');
  const write = (path: string, data: string | Uint8Array) => {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), data);
  };
  mkdirSync(cwd);
  for (const [path, data] of Object.entries(options.files ?? {})) write(path, data);
  const requests: (readonly Part[])[] = [];
  const store = memoryStore();
  const open = () =>
    createKernel({
      plugins: [
        local(),
        ...(options.isBare === true ? [] : [history()]),
        options.plugin(folder),
        world(store, requests),
      ].map((plugin) => ({ plugin })),
      settings: {
        cwd,
        roots: [cwd],
        provider: 'toucher',
        sandbox: 'danger-full-access',
        approval: 'never',
        ...options.settings?.(folder),
      },
    });
  let kernel: Kernel = await open();
  t.after(async () => {
    await kernel[Symbol.asyncDispose]();
    remove(folder);
  });
  let client = kernel.client('test');
  const { id } = await client.request('thread/start', {});
  const items = async () => (await client.request('thread/read', { thread: id })).items;
  return {
    folder,
    cwd,
    id,
    get client() {
      return client;
    },
    write,
    requests,
    items,
    turn: (touched = [], settings = {}) => runTurn(client, id, { touched, settings }),
    compact: async () => void (await client.request('thread/compact', { thread: id })),
    resume: async () => {
      await kernel[Symbol.asyncDispose]();
      kernel = await open();
      client = kernel.client('test');
      await client.request('thread/resume', { thread: id });
    },
  };
}

/** The fragments among items, and the notices. */
export function fragmentsOf(items: readonly Item[]): readonly FragmentItem[] {
  return items.filter((item) => item.type === 'fragment');
}

export function noticesOf(items: readonly Item[]): readonly string[] {
  return items.flatMap((item) => (item.type === 'notice' ? [item.message] : []));
}

/** How many effects were decided on. */
export function decisionsOf(items: readonly Item[]): readonly string[] {
  return items.flatMap((item) =>
    item.type === 'decision' ? [`${item.effect.kind} ${String(item.effect['path'])}`] : [],
  );
}

async function runTurn(
  client: Client,
  thread: string,
  {
    touched,
    settings,
  }: { readonly touched: readonly Json[]; readonly settings: Partial<Settings> },
): Promise<readonly Item[]> {
  const { items: before } = await client.request('thread/read', { thread });
  using events = client.subscribe({ thread, after: before.length - 1 });
  const input = [{ type: 'text', text: JSON.stringify(touched) }] as const;
  await client.request('turn/start', { thread, input, settings });
  const items: Item[] = [];
  for await (const event of events) {
    if (event.type !== 'item/appended') continue;
    items.push(event.item);
    if (event.item.type !== 'end') continue;
    assert.equal(event.item.status, 'completed', JSON.stringify(event.item));
    break;
  }
  return items;
}

function world(store: Store, requests: (readonly Part[])[]): Plugin {
  return {
    name: 'world',
    api: 1,
    setup(host) {
      host.add(stores, store);
      host.add(models, toucher(requests));
      host.add(compactors, keepPinned);
      host.add(policies, {
        name: 'all',
        judge: () => ({ verdict: 'allow', reason: 'a test', rule: 'all' }),
      });
      host.add(tools, {
        name: 'touch',
        description: 'does nothing with a path',
        inputSchema: { type: 'object' },
        run: (args) => ({ content: [{ type: 'text', text: 'touched' }], detail: { args } }),
      });
    },
  };
}

const keepPinned: Compactor = {
  name: 'keep-pinned',
  compact: ({ parts }) =>
    Promise.resolve(
      parts.filter((part) => part.pinned).map(({ part }) => ({ keep: [part.n, part.n] })),
    ),
};

/** Makes the calls that the input names, one an answer, then says that it is done. */
function toucher(requests: (readonly Part[])[]): Model {
  return {
    name: 'toucher',
    traits: () => ({
      model: 'toucher',
      window: 1e7,
      output: 1000,
      images: true,
      tools: true,
      efforts: [],
    }),
    encode: (part) => JSON.stringify(part),
    async *stream({ parts }) {
      requests.push(parts.map((encoded) => encoded.part));
      const all = parts.map((encoded) => encoded.part);
      const user = all.findLastIndex((part) => part.type === 'user');
      const input = all[user];
      const touched =
        input?.type === 'user' ? (JSON.parse(textOf(input.content)) as readonly Json[]) : [];
      const due = touched[all.slice(user).filter((part) => part.type === 'call').length];
      const id = crypto.randomUUID();
      const text = { type: 'assistant', id, text: 'done' } as const;
      const call = {
        type: 'call',
        id,
        call: id,
        name: 'touch',
        args: JSON.stringify(due),
      } as const;
      yield { type: 'output', output: due === undefined ? text : call };
      yield { type: 'done', stop: 'end' };
    },
  };
}
