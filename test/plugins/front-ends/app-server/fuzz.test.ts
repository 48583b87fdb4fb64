import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import { methodTable } from '../../../../plugins/front-ends/app-server/methods/table.ts';
import { startServer } from './peer.ts';

const codes = new Set([-32600, -32602]);

test('wrong types in every parameter of every method are told with their path, and break nothing', async (t) => {
  const table = methodTable();
  const { connect, logged } = await startServer(t, table);
  const peer = await connect().hello();
  const started = (await peer.ask('start', 'thread/start', { ephemeral: true })).result;
  const { id: threadId } = (started as { thread: { id: string } }).thread;
  let id = 0;
  let faults = 0;
  for (const [name, { params }] of Object.entries(table.methods)) {
    const keys = Object.keys(z.toJSONSchema(params, { unrepresentable: 'any' }).properties ?? {});
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(threadId));
    const given = fc.dictionary(fc.constantFrom(...keys, 'threadId', 'unknown'), value);
    const holds = fc.asyncProperty(given, async (fuzzed) => {
      const { error } = await peer.ask(`f${id++}`, name, fuzzed);
      if (error === undefined) return;
      assert.ok(
        codes.has(error.code),
        `${name} ${JSON.stringify(fuzzed)}: ${JSON.stringify(error)}`,
      );
      if (error.code !== -32602) return;
      faults++;
      assert.equal(typeof (error.data as { path?: unknown } | undefined)?.path, 'string', name);
    });
    await fc.assert(holds, { numRuns: 25 });
  }
  assert.ok(faults > 100, `${faults} faults`);
  assert.deepEqual(logged, []);
});
