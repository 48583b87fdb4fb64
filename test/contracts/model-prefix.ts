/** Invariant 5 of the design, seen from a model's server: from request to request, what was said before stays as it was. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { prompts } from '../../core/index.ts';
import type { Appended, Plugin } from '../../core/index.ts';
import type { Answer } from '../fixtures/model-server.ts';
import type { MakeServed } from './model-faults.ts';
import { openModelThread } from './model-thread.ts';
import { serve } from './served-model.ts';

/** What a step of the model says, and what a prompt source tells it before. */
interface Step {
  readonly told: readonly Appended[];
  readonly answer: Answer;
}

const text = fc.oneof(
  fc.constant('"\\\n'),
  fc.string({ minLength: 1, unit: 'binary', maxLength: 8 }),
);
const told = fc.array(
  fc.record({
    role: fc.constantFrom('developer' as const, 'user' as const),
    text,
    source: fc.constant('test'),
  }),
  { maxLength: 2 },
);
const call = fc.record({
  call: fc.constantFrom('echo', 'break', 'nothing'),
  args: fc.oneof(fc.record({ text }), text),
});
const thought = fc.array(fc.record({ reasoning: text }), { maxLength: 1 });
const words = fc.array(fc.record({ text }), { maxLength: 1 });
const calls = fc.array(call, { minLength: 1, maxLength: 3 });
const calling = fc.record({
  told,
  answer: fc
    .tuple(thought, words, calls)
    .map((parts): Answer => ({ parts: parts.flatMap((part): Answer['parts'] & {} => part) })),
});
const closing = fc.record({
  told,
  answer: fc.tuple(thought, fc.record({ text })).map(([thoughts, last]): Answer => ({
    parts: [...thoughts, last],
  })),
});
const turn = fc
  .tuple(fc.array(calling, { maxLength: 3 }), closing)
  .map(([steps, last]): readonly Step[] => [...steps, last]);

/** Every body of a thread is the one before it and more, whatever is said, called and told; over one connection. */
export function keepsPrefix(provider: string, make: MakeServed): void {
  test(`${provider}: each body begins with the one before it, over one kept connection`, async (t) => {
    const turns = fc.array(turn, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(turns, async (all) => {
        const steps = all.flat();
        const server = await serve(
          t,
          steps.map(({ answer }) => answer),
        );
        const thread = await openModelThread(t, {
          plugins: [make({ baseURL: server.url }), teller(steps)],
          settings: { provider, model: 'gpt-5' },
          system: ['Be brief.'],
        });
        for (const one of all) {
          const { end } = await thread.turn(`${one.length} steps`);
          assert.equal(end.error, undefined);
        }
        const bodies = server.requests.map(({ body }) => body);
        assert.equal(bodies.length, steps.length);
        for (const [at, body] of bodies.slice(1).entries()) {
          const before = `${bodies[at]!.slice(0, -']}'.length)},`;
          assert.ok(body.startsWith(before), `${body}\n\ndoes not begin with\n\n${before}`);
        }
        assert.ok(server.requests.every(({ connection }) => connection === 1));
        await thread.kernel[Symbol.asyncDispose]();
        await server.close();
      }),
      { numRuns: 30 },
    );
  });
}

/** Tells the model something before each step. */
function teller(steps: readonly Step[]): Plugin {
  const left = [...steps];
  const read = () => left.shift()?.told ?? [];
  return {
    name: 'teller',
    api: 1,
    setup: (host) => void host.add(prompts, { name: 'teller', stability: 'turn', read }),
  };
}
