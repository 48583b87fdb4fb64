// 07 redactor and observer — what may not be written down, and who watches. `node examples/07-redactor-and-observer/redactor-and-observer.ts`
import assert from 'node:assert/strict';
import { createKernel, observers, redactors, type Plugin } from 'spindle';
import scripted from '../../plugins/models/scripted.ts';
import { runTurn } from '../turn.ts';

/** Text to text, applied where text enters: threads, deltas, logs. */
const noTickets: Plugin = {
  name: 'no-tickets',
  api: 1,
  setup: (host) => {
    host.add(redactors, (text) => text.replaceAll(/\bACME-\d+\b/g, '[ticket]'));
  },
};

/** Sees every event, changes nothing: telemetry, audit, notifications. */
const meter = (counts: Map<string, number>): Plugin => ({
  name: 'meter',
  api: 1,
  setup: (host) => {
    host.add(observers, (event) => {
      const name = event.type === 'item/appended' ? event.item.type : event.type;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    });
  },
});

const counts = new Map<string, number>();
const model = scripted({ steps: [{ text: 'ACME-17 is done, see ACME-18.' }], deltas: 9 });
await using kernel = await createKernel({
  plugins: [noTickets, meter(counts), model].map((plugin) => ({ plugin })),
  settings: { provider: 'scripted' },
});
const items = await runTurn(kernel, 'What about ACME-17?');
console.log(Object.fromEntries(counts));
const answer = items.find((item) => item.type === 'assistant')?.text;
assert.equal(answer, '[ticket] is done, see [ticket].');
assert.doesNotMatch(JSON.stringify(items), /ACME-/);
assert.ok((counts.get('item/delta') ?? 0) > 0 && counts.get('end') === 1);
