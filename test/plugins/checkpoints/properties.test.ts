import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { commitAll, openCheckpoints, sh } from './place.ts';
import { remove } from '../../fixtures/folders.ts';

const name = fc.constantFrom('a', 'b', 'd', 'd/x', 'd/y', 'd/e/z', 'f/g');
const text = fc.constantFrom('1', 'two', 'three 3');

/** Something that a command does to one path or two; what cannot be done is not. */
const act = fc.oneof(
  fc.tuple(name, text).map(([to, what]) => `mkdir -p $(dirname ${to}); printf '${what}' > ${to}`),
  fc.tuple(name, text).map(([to, what]) => `printf '${what}' >> ${to}`),
  name.map((path) => `rm -rf ${path}`),
  name.map((path) => `mkdir -p ${path}`),
  name.map((path) => `rmdir ${path}`),
  name.map((path) => `chmod 755 ${path}`),
  fc.tuple(name, name).map(([from, to]) => `mv -T ${from} ${to}`),
  fc.tuple(name, name).map(([from, to]) => `cp -a ${from} ${to}`),
  fc.tuple(name, name).map(([from, to]) => `ln -sfn ${from} ${to}`),
);
const command = fc
  .array(act, { minLength: 1, maxLength: 6 })
  .map((acts) => `{ ${acts.join('; ')}; } 2>/dev/null; true`);
const turns = fc.array(fc.array(command, { minLength: 1, maxLength: 2 }), {
  minLength: 1,
  maxLength: 3,
});

for (const kind of ['a repository', 'a folder without git'] as const)
  test(`whatever commands do in ${kind}, each turn is taken back byte for byte, and forth again`, async (t) => {
    const holds = fc.asyncProperty(turns, async (all) => {
      const thread = await openCheckpoints(t, {
        files: { a: 'a\n', 'd/x': 'x\n', 'd/e/z': 'z\n' },
      });
      if (kind === 'a repository') commitAll(thread.cwd);
      const states = [thread.snapshot()];
      for (const commands of all) {
        await thread.turn(...commands.map(sh));
        states.push(thread.snapshot());
      }
      for (let turn = all.length; turn > 0; turn--) {
        const { failed, uncovered, changed } = await thread.revert({ turn: String(turn) });
        assert.deepEqual(
          { failed, uncovered, changed },
          { failed: [], uncovered: [], changed: [] },
        );
        assert.deepEqual(thread.snapshot(), states[turn - 1]);
      }
      for (let turn = 1; turn <= all.length; turn++) {
        assert.deepEqual((await thread.undo()).failed, []);
        assert.deepEqual(thread.snapshot(), states[turn]);
      }
      await thread.revert({ turn: '1' });
      assert.deepEqual(thread.snapshot(), states[0]);
      await thread.kernel[Symbol.asyncDispose]();
      remove(thread.cwd);
    });
    await fc.assert(holds, { numRuns: 12 });
  });
