/** Calls: found, run in parallel or one after the other, wrapped, shown as they run. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import * as fc from 'fast-check';

import { aroundTool } from '../../core/index.ts';
import type { ToolCall } from '../../core/index.ts';
import { done, type Reply } from './support/model.ts';
import {
  content,
  gate,
  openThread,
  plugin,
  textOfResult,
  tool,
  untilEvent,
  untilItem,
} from './support/thread.ts';

const reads = { annotations: { readOnlyHint: true } } as const;

const costing = (said: string, input: number, name?: string): Reply =>
  async function* () {
    yield {
      type: 'output',
      output:
        name === undefined
          ? { type: 'assistant', id: said, text: said }
          : { type: 'call', id: said, call: said, name, args: '' },
    };
    yield done({ input, output: 5 });
  };

suite('calls of one answer', () => {
  test('reads side by side run in parallel, and their results stand in call order', async (t) => {
    const begun: number[] = [];
    const all = gate();
    const ends: (() => void)[] = [];
    const thread = await openThread(t, {
      replies: [[0, 1, 2].map((at) => ({ name: 'read', args: { at } })), 'ok'],
      tools: [
        tool(
          'read',
          async ({ at }) => {
            begun.push(Number(at));
            const { promise, resolve } = gate();
            ends[Number(at)] = resolve;
            if (begun.length === 3) all.resolve();
            await promise;
            return content(String(at));
          },
          reads,
        ),
      ],
    });
    const turn = thread.turn('go');
    await all.promise; // none ends before all have begun
    for (const end of ends.toReversed()) end();
    const { results } = await turn;
    assert.deepEqual(begun, [0, 1, 2]);
    assert.deepEqual(results.map(textOfResult), ['0', '1', '2']);
  });

  test('what may write runs alone: never beside another, and reads wait for it', async (t) => {
    const calls = fc.array(fc.constantFrom('read', 'write'), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(calls, async (names) => {
        const running = new Set<string>();
        const faults: string[] = [];
        const run = async (kind: string) => {
          const id = crypto.randomUUID();
          const others = [...running];
          const isAlone = kind === 'write' ? others.length === 0 : !others.includes('write');
          if (!isAlone) faults.push(`${kind} beside ${others.join()}`);
          running.add(kind === 'write' ? 'write' : id);
          await new Promise(setImmediate);
          running.delete(kind === 'write' ? 'write' : id);
          return content(kind);
        };
        const thread = await openThread(t, {
          replies: [names.map((name) => ({ name })), 'ok'],
          tools: [tool('read', () => run('read'), reads), tool('write', () => run('write'))],
        });
        const { results } = await thread.turn('go');
        assert.deepEqual(faults, []);
        assert.deepEqual(results.map(textOfResult), names);
        await thread.kernel[Symbol.asyncDispose]();
      }),
      { numRuns: 40 },
    );
  });

  test('a tool gets its arguments, the call, the thread, the turn, the settings and a client of its name', async (t) => {
    const seen: unknown[] = [];
    const thread = await openThread(t, {
      replies: [[{ name: 'look', args: { a: [1, { b: 'é' }] }, id: 'c1' }]],
      tools: [
        tool('look', (args, { call, client }) => {
          seen.push(args, call, client.name);
          return content('ok');
        }),
      ],
      settings: { effort: 'high' },
    });
    const { end } = await thread.turn('go');
    const [args, call, name] = seen;
    assert.deepEqual(args, { a: [1, { b: 'é' }] });
    const { settings, ...rest } = call as ToolCall; // the tool put it there
    assert.deepEqual(rest, { id: 'c1', name: 'look', args, thread: thread.id, turn: end.id });
    assert.deepEqual([settings.effort, settings.cwd], ['high', thread.cwd]);
    assert.equal(name, 'look');
  });

  test('wrappers see each call outermost first, and may change the arguments, the result, or answer themselves', async (t) => {
    const order: string[] = [];
    const thread = await openThread(t, {
      replies: [[{ name: 'echo', args: { said: 'a' } }, { name: 'other' }], 'ok'],
      tools: [tool('echo', ({ said }) => content(String(said))), tool('other', () => content(''))],
      plugins: [
        plugin('outer', (host) => {
          host.add(aroundTool, async (call, _on, next) => {
            order.push('outer');
            if (call.name === 'other') return content('answered by the wrapper');
            const result = await next({ ...call, args: { said: `${String(call.args['said'])}b` } });
            return { ...result, content: [...result.content, { type: 'text', text: 'd' }] };
          });
        }),
        plugin('inner', (host) => {
          host.add(aroundTool, (call, _on, next) => {
            order.push('inner');
            return next({ ...call, args: { said: `${String(call.args['said'])}c` } });
          });
        }),
      ],
    });
    const { results, items } = await thread.turn('go');
    assert.deepEqual(results.map(textOfResult), ['abc\nd', 'answered by the wrapper']);
    assert.deepEqual(order, ['outer', 'inner', 'outer']);
    const call = items.find((item) => item.type === 'call');
    assert.equal(call?.args, '{"said":"a"}', 'the item is as the model wrote it');
  });

  test('arguments stay, to the byte, as the model wrote them', async (t) => {
    const written = '{ "b" : 1.0,\n"a":"\\u00e9", "b": 2 }';
    const thread = await openThread(t, {
      replies: [[{ name: 'echo', args: written }], 'ok'],
      tools: [tool('echo', (args) => content(JSON.stringify(args)))],
    });
    const { items, results } = await thread.turn('go');
    assert.equal(items.find((item) => item.type === 'call')?.args, written);
    assert.equal(textOfResult(results[0]), '{"b":2,"a":"é"}');
    const sent = thread.model.requests[1]?.parts.find(({ part }) => part.type === 'call');
    assert.ok(sent?.part.type === 'call' && sent.part.args === written);
  });

  test('an id that the model used before gets another, and the thread goes on', async (t) => {
    const thread = await openThread(t, {
      replies: [
        [
          { name: 'echo', id: 'same' },
          { name: 'echo', id: 'same' },
        ],
        [{ name: 'echo', id: 'same' }],
        'ok',
      ],
      tools: [tool('echo', () => content('echo'))],
    });
    const { items } = await thread.turn('go');
    const calls = items.flatMap((item) => (item.type === 'call' ? [item.call] : []));
    assert.deepEqual(calls, ['same', 'same_2', 'same_3']);
  });

  test('progress is shown while the tool runs, and is not kept', async (t) => {
    const end = gate();
    const thread = await openThread(t, {
      replies: [[{ name: 'slow', id: 'c' }]],
      tools: [
        tool('slow', async (_args, { progress }) => {
          progress('half way');
          await end.promise;
          return content('done');
        }),
      ],
    });
    await thread.start('go');
    const shown = await untilEvent(thread.client, thread.id, (event) =>
      event.type === 'item/delta' && event.kind === 'output' ? event : undefined,
    );
    assert.deepEqual([shown.id, shown.name, shown.text], ['c', 'slow', 'half way']);
    end.resolve();
    await untilItem(thread.client, thread.id, 'end');
    assert.doesNotMatch(JSON.stringify(await thread.items()), /half way/);
  });

  test('a turn goes on until nothing is called, and its steps say what they cost', async (t) => {
    const thread = await openThread(t, {
      replies: [costing('a', 10, 'echo'), costing('b', 20, 'echo'), costing('c', 30)],
      tools: [tool('echo', () => content('echo'))],
    });
    const { items, end } = await thread.turn('go');
    assert.equal(end.status, 'completed');
    const steps = items.filter((item) => item.type === 'step');
    assert.deepEqual(
      steps.map(({ usage, provider, model, stop }) => [usage?.input, provider, model, stop]),
      [10, 20, 30].map((input) => [input, 'test', 'test', 'end']),
    );
    assert.ok(steps.every(({ estimate, durationMs }) => estimate > 0 && durationMs >= 0));
  });

  test('commentary beside calls is kept, and empty text is not', async (t) => {
    const thread = await openThread(t, {
      replies: [
        async function* () {
          yield {
            type: 'output',
            output: { type: 'assistant', id: 'a', text: 'I look', phase: 'commentary' },
          };
          yield { type: 'output', output: { type: 'assistant', id: 'b', text: '' } };
          yield {
            type: 'output',
            output: { type: 'call', id: 'c', call: 'c', name: 'echo', args: '' },
          };
          yield done();
        },
        'ok',
      ],
      tools: [tool('echo', () => content('echo'))],
    });
    const { items } = await thread.turn('go');
    const texts = items.filter((item) => item.type === 'assistant');
    assert.deepEqual(
      texts.map(({ id, text, phase }) => [id === 'a' ? id : '', text, phase]),
      [
        ['a', 'I look', 'commentary'],
        ['', 'ok', undefined],
      ],
    );
  });
});

suite('an answer that begins anew', () => {
  test('closes what was shown as discarded, and only what comes after the restart counts', async (t) => {
    const thread = await openThread(t, {
      replies: [
        async function* () {
          yield { type: 'delta', kind: 'text', id: 'a', text: 'first try' };
          yield {
            type: 'output',
            output: { type: 'call', id: 'x', call: 'x', name: 'echo', args: '' },
          };
          yield { type: 'restart', reason: 'the connection broke' };
          yield { type: 'delta', kind: 'text', id: 'b', text: 'second' };
          yield { type: 'output', output: { type: 'assistant', id: 'b', text: 'second try' } };
          yield done();
        },
      ],
      tools: [tool('echo', () => content('echo'))],
    });
    const { items, end } = await thread.turn('go');
    assert.equal(end.status, 'completed');
    const closed = items.filter((item) => item.type === 'discarded');
    assert.deepEqual(
      closed.map(({ id, reason }) => [id, reason]),
      [['a', 'the connection broke']],
    );
    assert.deepEqual(
      items.filter(({ type }) => type === 'call'),
      [],
    );
    assert.deepEqual(
      items.flatMap((item) => (item.type === 'assistant' ? [item.text] : [])),
      ['second try'],
    );
  });

  test('what was shown and is not in the answer is discarded', async (t) => {
    const thread = await openThread(t, {
      replies: [
        async function* () {
          yield { type: 'delta', kind: 'text', id: 'a', text: 'never mind' };
          yield { type: 'output', output: { type: 'assistant', id: 'b', text: 'this' } };
          yield done();
        },
      ],
    });
    const { items } = await thread.turn('go');
    const closed = items.filter((item) => item.type === 'discarded');
    assert.deepEqual(
      closed.map(({ id }) => id),
      ['a'],
    );
  });
});
