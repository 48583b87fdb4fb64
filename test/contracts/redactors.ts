/** What every redactor must do; each implementation runs this suite. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { Plugin, Redactor } from '../../core/index.ts';
import { valuesOf } from './collect.ts';
import { sampleThread } from './sample-items.ts';

/** The one redactor of a plugin. */
export async function redactorOf(plugin: Plugin): Promise<Redactor> {
  const { redactors = [] } = await valuesOf(plugin);
  assert.equal(redactors.length, 1);
  return redactors[0] as Redactor; // what the slot of that name takes
}

/** `secrets`: texts each of which is a secret as a whole. */
export function redactorContract(
  name: string,
  make: () => Plugin,
  secrets: readonly string[],
): void {
  const text = fc.array(fc.oneof(fc.string(), fc.constantFrom(...secrets, ' ', '\n', '"', '://')));

  test(`${name}: what it takes out is gone, and a second time changes nothing`, async () => {
    const redact = await redactorOf(make());
    const rule = fc.property(text, (parts) => {
      const clean = redact(parts.join(' '));
      assert.equal(redact(clean), clean);
      for (const secret of secrets) assert.ok(!clean.includes(secret), `${secret} is in ${clean}`);
    });
    fc.assert(rule);
  });

  test(`${name}: items keep their types, names, roles, ids and hashes`, async () => {
    const redact = await redactorOf(make());
    for (const one of stringsOf(sampleThread('t1'))) assert.equal(redact(one), one);
    const random = fc.oneof(fc.uuid(), fc.string({ unit: hex, minLength: 40, maxLength: 64 }));
    fc.assert(fc.property(random, (id) => assert.equal(redact(id), id)));
  });

  test(`${name}: base64, as images and encrypted reasoning are written, stays as it is`, async () => {
    const redact = await redactorOf(make());
    const bytes = fc.uint8Array({ minLength: 3000, maxLength: 9000 });
    const rule = fc.property(bytes, (data) => {
      for (const encoding of ['base64', 'base64url'] as const) {
        const encoded = Buffer.from(data).toString(encoding);
        assert.equal(redact(encoded), encoded);
      }
    });
    fc.assert(rule, { numRuns: 300 });
  });

  test(
    `${name}: a text of 1 MB made of beginnings is read to its end`,
    { timeout: 60_000 },
    async () => {
      const redact = await redactorOf(make());
      const cuts = secrets.map((secret) => secret.slice(0, Math.ceil(secret.length / 2)));
      for (const beginning of [...secrets, ...cuts, '"Authorization":"', 'a://b:', '"\\ ']) {
        const long = beginning.repeat(Math.ceil(1_000_000 / beginning.length));
        assert.equal(typeof redact(long), 'string');
      }
    },
  );
}

const hex = fc.constantFrom(...Array.from('0123456789abcdef'));

function* stringsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null)
    for (const one of Object.values(value)) yield* stringsOf(one);
}
