/** Invariant 4: no item enters unbounded. A result is cut in the middle with a note; the full text is kept and readable. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import * as fc from 'fast-check';

import type { Effects, ToolResult } from '../../../core/index.ts';
import memory from '../../../plugins/stores/memory.ts';
import {
  content,
  openThread,
  textOfResult,
  tool,
  untilItem,
  type TestThread,
  type ThreadOptions,
} from '../support/thread.ts';

const cap = 1000;

/** A tool that gives `result`, and one that reads what `path` names, as the model may. */
const giving = (result: () => ToolResult): ThreadOptions => ({
  resultBytes: cap,
  tools: [
    tool('give', result),
    tool('read', async ({ path, start, end }, { effects }) => {
      const detail = await read(effects, String(path), start, end);
      return { ...content(`${detail.bytes} bytes`), detail };
    }),
  ],
});

async function read(
  effects: Effects,
  path: string,
  start: unknown,
  end: unknown,
): Promise<{ readonly bytes: number; readonly text: string }> {
  const { bytes } = await effects.stat(path);
  const range = { start: Number(start ?? 0), end: Number(end ?? bytes) };
  return { bytes, text: Buffer.from(await effects.read(path, range)).toString() };
}

/** The whole text of a call's result, as a tool reads it. */
async function wholeOf(thread: TestThread, range = {}): Promise<string> {
  const items = await thread.items();
  const result = items.findLast((item) => item.type === 'result' && item.name === 'give');
  const path = `result:${result?.type === 'result' ? result.call : ''}`;
  const { results } = await thread.turn(JSON.stringify({ path, ...range }));
  const { bytes, text } = results[0]?.detail ?? {};
  if (!('end' in range)) assert.equal(bytes, Buffer.byteLength(String(text)));
  return String(text);
}

/** Calls `give` in the first turn, then `read` with the input as its arguments. */
const script = (options: ThreadOptions): ThreadOptions => ({
  ...options,
  replies: [
    [{ name: 'give' }],
    'ok',
    ...Array.from({ length: 9 }, () => [readCalled, 'ok']).flat(),
  ],
});
const readCalled: NonNullable<ThreadOptions['replies']>[number] = async function* ({ parts }) {
  const said = parts.findLast(({ part }) => part.type === 'user')?.part;
  const args =
    said?.type === 'user' && said.content[0]?.type === 'text' ? said.content[0].text : '';
  const id = crypto.randomUUID();
  yield { type: 'output', output: { type: 'call', id, call: id, name: 'read', args } };
  yield { type: 'done', stop: 'end' };
};

