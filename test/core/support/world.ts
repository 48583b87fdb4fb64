/** Kernels over one folder of stored threads, alike in every process: what is written by one is resumed by another. */

import type { KernelOptions, ModelRequest, Plugin, Tool } from '../../../core/index.ts';
import { compactors, prompts } from '../../../core/index.ts';
import jsonl from '../../../plugins/stores/jsonl.ts';
import { replies, type Reply } from './model.ts';
import { content, kernelOptions, plugin, tool } from './thread.ts';

export interface World {
  /** Of the thread files. */
  readonly directory: string;
  readonly cwd: string;
  readonly replies: readonly Reply[];
  readonly plugins?: readonly Plugin[];
}

/** Options of such a kernel, and the requests that its model gets. */
export function worldOf({ directory, cwd, replies: said, plugins = [] }: World): {
  readonly options: KernelOptions;
  readonly requests: readonly ModelRequest[];
} {
  const model = replies(said);
  const sources = plugin('sources', (host) => {
    const text = 'You are a test.';
    const fixed = [{ text, role: 'system', source: 'test', pinned: true }] as const;
    host.add(prompts, { name: 'fixed', stability: 'fixed', read: () => fixed });
    host.add(prompts, {
      name: 'counting',
      stability: 'thread',
      read: ({ since }) => [
        { text: `${since.length} items were new`, role: 'developer', source: 'test' },
      ],
    });
    host.add(compactors, {
      name: 'pinned-and-newest',
      compact: ({ parts }) =>
        Promise.resolve(
          parts
            .filter(({ pinned }, at) => pinned || at > parts.length - 3)
            .map(({ part }) => ({ keep: [part.n, part.n] as const })),
        ),
    });
  });
  const tools: readonly Tool[] = [
    tool('echo', ({ said: again }) => content(`${String(again)} again`)),
    tool('long', () => content('long '.repeat(20_000))),
    tool('hang', (_args, { progress }) => {
      progress('hanging');
      return new Promise(() => {});
    }),
    tool('ask', async (_args, { client, call }) => {
      const question = { kind: 'input/ask', message: 'well?', schema: {}, from: 'ask' } as const;
      await client.request('question/ask', { thread: call.thread, question, call: call.id });
      return content('asked');
    }),
  ];
  const options = kernelOptions(cwd, {
    model,
    tools,
    plugins: [jsonl({ directory }), sources, ...plugins],
  });
  return { options, requests: model.requests };
}
