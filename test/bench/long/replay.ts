/** `node --expose-gc replay.ts URL FOLDER STEPS FEW`: one turn of so many steps; says how much memory it held after FEW and after all of them, in bytes. */

import { createKernel, observers, policies, tools, type Plugin } from '../../../core/index.ts';
import cacheGuard from '../../../plugins/around/cache-guard.ts';
import local from '../../../plugins/machines/local.ts';
import openaiResponses from '../../../plugins/models/openai-responses.ts';
import history from '../../../plugins/prompts/history.ts';
import jsonl from '../../../plugins/stores/jsonl.ts';

const [url = '', directory = '', steps = '', few = ''] = process.argv.slice(2);

/** What is held, garbage not counted. */
function heldBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const held = new Map<number, number>();
let done = 0;
const line = 'the quick brown fox jumps over the lazy dog\n';
const world: Plugin = {
  name: 'world',
  api: 1,
  setup: (host) => {
    const verdict = { verdict: 'allow', reason: 'it is measured', rule: 'bench' } as const;
    host.add(policies, { name: 'all', judge: () => verdict });
    host.add(tools, {
      name: 'shell',
      description: 'stands for a command',
      inputSchema: { type: 'object' },
      run: () => ({ content: [{ type: 'text', text: line.repeat(40) }] }),
    });
    host.add(observers, (event) => {
      if (event.type !== 'item/appended' || event.item.type !== 'step') return;
      done++;
      if (done === Number(few) || done === Number(steps)) held.set(done, heldBytes());
    });
  },
};
const model = openaiResponses({ baseURL: url, apiKey: 'k', model: 'stand-in', window: 10_000_000 });
const plugins = [local(), jsonl({ directory }), model, history(), cacheGuard(), world];
await using kernel = await createKernel({
  plugins: plugins.map((plugin) => ({ plugin })),
  settings: { cwd: directory, roots: [directory], provider: model.name },
});
const client = kernel.client('bench');
const { id: thread } = await client.request('thread/start', {});
using events = client.subscribe({ thread });
await client.request('turn/start', { thread, input: [{ type: 'text', text: 'go on' }] });
for await (const event of events)
  if (event.type === 'item/appended' && event.item.type === 'end') break;
console.log(JSON.stringify({ low: held.get(Number(few)), high: held.get(Number(steps)) }));
