import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { readSse, SseParser, SseTooLongError } from '../../../../plugins/models/wire/sse.ts';
import type { SseEvent } from '../../../../plugins/models/wire/sse.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function parse(text: string | Uint8Array, chunkSize = Infinity): SseEvent[] {
  const all = typeof text === 'string' ? bytes(text) : text;
  const parser = new SseParser();
  const events: SseEvent[] = [];
  for (let at = 0; at < all.length; at += chunkSize)
    events.push(...parser.push(all.subarray(at, at + chunkSize)));
  return events;
}

const message = (data: string, id = ''): SseEvent => ({ event: 'message', data, id });

describe('the event stream parser', () => {
  test('gives event, data and id of each block that a blank line ends', () => {
    assert.deepEqual(parse('event: add\ndata: 1\nid: 7\n\ndata: 2\n\n'), [
      { event: 'add', data: '1', id: '7' },
      message('2', '7'),
    ]);
  });

  test('joins the data lines of one event and strips one leading space only', () => {
    assert.deepEqual(parse('data:a\ndata:  b\ndata\ndata: c\n\n'), [message('a\n b\n\nc')]);
  });

  test('passes over comments, unknown fields, retry and blocks without data', () => {
    const text = ': hello\n\nevent: ping\n\nretry: 10\nfoo: bar\n:\ndata: x\n\n\n\n';
    assert.deepEqual(parse(text), [message('x')]);
  });

  test('an empty data line is an event with empty data', () => {
    assert.deepEqual(parse('data\n\ndata:\n\n'), [message(''), message('')]);
  });

  test('ignores an id that holds a NUL', () => {
    assert.deepEqual(parse('id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n'), [
      message('a', '1'),
      message('b', '1'),
    ]);
  });

  test('strips a byte order mark at the very start and nowhere else', () => {
    assert.deepEqual(parse('\uFEFFdata: \uFEFFa\n\n\uFEFFdata: b\n\n'), [message('\uFEFFa')]);
    assert.deepEqual(parse('\uFEFFdata: a\n\n', 1), [message('a')]);
  });

  test('takes LF, CR and CRLF as line ends, in any mixture', () => {
    assert.deepEqual(parse('data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\rdata: e\n\n'), [
      message('a\nb\nc'),
      message('d'),
      message('e'),
    ]);
  });

  test('a CR ends its line at once, and an LF that comes later belongs to it', () => {
    const parser = new SseParser();
    assert.deepEqual(parser.push(bytes('data: a\r\n\r')), [message('a')]);
    assert.deepEqual(parser.push(bytes('\n')), []);
    assert.deepEqual(parser.push(bytes('data: b\r')), []);
    assert.deepEqual(parser.push(bytes('data: c\r')), []);
    assert.deepEqual(parser.push(bytes('\n\r\n')), [message('b\nc')]);
  });

  test('a CR that an ordinary byte follows does not swallow a later LF', () => {
    const parser = new SseParser();
    parser.push(bytes('data: a\r'));
    parser.push(bytes('d'));
    assert.deepEqual(parser.push(bytes('ata: b\n\n')), [message('a\nb')]);
  });

  test('keeps a character that is split between chunks whole', () => {
    for (const size of [1, 2, 3]) assert.deepEqual(parse('data: 🧵é\n\n', size), [message('🧵é')]);
  });

  test('replaces bytes that are not UTF-8 and goes on', () => {
    const broken = Buffer.concat([bytes('data: a'), Buffer.from([0xff, 0xc3]), bytes('\n\n')]);
    assert.deepEqual(parse(broken), [message('a\uFFFD\uFFFD')]);
  });

  test('at the end of the body gives a last event that lacks its blank line, if its data is whole', () => {
    for (const [rest, count] of [
      ['data: {"a":1}', 1],
      ['data: {"a":1}\n', 1],
      ['data: {"a":', 0],
      ['data: [DONE]', 0],
      ['', 0],
    ] as const) {
      const parser = new SseParser();
      parser.push(Buffer.from(`data: a\n\n${rest}`));
      assert.equal(parser.end().length, count, rest);
    }
  });

  test('never gives an event that no blank line ended', () => {
    assert.deepEqual(parse('data: a\n\ndata: {"cut'), [message('a')]);
    assert.deepEqual(parse('data: a\n\ndata: b\n'), [message('a')]);
  });

  test('ends at [DONE], which is not an event, and ignores what follows', () => {
    const parser = new SseParser();
    const events = parser.push(bytes('data: 1\n\ndata: [DONE]\n\ndata: 2\n\n'));
    assert.deepEqual(events, [message('1')]);
    assert.equal(parser.done, true);
    assert.deepEqual(parser.push(bytes('data: 3\n\n')), []);
  });

  test('holds no reference to a chunk whose memory is used again', () => {
    const parser = new SseParser();
    const buffer = Buffer.from('data: ab');
    parser.push(buffer);
    buffer.fill('x');
    assert.deepEqual(parser.push(bytes('c\n\n')), [message('abc')]);
  });

  test('refuses a line without end as soon as it is past the bound', () => {
    const parser = new SseParser({ maxLineBytes: 1000 });
    const push = (): unknown => parser.push(bytes('x'.repeat(300)));
    push();
    push();
    push();
    assert.throws(push, (error) => error instanceof SseTooLongError && error.maxLineBytes === 1000);
  });

  test('the bound counts bytes: a line of exactly that length passes, one more does not', () => {
    const line = bytes(`data: ${'é'.repeat(10)}\n\n`);
    assert.equal(new SseParser({ maxLineBytes: 26 }).push(line).length, 1);
    assert.throws(() => new SseParser({ maxLineBytes: 25 }).push(line), SseTooLongError);
  });

  test('refuses an event of endless data lines', () => {
    const parser = new SseParser({ maxLineBytes: 1000 });
    assert.throws(() => {
      for (let count = 0; count < 200; count++) parser.push(bytes('data: 0123456789\n'));
    }, /events have at most 1000 bytes, got a longer event/u);
  });

  test('property: any chunking gives the same events', () => {
    const part = fc.oneof(
      fc.constantFrom('data: ', 'data:', 'data', 'event: ', 'id: ', ': ', '\n', '\r', '\r\n'),
      fc.constantFrom('\n\n', '\r\n\r\n', '\r\r', 'é', '🧵', '\uFEFF', '\0', '[DONE]', ':', ' '),
      fc.string({ unit: 'grapheme', maxLength: 5 }),
    );
    const stream = fc.array(part, { maxLength: 60 }).map((parts) => bytes(parts.join('')));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(400), { maxLength: 30 }), (all, cuts) => {
        const parser = new SseParser();
        const edges = [...new Set(cuts.filter((cut) => cut < all.length))].toSorted(
          (a, b) => a - b,
        );
        const chunked: SseEvent[] = [];
        for (const [index, from] of [0, ...edges].entries())
          chunked.push(...parser.push(all.subarray(from, edges[index] ?? all.length)));
        assert.deepEqual(chunked, parse(all));
        assert.deepEqual(parse(all, 1), chunked);
      }),
      { numRuns: 500 },
    );
  });

  test('property: what a writer of events writes comes back as it was', () => {
    const line = fc
      .string({ unit: 'grapheme', maxLength: 8 })
      .map((text) => text.replace(/[\r\n\0]/gu, ''))
      .filter((text) => text !== '[DONE]');
    const event = fc.record({
      event: line.map((name) => name || 'message'),
      lines: fc.array(line, { minLength: 1, maxLength: 3 }),
      id: line,
    });
    fc.assert(
      fc.property(fc.array(event), fc.constantFrom('\n', '\r', '\r\n'), (events, end) => {
        const wanted = events.map(({ event: name, lines, id }) => ({
          event: name,
          data: lines.join('\n'),
          id,
        }));
        const wire = events.flatMap(({ event: name, lines, id }) => [
          `event: ${name}`,
          ...lines.map((text) => `data: ${text}`),
          `id: ${id}`,
          '',
        ]);
        const got = parse(wire.map((text) => text + end).join(''));
        assert.deepEqual(got, wanted.some(({ data }) => data === '[DONE]') ? got : wanted);
      }),
    );
  });
});

describe('reading a body as an event stream', () => {
  test('yields one array for each read that completed events, and none that is empty', async () => {
    const chunks = ['data: 1\n\ndata: 2\n\nda', 'ta: ', '3\n\n'].map(bytes);
    const batches: string[][] = [];
    for await (const events of readSse(Readable.from(chunks)))
      batches.push(events.map(({ data }) => data));
    assert.deepEqual(batches, [['1', '2'], ['3']]);
  });

  test('stops reading and closes the body at [DONE]', async () => {
    let closed = false;
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        yield bytes('data: 1\n\ndata: [DONE]\n\n');
        assert.fail('read on after the end mark');
      } finally {
        closed = true;
      }
    }
    const events: SseEvent[] = [];
    for await (const batch of readSse(body())) events.push(...batch);
    assert.deepEqual([events.length, closed], [1, true]);
  });

  test('passes an error of the body on as it is', async () => {
    const fault = new Error('cut');
    async function* body(): AsyncGenerator<Uint8Array> {
      yield bytes('data: 1\n\n');
      throw fault;
    }
    await assert.rejects(
      async () => {
        for await (const events of readSse(body())) assert.equal(events.length, 1);
      },
      (error) => error === fault,
    );
  });
});
