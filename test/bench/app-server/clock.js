/** A model that says what time it is: so often a second, a plan each second, for so many seconds; told by what it is asked. */

import { models } from 'spindle';
import { setTimeout as wait } from 'node:timers/promises';

const now = () => performance.timeOrigin + performance.now();

/** `clock SECONDS PER-SECOND`: the time, so often; `flood COUNT`: so many words at once; anything else: a word. */
function taskOf(parts) {
  const said = parts.findLast(({ type }) => type === 'user')?.content[0]?.text ?? '';
  const [kind, first = '0', second = '1'] = said.split(' ');
  return { kind, first: Number(first), second: Number(second) };
}

async function* stream(request) {
  const parts = request.parts.map(({ part }) => part);
  const { kind, first, second } = taskOf(parts);
  const steps = parts.slice(parts.findLastIndex(({ type }) => type === 'user'));
  const done = steps.filter(({ type }) => type === 'call').length;
  const id = `m${Math.random().toString(36).slice(2)}`;
  let text = '';
  const say = (piece) => {
    text += piece;
    return { type: 'delta', kind: 'text', id, text: piece };
  };
  if (kind === 'clock') {
    for (let count = 0; count < second; count++) {
      await wait(1000 / second);
      yield say(`${now().toFixed(1)} `);
    }
  } else if (kind === 'flood') {
    for (let count = 0; count < first; count++) {
      if (count % 500 === 0) await new Promise(setImmediate);
      yield say(`${count} `);
    }
  } else yield say('word');
  yield { type: 'output', output: { type: 'assistant', id, text } };
  if (kind === 'clock' && done < first) {
    const args = JSON.stringify({ plan: [{ step: `second ${done}`, status: 'pending' }] });
    yield {
      type: 'output',
      output: { type: 'call', id: `${id}c`, call: `${id}c`, name: 'update_plan', args },
    };
  }
  yield { type: 'done', stop: 'end', usage: { input: 1, cached: 0, output: 1, reasoning: 0 } };
}

export default () => ({
  name: 'clock',
  api: 1,
  setup: (host) =>
    void host.add(models, {
      name: 'clock',
      traits: () => ({
        model: 'clock',
        window: 1e9,
        output: 1e6,
        images: false,
        tools: true,
        efforts: [],
      }),
      encode: (part) => JSON.stringify(part),
      stream,
    }),
});
