/** The task that the demonstration plays: its files and the model's part. */

const source = `/** The sum of the prices in a basket, in cents. */
export function total(basket) {
  let sum = 0;
  for (let at = 1; at < basket.length; at++) sum += basket[at].cents;
  return sum;
}
`;

const test = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from './basket.js';

test('the total counts every price', () => {
  assert.equal(total([{ cents: 250 }, { cents: 120 }]), 370);
});

test('an empty basket costs nothing', () => {
  assert.equal(total([]), 0);
});
`;

/** The repository, by path. */
export const demoFiles: Readonly<Record<string, string>> = {
  'basket.js': source,
  'basket.test.js': test,
  'package.json': `${JSON.stringify({ name: 'basket', type: 'module', scripts: { test: 'node --test' } }, null, 2)}\n`,
};

/** What the user asks. */
export const demoPrompt = 'A test fails. Find out why and mend it.';

/** How the tests are run. */
export const demoTest = ['node', '--test'] as const;

const patch = `*** Begin Patch
*** Update File: basket.js
@@
   let sum = 0;
-  for (let at = 1; at < basket.length; at++) sum += basket[at].cents;
+  for (const { cents } of basket) sum += cents;
   return sum;
*** End Patch`;

/** Steps for the `scripted` model. It cannot pretend: each `expect` must match what the tools really gave. */
export const demoSteps = [
  {
    text: 'I run the tests to see what fails.',
    calls: [{ name: 'shell', args: { command: demoTest.join(' ') } }],
  },
  {
    expect: 'fail 1\\b',
    text: 'One of two fails: the total leaves a price out. I look at the code.',
    calls: [{ name: 'read_file', args: { path: 'basket.js' } }],
  },
  {
    expect: 'let at = 1',
    text: 'The loop begins at 1, so the first price is never counted.',
    calls: [{ name: 'apply_patch', args: { patch } }],
  },
  {
    expect: 'Success',
    text: 'Now the tests again.',
    calls: [{ name: 'shell', args: { command: demoTest.join(' ') } }],
  },
  {
    expect: 'pass 2\\b.*fail 0\\b',
    text: 'The tests pass. The loop in `total` began at the second price; it now takes every one.',
  },
] as const;
