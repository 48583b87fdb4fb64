// 04 policy — a rule for what may happen: the strictest verdict of all wins. `node examples/04-policy/policy.ts`
import assert from 'node:assert/strict';
import { createKernel, policies, textOf, tools, type Plugin } from 'spindle';
import local from '../../plugins/machines/local.ts';
import scripted from '../../plugins/models/scripted.ts';
import { runTurn } from '../turn.ts';

/** Nobody reads keys, whichever tool, plugin or client asks, and through whichever link. */
const noKeys: Plugin = {
  name: 'no-keys',
  api: 1,
  setup: (host) => {
    host.add(policies, {
      name: 'no-keys',
      judge: (effect) => {
        if (effect.kind !== 'read' || !/\.(pem|key)$/.test(effect.path)) return undefined; // no opinion
        return { verdict: 'deny', reason: 'keys stay where they are', rule: '*.pem, *.key' };
      },
    });
  },
};

const peek: Plugin = {
  name: 'peek',
  api: 1,
  setup: (host) => {
    host.add(tools, {
      name: 'peek',
      description: 'Says how large a file is.',
      inputSchema: { type: 'object', properties: { path: { type: 'string' } } },
      run: async ({ path }, { effects }) => {
        const { bytes } = await effects.stat(String(path)); // every effect passes the gate
        return { content: [{ type: 'text', text: `${bytes} bytes` }] };
      },
    });
  },
};

const calls = ['policy.ts', 'server.pem'].map((path) => ({ name: 'peek', args: { path } }));
await using kernel = await createKernel({
  plugins: [local(), noKeys, peek, scripted({ steps: [{ calls }] })].map((plugin) => ({ plugin })),
  settings: { provider: 'scripted', cwd: import.meta.dirname },
});
const items = await runTurn(kernel, 'How large are they?');
const said = items.flatMap((item) => (item.type === 'result' ? [textOf(item.content)] : []));
console.log(said.join('\n'));
assert.match(said[0] ?? '', /^\d+ bytes$/);
assert.equal(said[1], 'denied: keys stay where they are (rule: *.pem, *.key)');
assert.equal(items.filter((item) => item.type === 'decision').length, 2); // both are on record
