// 03 prompt source — text that is appended to what the model is shown, never withdrawn. `node examples/03-prompt-source/prompt-source.ts`
import assert from 'node:assert/strict';
import { createKernel, prompts, type Plugin } from 'spindle';
import scripted from '../../plugins/models/scripted.ts';

/** Tells which day it is: once per turn, and only when it has changed, so that the prompt cache stays valid. */
const today = (now: () => Date): Plugin => ({
  name: 'today',
  api: 1,
  setup: (host) => {
    host.add(prompts, {
      name: 'today',
      stability: 'thread', // asked each turn; `fixed`: once, `turn`: each step
      read: ({ own }) => {
        const text = `Today is ${now().toISOString().slice(0, 10)}.`;
        return own.at(-1)?.text === text ? [] : [{ text, role: 'developer', source: 'clock' }];
      },
    });
  },
});

let date = new Date('2026-11-24');
await using kernel = await createKernel({
  plugins: [{ plugin: today(() => date) }, { plugin: scripted() }],
  settings: { provider: 'scripted' },
});
const client = kernel.client('example');
const { id: thread } = await client.request('thread/start', { ephemeral: true });

for (const [turn, day] of ['2026-11-24', '2026-11-24', '2026-11-25'].entries()) {
  date = new Date(day);
  await client.request('turn/start', { thread, input: [{ type: 'text', text: `Turn ${turn}` }] });
  let ends = 0;
  for await (const event of client.subscribe({ thread }))
    if (event.type === 'item/appended' && event.item.type === 'end' && ++ends > turn) break;
}
const { parts } = await client.request('thread/window', { thread });
const told = parts.flatMap(({ part }) => (part.type === 'fragment' ? [part.text] : []));
console.log(told.join('\n'));
assert.deepEqual(told, ['Today is 2026-11-24.', 'Today is 2026-11-25.']);
