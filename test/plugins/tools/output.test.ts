import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { Output } from '../../../plugins/tools/run/output.ts';

const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

test('however text is cut into chunks, it comes out as it went in', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 });
  const cuts = fc.array(fc.nat(400));
  fc.assert(
    fc.property(text, cuts, (whole, places) => {
      const bytes = Buffer.from(whole.replaceAll('\0', ''));
      const ends = [...places.filter((place) => place < bytes.length), bytes.length];
      const output = new Output();
      let from = 0;
      let shown = '';
      for (const end of ends.toSorted((a, b) => a - b)) {
        shown += output.push(bytes.subarray(from, end), 'stdout');
        from = end;
      }
      assert.equal(shown, decode(bytes));
      assert.equal(output.take({ ended: true }), decode(bytes));
      assert.equal(output.take({ ended: true }), '');
    }),
  );
});

test('of more than is kept the ends stay, and the number left out is right', () => {
  const kept = 50;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 120 })), (lengths) => {
      const output = new Output(kept);
      let whole = '';
      for (const [at, length] of lengths.entries()) {
        const text = String.fromCodePoint(97 + (at % 26)).repeat(length);
        whole += text;
        output.push(Buffer.from(text), at % 2 === 0 ? 'stdout' : 'stderr');
      }
      const taken = output.take({ ended: true });
      if (whole.length <= 2 * kept) return assert.equal(taken, whole);
      const gap = `\n[… ${whole.length - 2 * kept} characters of output left out …]\n`;
      assert.equal(taken, whole.slice(0, kept) + gap + whole.slice(-kept));
    }),
  );
});

test('what was begun and not ended is told with the next take', () => {
  const output = new Output();
  output.push(Buffer.from([0x61, 0xe2, 0x82]), 'stdout');
  assert.equal(output.take({ ended: false }), 'a');
  output.push(Buffer.from([0xac]), 'stdout');
  output.push(Buffer.from([0xe2]), 'stderr');
  assert.equal(output.take({ ended: true }), '€\uFFFD');
});
