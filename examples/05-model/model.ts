// 05 model — who answers: traits, an encoding of each part, a stream of events. `node examples/05-model/model.ts`
import assert from 'node:assert/strict';
import { createKernel, models, ModelError, textOf, type Plugin } from 'spindle';
import { runTurn } from '../turn.ts';

/** Answers with what was said, in capitals. A real one sends the encoded parts to a server and reads its stream. */
const shout: Plugin = {
  name: 'shout',
  api: 1,
  setup: (host) => {
    host.add(models, {
      name: 'shout', // the `provider` of the settings
      traits: ({ model = 'shout-1' }) => {
        return { model, window: 8000, output: 1000, images: false, tools: false, efforts: [] };
      },
      encode: (part) => JSON.stringify(part), // pure: the same part, the same text
      async *stream({ parts }, { signal }) {
        const user = parts.findLast(({ part }) => part.type === 'user')?.part;
        if (user?.type !== 'user') throw new ModelError('model_answer', 'expected something said');
        const text = textOf(user.content).toUpperCase();
        for (const word of text.split(/(?<= )/)) {
          signal.throwIfAborted();
          yield { type: 'delta', kind: 'text', id: 'a', text: word }; // shown as it comes
        }
        yield { type: 'output', output: { type: 'assistant', id: 'a', text } }; // counts
        const usage = { input: text.length, output: text.length, cached: 0, reasoning: 0 };
        yield { type: 'done', stop: 'end', usage }; // without it, the stream was cut
      },
    });
  },
};

await using kernel = await createKernel({
  plugins: [{ plugin: shout }],
  settings: { provider: 'shout' },
});
const items = await runTurn(kernel, 'hello from a model');
const answer = items.find((item) => item.type === 'assistant')?.text;
console.log(answer);
assert.equal(answer, 'HELLO FROM A MODEL');
assert.equal(items.find((item) => item.type === 'step')?.model, 'shout-1');
