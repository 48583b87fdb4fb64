// 08 request and command — what a plugin offers to every front end. `node examples/08-request-and-command/request-and-command.ts`
import assert from 'node:assert/strict';
import { commands, createKernel, requests, type Plugin } from 'spindle';
import scripted from '../../plugins/models/scripted.ts';
import { runTurn } from '../turn.ts';

const usage: Plugin = {
  name: 'usage',
  api: 1,
  setup: (host) => {
    // A request extends the protocol: in process by `client.call`, over a wire by its name.
    host.add(requests, {
      name: 'usage/read',
      params: { type: 'object', properties: { thread: { type: 'string' } } },
      result: { type: 'object', properties: { tokens: { type: 'integer' } } },
      run: async (params, { client }) => {
        const { thread } = params as { readonly thread: string }; // as `params` says
        const { items } = await client.request('thread/read', { thread });
        const steps = items.flatMap((item) => (item.type === 'step' ? [item.usage] : []));
        return {
          tokens: steps.reduce((sum, one) => sum + (one?.input ?? 0) + (one?.output ?? 0), 0),
        };
      },
    });
    // A command is a macro over the protocol, which a user types as `/rename …`.
    host.add(commands, {
      name: 'rename',
      description: 'Names all loaded threads.',
      run: async (name, client) => {
        const { threads } = await client.request('kernel/describe', {});
        for (const { id } of threads) await client.request('thread/update', { thread: id, name });
      },
    });
    asked = () => host.get(commands).get('rename')?.run('the name', host.client, '');
  },
};
let asked: () => Promise<unknown> | undefined = () => undefined;

await using kernel = await createKernel({
  plugins: [usage, scripted()].map((plugin) => ({ plugin })),
  settings: { provider: 'scripted' },
});
await runTurn(kernel, 'Hello.');
await asked();
const client = kernel.client('example');
const { threads } = await client.request('kernel/describe', {});
const spent = await client.call('usage/read', { thread: threads[0]?.id });
console.log(threads[0]?.name, spent);
assert.equal(threads[0]?.name, 'the name');
assert.ok(
  typeof spent === 'object' && spent !== null && 'tokens' in spent && Number(spent.tokens) > 0,
);
