/**
 * A program that uses all that a kernel may hold on to, disposes of it, and says in one line of JSON what is left:
 * `node disposed.ts DIRECTORY CWD URL`. It then ends by itself, if nothing holds it.
 */

import { commands, createKernel, observers, requests, type Host } from '../../../core/index.ts';
import jsonl from '../../../plugins/stores/jsonl.ts';
import { content, gate, input, kernelOptions, plugin, tool, untilItem } from './thread.ts';

/** What the program says. */
export interface Left {
  /** Node's names of what would keep the program running, before and after. */
  readonly resources: readonly string[];
  readonly before: readonly string[];
  /** Of the commands that ran when the kernel was disposed of. */
  readonly pids: readonly number[];
  readonly listeners: number;
}

const [directory = '', cwd = '', url = ''] = process.argv.slice(2);
const pids: number[] = [];
const started = gate();
const onOutput = (chunk: Uint8Array) => {
  pids.push(Number(Buffer.from(chunk).toString()));
  if (pids.length === 3) started.resolve();
};
const forever = { argv: ['sh', '-c', 'echo $$; exec sleep 60'], onOutput } as const;
const onExit = () => {};
const hosts: Host[] = [];
const holding = plugin('holding', (host) => {
  hosts.push(host);
  const timer = setInterval(() => {}, 1000);
  host.scope.defer(() => clearInterval(timer));
  process.on('beforeExit', onExit);
  host.scope.defer(() => void process.off('beforeExit', onExit));
  host.add(observers, () => {});
  host.add(commands, { name: 'none', description: '', run: async () => {} });
  host.add(requests, { name: 'holding/none', params: {}, result: {}, run: async () => ({}) });
  host.client.listen(() => {});
});
const act = tool('act', async (_args, { effects }) => {
  const answer = await effects.fetch(url); // its connection is kept
  await answer.text();
  const kept = await effects.spawn(forever);
  kept.keep(onOutput);
  await effects.spawn(forever); // of the call
  await new Promise(() => {});
  return content('never');
});
const before = process.getActiveResourcesInfo();
const kernel = await createKernel(
  kernelOptions(cwd, {
    replies: [[{ name: 'act' }]],
    tools: [act],
    plugins: [jsonl({ directory }), holding],
    limits: { timeoutMs: 60_000 },
  }),
);
await hosts[0]?.effects.spawn(forever); // of the plugin
const client = kernel.client('test');
const { id } = await client.request('thread/start', {});
const events = client.subscribe({ thread: id, answers: true });
await client.request('turn/start', { thread: id, input: input('go') });
await untilItem(client, id, 'call');
await started.promise;
await kernel[Symbol.asyncDispose]();
for await (const _event of events); // it ends with its thread
// Node takes a round or two of its loop to let go of a handle that has been closed.
for (let round = 0; round < 10; round++) await new Promise(setImmediate);
const left: Left = {
  resources: process.getActiveResourcesInfo(),
  before,
  pids,
  listeners: process.listenerCount('beforeExit'),
};
console.log(JSON.stringify(left));
