// 02 tool — what the model can call: MCP's words for what it is, and a function. `node examples/02-tool/tool.ts`
import assert from 'node:assert/strict';
import { createKernel, textOf, tools, type Plugin } from 'spindle';
import scripted from '../../plugins/models/scripted.ts';
import { runTurn } from '../turn.ts';

const dice: Plugin = {
  name: 'dice',
  api: 1,
  setup: (host) => {
    host.add(tools, {
      name: 'roll',
      description: 'Rolls dice.',
      inputSchema: {
        type: 'object',
        properties: { count: { type: 'integer' } },
        required: ['count'],
      },
      annotations: { readOnlyHint: true }, // neighbouring calls may run in parallel
      run: ({ count }) => {
        if (typeof count !== 'number' || count < 1) throw new Error('roll at least one'); // the model reads this
        const rolled = Array.from({ length: count }, () => Math.ceil(Math.random() * 6));
        return { content: [{ type: 'text', text: rolled.join(' ') }], detail: { rolled } };
      },
    });
  },
};

const calls = [
  { name: 'roll', args: { count: 3 } },
  { name: 'roll', args: { count: 0 } },
];
await using kernel = await createKernel({
  plugins: [{ plugin: dice }, { plugin: scripted({ steps: [{ calls }, { text: 'Rolled.' }] }) }],
  settings: { provider: 'scripted' },
});

const items = await runTurn(kernel, 'Roll three dice.');
const results = items.filter((item) => item.type === 'result');
assert.match(textOf(results[0]?.content ?? []), /^[1-6] [1-6] [1-6]$/);
assert.deepEqual(
  [results[1]?.isError, textOf(results[1]?.content ?? [])],
  [true, 'roll at least one'],
);
