// 06 wrapper — around every call of every tool: look, change, or answer instead. `node examples/06-wrapper/wrapper.ts`
import assert from 'node:assert/strict';
import { aroundTool, createKernel, textOf, tools, type Plugin } from 'spindle';
import scripted from '../../plugins/models/scripted.ts';
import { runTurn } from '../turn.ts';

/** The third call that is the same as the two before it is not run: the model is told to do something else. */
const loopGuard: Plugin = {
  name: 'loop-guard',
  api: 1,
  setup: (host) => {
    const last = new Map<string, { readonly call: string; readonly count: number }>(); // by thread
    host.add(aroundTool, async (call, _context, next) => {
      const same = JSON.stringify([call.name, call.args]);
      const before = last.get(call.thread);
      const count = before?.call === same ? before.count + 1 : 1;
      last.set(call.thread, { call: same, count });
      if (count < 3) return next(call);
      return { content: [{ type: 'text', text: 'The same call again: not run.' }], isError: true };
    });
  },
};

let runs = 0;
const flaky: Plugin = {
  name: 'flaky',
  api: 1,
  setup: (host) => {
    host.add(tools, {
      name: 'flaky',
      description: 'Fails.',
      inputSchema: { type: 'object' },
      run: () => ({ content: [{ type: 'text', text: `run ${++runs}` }], isError: true }),
    });
  },
};

const step = { calls: [{ name: 'flaky' }] };
await using kernel = await createKernel({
  plugins: [loopGuard, flaky, scripted({ steps: [step, step, step] })].map((plugin) => ({
    plugin,
  })),
  settings: { provider: 'scripted' },
});
const items = await runTurn(kernel, 'Try it.');
const said = items.flatMap((item) => (item.type === 'result' ? [textOf(item.content)] : []));
console.log(said.join('\n'));
assert.deepEqual(said, ['run 1', 'run 2', 'The same call again: not run.']);
assert.equal(runs, 2);