suite(
  'invariant 4: no item enters unbounded; a result is cut in the middle, and its whole text is kept',
  () => {
    test('invariant 4: a result within the cap stays as it is, and can be read by its call as well', async (t) => {
      const text = 'x'.repeat(cap);
      const thread = await openThread(t, script(giving(() => content(text))));
      const { results } = await thread.turn('go');
      assert.equal(textOfResult(results[0]), text);
      assert.equal(results[0]?.full, undefined);
      assert.equal(await wholeOf(thread), text);
    });

    test('invariant 4: a longer one keeps its beginning and end around a note that names its whole', async (t) => {
      const text = `BEGIN${'x'.repeat(5000)}END`;
      const thread = await openThread(t, script(giving(() => content(text))));
      const { results } = await thread.turn('go');
      const shown = textOfResult(results[0]);
      assert.match(
        shown,
        /^BEGINx+\n\[… 4008 of 5008 bytes left out; the whole is the file result:\S+ …\]\nx+END$/,
      );
      assert.ok(shown.includes(`result:${results[0]?.call} `));
      assert.ok(shown.length < cap + 200, `expected about ${cap} characters, got ${shown.length}`);
      assert.equal(results[0]?.full?.bytes, 5008);
      assert.equal(await wholeOf(thread), text);
      assert.equal(await wholeOf(thread, { start: 5000, end: 5005 }), 'xxxxx');
    });

    test('invariant 4: an error message is cut as well', async (t) => {
      const thread = await openThread(
        t,
        script(
          giving(() => {
            throw new Error('long '.repeat(1000));
          }),
        ),
      );
      const { results } = await thread.turn('go');
      assert.equal(results[0]?.isError, true);
      assert.ok(textOfResult(results[0]).length < cap + 200);
    });

    test('invariant 4: many pieces of text share the cap, and images beside them stay', async (t) => {
      const image = { type: 'image', data: 'aaaa', mimeType: 'image/png' } as const;
      const texts = Array.from(
        { length: 50 },
        () => ({ type: 'text', text: 'x'.repeat(90) }) as const,
      );
      const thread = await openThread(t, script(giving(() => ({ content: [image, ...texts] }))));
      const { results } = await thread.turn('go');
      const [shown] = results;
      const size = JSON.stringify(shown?.content).length;
      assert.ok(size < cap + 400, `expected about ${cap} characters, got ${size}`);
      assert.deepEqual(
        shown?.content.filter(({ type }) => type === 'image'),
        [image],
      );
    });

    test('invariant 4: the text of an embedded resource is text, and bounded like it', async (t) => {
      const resource = { uri: 'file:///x', text: 'x'.repeat(100_000) };
      const thread = await openThread(
        t,
        script(giving(() => ({ content: [{ type: 'resource', resource }] }))),
      );
      const { results } = await thread.turn('go');
      const size = JSON.stringify(results[0]?.content).length;
      assert.ok(size < 10 * cap, `expected about ${cap} characters, got ${size}`);
    });

    test('invariant 4: no character is cut in two, and head, note and tail make up the whole', async (t) => {
      const text = fc.string({ unit: 'grapheme', minLength: 300, maxLength: 2000 });
      await fc.assert(
        fc.asyncProperty(text, async (written) => {
          const thread = await openThread(t, script(giving(() => content(written))));
          const { results } = await thread.turn('go');
          const shown = textOfResult(results[0]);
          assert.ok(Buffer.byteLength(shown) <= cap + 200);
          if (results[0]?.full === undefined) return assert.equal(shown, written);
          const [, head = '?', tail = '?'] = /^([^]*)\n\[… [^\]]* …\]\n([^]*)$/.exec(shown) ?? [];
          assert.ok(written.startsWith(head) && written.endsWith(tail));
          assert.ok(Buffer.byteLength(head) > cap / 2 - 4 && Buffer.byteLength(tail) > cap / 2 - 4);
          assert.equal(await wholeOf(thread), written);
          await thread.kernel[Symbol.asyncDispose]();
        }),
        { numRuns: 40 },
      );
    });

    test('invariant 4: another thread cannot read it, and an unknown call has none', async (t) => {
      const thread = await openThread(t, script(giving(() => content('y'.repeat(5000)))));
      await thread.turn('go');
      const { call } = await untilItem(thread.client, thread.id, 'result');
      const { results } = await thread.turn(JSON.stringify({ path: 'result:unknown' }));
      assert.match(textOfResult(results[0]), /there is no result:unknown in this thread/);
      const { id } = await thread.client.request('thread/start', { ephemeral: true });
      const input = [{ type: 'text', text: JSON.stringify({ path: `result:${call}` }) }] as const;
      await thread.client.request('turn/start', { thread: id, input });
      assert.match(
        textOfResult(await untilItem(thread.client, id, 'result')),
        /there is no result:\S+ in this thread/,
      );
    });

    for (const { from, to } of [
      { from: 'stored', to: 'stored' },
      { from: 'stored', to: 'ephemeral' },
      { from: 'ephemeral', to: 'ephemeral' },
      { from: 'ephemeral', to: 'stored' },
    ] as const) {
      test(`invariant 4: a fork (${to}) of a thread (${from}) can read what was cut before it`, async (t) => {
        const text = 'z'.repeat(5000);
        const thread = await openThread(t, {
          ...script(giving(() => content(text))),
          plugins: [memory()],
          isStored: from === 'stored',
        });
        await thread.turn('go');
        const { client } = thread;
        const ephemeral = to === 'ephemeral';
        const { id } = await client.request('thread/fork', { thread: thread.id, ephemeral });
        const { call } = await untilItem(client, id, 'result');
        const input = [{ type: 'text', text: JSON.stringify({ path: `result:${call}` }) }] as const;
        const { last } = await client.request('thread/read', { thread: id, limit: 0 });
        await client.request('turn/start', { thread: id, input });
        using events = client.subscribe({ thread: id, after: last });
        for await (const event of events) {
          if (event.type !== 'item/appended' || event.item.type !== 'result') continue;
          assert.match(textOfResult(event.item), /^5000 bytes$/);
          break;
        }
      });
    }
  },
);
