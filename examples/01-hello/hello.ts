// 01 hello — a kernel in a program of its own: plugins in, a client out, one turn. `node examples/01-hello/hello.ts`
import assert from 'node:assert/strict';
import { createKernel } from 'spindle';
import scripted from '../../plugins/models/scripted.ts';

// The model plays a script, so no key is needed. Nothing else is loaded: no tools, no prompt, no store.
await using kernel = await createKernel({
  plugins: [{ plugin: scripted({ steps: [{ text: 'Hello, world.' }] }) }],
  settings: { provider: 'scripted' },
});

const client = kernel.client('hello');
const { id: thread } = await client.request('thread/start', { ephemeral: true });
await client.request('turn/start', { thread, input: [{ type: 'text', text: 'Say hello.' }] });

// What happens comes as events, until the turn's `end` item.
let answer = '';
for await (const event of client.subscribe({ thread })) {
  if (event.type !== 'item/appended') continue;
  console.log(event.item.n, event.item.type);
  if (event.item.type === 'assistant') answer = event.item.text;
  if (event.item.type === 'end') break;
}
assert.equal(answer, 'Hello, world.');
