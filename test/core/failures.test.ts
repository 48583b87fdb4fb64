/** What happens when plugin code fails: one group for each row of the design's table. */

import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';

import {
  aroundEffect,
  aroundModel,
  aroundTool,
  aroundTurn,
  createKernel,
  frontEnds,
  isPart,
  ModelError,
  observers,
  policies,
  prompts,
  redactors,
  stores,
  tools,
} from '../../core/index.ts';
import type { Host, Item, Plugin, Redactor, Store } from '../../core/index.ts';
import { memoryStore } from '../../plugins/stores/memory.ts';
import { chatter, compacting, pinsOnly } from './support/compacting.ts';
import { partsOf, saidIn, type Reply } from './support/model.ts';
import {
  content,
  gate,
  openKernel,
  openThread,
  plugin,
  textOfResult,
  tool,
  typesOf,
  untilEvent,
} from './support/thread.ts';

const fails = () => {
  throw new Error('it broke');
};

/** The warnings of the process while a test runs. */
function warningsOf(t: TestContext): readonly string[] {
  const warned: string[] = [];
  const onWarning = (warning: Error) => void warned.push(warning.message);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  return warned;
}

const redacting = (redact: Redactor) =>
  plugin('redacting', (host) => void host.add(redactors, redact));

/** A store that takes everything until an item of `type` comes, and from then on nothing. */
const storeFailingAt = (type: Item['type'], isAsync: boolean): Store => {
  const inner = memoryStore();
  let isBroken = false;
  return {
    ...inner,
    open: async (id, how) => {
      const log = await inner.open(id, how);
      return {
        ...log,
        append: (items, durable) => {
          isBroken ||= items.some((item) => item.type === type);
          if (isBroken && isAsync) return Promise.reject(new Error('the disk is full'));
          if (isBroken) throw new Error('the disk is full');
          return log.append(items, durable);
        },
      };
    },
  };
};

suite('setup throws, or takes over 10 s: start-up stops, naming the plugin', () => {
  test('what setup throws is thrown by createKernel, with the plugin and the cause', async () => {
    const cause = new Error('no port');
    const failing = plugin('failing', () => {
      throw cause;
    });
    await assert.rejects(createKernel({ plugins: [{ plugin: failing }] }), {
      code: 'plugin',
      plugin: 'failing',
      message: 'plugin failing did not start: no port',
      cause,
    });
  });

  test('what had started before is undone, last first, and what comes after never starts', async () => {
    const order: string[] = [];
    const recording = (name: string): Plugin =>
      plugin(name, (host) => {
        order.push(`${name} starts`);
        host.scope.defer(() => void order.push(`${name} is undone`));
      });
    const failing = plugin('failing', (host) => {
      host.scope.defer(() => void order.push('failing is undone'));
      fails();
    });
    const plugins = [recording('a'), recording('b'), failing, recording('c')];
    await assert.rejects(createKernel({ plugins: plugins.map((one) => ({ plugin: one })) }));
    assert.deepEqual(order, [
      'a starts',
      'b starts',
      'failing is undone',
      'b is undone',
      'a is undone',
    ]);
  });

  test('a setup that takes over 10 s stops the start', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const begun = gate();
    const hanging = plugin('hanging', () => {
      begun.resolve();
      return new Promise<void>(() => {});
    });
    const starting = createKernel({ plugins: [{ plugin: hanging }] });
    const settled = starting.then(
      () => 'started',
      () => 'stopped',
    );
    await begun.promise;
    t.mock.timers.tick(9_999);
    const later = new Promise((resolve) => setImmediate(resolve, 'not yet'));
    assert.equal(await Promise.race([settled, later]), 'not yet');
    t.mock.timers.tick(1);
    await assert.rejects(starting, {
      code: 'timeout',
      plugin: 'hanging',
      message: 'plugin hanging did not start: its setup took longer than 10000 ms',
    });
  });

  test('an optional plugin that fails gives a notice, and the rest starts', async (t) => {
    const kernel = await openKernel(t, {
      plugins: [
        {
          optional: true,
          plugin: plugin('failing', (host) => {
            host.add(
              tools,
              tool('half', () => content('')),
            );
            fails();
          }),
        },
        {
          plugin: plugin(
            'fine',
            (host) =>
              void host.add(
                tools,
                tool('fine', () => content('')),
              ),
          ),
        },
      ],
    });
    const { notices, plugins, slots } = await kernel.client('test').request('kernel/describe', {});
    assert.deepEqual(
      notices.map(({ level, plugin: of, message }) => [level, of, message]),
      [['warning', 'failing', 'plugin failing did not start: it broke']],
    );
    assert.equal(plugins.find(({ name }) => name === 'failing')?.error?.code, 'plugin');
    assert.equal(plugins.find(({ name }) => name === 'fine')?.error, undefined);
    const names = slots.find(({ slot }) => slot === 'tools')?.entries.map(({ name }) => name);
    assert.deepEqual(names, ['fine'], 'what it had added is gone');
  });

  test('an optional plugin whose setup was given up can add nothing any more', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const [begun, goOn, over] = [gate(), gate(), gate()];
    let added: unknown;
    const slow = plugin('slow', async (host) => {
      begun.resolve();
      await goOn.promise;
      try {
        host.add(
          tools,
          tool('late', () => content('')),
        );
      } catch (error) {
        added = error;
      }
      over.resolve();
    });
    const starting = openKernel(t, { plugins: [{ plugin: slow, optional: true }] });
    await begun.promise;
    t.mock.timers.tick(10_000);
    const kernel = await starting;
    goOn.resolve();
    await over.promise;
    const { slots } = await kernel.client('test').request('kernel/describe', {});
    assert.deepEqual(slots, []);
    assert.ok(added instanceof Error, 'it is told');
  });

  test('a plugin for another level of the contract is refused by name', async () => {
    const other = { name: 'other', api: 2, setup: () => {} } as unknown as Plugin; // from the future
    await assert.rejects(createKernel({ plugins: [{ plugin: other }] }), {
      code: 'plugin',
      plugin: 'other',
      message: /API level 2, and this program has level 1: update/,
    });
  });

  test('two plugins of one name are refused', async () => {
    const plugins = [plugin('one', () => {}), plugin('one', () => {})];
    await assert.rejects(createKernel({ plugins: plugins.map((one) => ({ plugin: one })) }), {
      plugin: 'one',
      message: /another plugin has this name/,
    });
  });

  test("an optional plugin whose name is taken does not take the first one's place", async (t) => {
    const kernel = await openKernel(t, {
      plugins: [
        { plugin: plugin('one', () => {}) },
        { plugin: plugin('one', () => {}), optional: true },
      ],
    });
    const { plugins } = await kernel.client('test').request('kernel/describe', {});
    assert.ok(plugins.some(({ name, error }) => name === 'one' && error === undefined));
  });
});

suite('tool: an error result the model reads: its message, not its stack', () => {
  for (const [how, run] of Object.entries({
    throws: fails,
    rejects: () => Promise.reject(new Error('it broke')),
  })) {
    test(`a tool that ${how} gives its message to the model, and the turn goes on`, async (t) => {
      const thread = await openThread(t, {
        replies: [[{ name: 'broken' }], 'I see'],
        tools: [tool('broken', run)],
      });
      const { end } = await thread.turn('go');
      assert.equal(end.status, 'completed');
      const result = partsOf(thread.model.requests[1]).find(({ type }) => type === 'result');
      assert.ok(result?.type === 'result' && result.isError);
      assert.equal(textOfResult(result), 'it broke');
    });
  }

  test('a wrapper of tools that throws is an error result as well', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'fine' }], 'I see'],
      tools: [tool('fine', () => content('fine'))],
      plugins: [plugin('wrapping', (host) => void host.add(aroundTool, fails))],
    });
    const { results, end } = await thread.turn('go');
    assert.deepEqual([textOfResult(results[0]), end.status], ['it broke', 'completed']);
  });

  test('a wrapper of effects that throws fails that effect alone', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'write' }, { name: 'fine' }], 'I see'],
      tools: [
        tool('write', async (_args, { effects }) => {
          await effects.write('a', 'a');
          return content('written');
        }),
        tool('fine', () => content('fine')),
      ],
      plugins: [plugin('wrapping', (host) => void host.add(aroundEffect, fails))],
    });
    const { results } = await thread.turn('go');
    assert.deepEqual(results.map(textOfResult), ['it broke', 'fine']);
  });
});

suite('policy: deny', () => {
  for (const [how, judge] of Object.entries({
    throws: fails,
    rejects: () => Promise.reject(new Error('it broke')),
  })) {
    test(`a policy that ${how} denies, naming itself, whatever others say`, async (t) => {
      const thread = await openThread(t, {
        replies: [[{ name: 'write' }]],
        tools: [
          tool('write', async (_args, { effects }) => {
            await effects.write('a', 'a');
            return content('written');
          }),
        ],
        plugins: [plugin('judging', (host) => void host.add(policies, { name: 'broken', judge }))],
      });
      const { results, items } = await thread.turn('go');
      assert.match(textOfResult(results[0]), /^denied: policy broken failed: it broke/);
      const decision = items.find((item) => item.type === 'decision');
      assert.deepEqual([decision?.verdict, decision?.policy], ['deny', 'broken']);
    });
  }

  test('a policy that never answers denies after 10 s', async (t) => {
    const begun = gate();
    const judge = () => {
      begun.resolve();
      return new Promise<never>(() => {});
    };
    const thread = await openThread(t, {
      replies: [[{ name: 'write' }]],
      tools: [
        tool('write', (_args, { effects }) => effects.write('a', 'a').then(() => content(''))),
      ],
      plugins: [plugin('judging', (host) => void host.add(policies, { name: 'slow', judge }))],
    });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const turn = thread.turn('go');
    await begun.promise;
    t.mock.timers.tick(10_000);
    const { results } = await turn;
    const why = /^denied: policy slow failed: it took longer than 10000 ms/;
    assert.match(textOfResult(results[0]), why);
  });
});

suite('prompt source: notice; that fragment is left out', () => {
  test('a source that throws gives a notice under its name, and the others are read', async (t) => {
    const thread = await openThread(t, {
      replies: ['hi'],
      plugins: [
        plugin('sources', (host) => {
          host.add(prompts, { name: 'broken', stability: 'fixed', read: fails });
          host.add(prompts, {
            name: 'fine',
            stability: 'fixed',
            read: () => [{ text: 'fine', role: 'system', source: 'test' }],
          });
        }),
      ],
    });
    const { items, end } = await thread.turn('go');
    assert.equal(end.status, 'completed');
    const notice = items.find((item) => item.type === 'notice');
    assert.deepEqual([notice?.level, notice?.plugin], ['warning', 'broken']);
    assert.match(notice?.message ?? '', /added nothing: it broke/);
    assert.ok(saidIn(partsOf(thread.model.requests[0])).includes('fragment: fine'));
  });

  test('a source that takes over 10 s is left out as well', async (t) => {
    const begun = gate();
    const thread = await openThread(t, {
      replies: ['hi'],
      plugins: [
        plugin('sources', (host) => {
          host.add(prompts, {
            name: 'hanging',
            stability: 'fixed',
            read: () => {
              begun.resolve();
              return new Promise(() => {});
            },
          });
        }),
      ],
    });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const turn = thread.turn('go');
    await begun.promise;
    t.mock.timers.tick(10_000);
    const { items, end } = await turn;
    assert.equal(end.status, 'completed');
    const notice = items.find((item) => item.type === 'notice');
    assert.match(notice?.message ?? '', /prompt source hanging took longer than 10000 ms/);
  });
});

suite("observer, listener: logged under the plugin's name, nothing else", () => {
  test('an observer and a listener that throw change nothing, and others go on hearing', async (t) => {
    const warned = warningsOf(t);
    const heard: string[] = [];
    const thread = await openThread(t, {
      replies: ['hi'],
      plugins: [
        plugin('failing', (host) => void host.add(observers, fails)),
        plugin('hearing', (host) => {
          host.client.listen(fails);
          host.add(observers, (event) => void heard.push(event.type));
        }),
      ],
    });
    const { end } = await thread.turn('go');
    assert.equal(end.status, 'completed');
    assert.ok(heard.includes('item/appended'));
    await new Promise(setImmediate);
    assert.ok(warned.length > 0, 'it is told');
    assert.ok(warned.every((message) => message.includes('it broke')));
  });

  test('what is logged names the plugin whose observer or listener it was', async (t) => {
    const warned = warningsOf(t);
    const logged: string[] = [];
    const thread = await openThread(t, {
      replies: ['hi'],
      plugins: [
        plugin('of-the-observer', (host) => void host.add(observers, fails)),
        plugin('of-the-listener', (host) => void host.client.listen(fails)),
        plugin('hearing', (host) => {
          host.add(observers, (event) => {
            if (event.type === 'log') logged.push(`${event.plugin}: ${event.message}`);
          });
        }),
      ],
    });
    await thread.turn('go');
    await new Promise(setImmediate);
    const told = [...warned, ...logged].join('\n');
    assert.match(told, /of-the-observer/);
    assert.match(told, /of-the-listener/);
  });
});

suite('model, aroundModel: the turn fails, the thread is intact', () => {
  const broken: Readonly<Record<string, Reply>> = {
    'throws a ModelError': async function* () {
      yield { type: 'delta', kind: 'text', id: 'a', text: 'half' };
      throw new ModelError('model_refused', 'no more money', { status: 402 });
    },
    'throws anything': async function* () {
      yield { type: 'delta', kind: 'text', id: 'a', text: 'half' };
      throw new TypeError('it broke');
    },
    'is cut off': async function* () {
      yield { type: 'delta', kind: 'text', id: 'a', text: 'half' };
    },
    'answers nothing': async function* () {
      yield { type: 'done', stop: 'end' };
    },
  };
  const codes = ['model_refused', 'plugin', 'model_busy', 'model_answer'];
  for (const [at, [how, reply]] of Object.entries(broken).entries()) {
    test(`a model that ${how} fails the turn with ${codes[at]}, and the next turn goes on`, async (t) => {
      const thread = await openThread(t, { replies: [reply, 'fine'] });
      const { end, items } = await thread.turn('first');
      assert.deepEqual([end.status, end.error?.code], ['failed', codes[at]]);
      const shown = items.filter((item) => item.type === 'discarded').map(({ id }) => id);
      assert.deepEqual(shown, how === 'answers nothing' ? [] : ['a'], 'what was shown is closed');
      assert.deepEqual(
        items.filter(({ type }) => type === 'assistant'),
        [],
      );
      const next = await thread.turn('second');
      assert.equal(next.end.status, 'completed');
      assert.deepEqual(saidIn(partsOf(thread.model.requests[1])), ['user: first', 'user: second']);
    });
  }

  test('a wrapper of the model that throws fails the turn', async (t) => {
    let isBroken = true;
    const thread = await openThread(t, {
      replies: ['fine'],
      plugins: [
        plugin('wrapping', (host) => {
          host.add(aroundModel, (request, on, next) => (isBroken ? fails() : next(request, on)));
        }),
      ],
    });
    const { end } = await thread.turn('first');
    assert.deepEqual([end.status, end.error?.message], ['failed', 'it broke']);
    isBroken = false;
    assert.equal((await thread.turn('second')).end.status, 'completed');
  });

  test('an error of a model names the model, and keeps status and code', async (t) => {
    const thread = await openThread(t, { replies: [broken['throws anything'] ?? ''] });
    const { end } = await thread.turn('go');
    assert.deepEqual(end.error, { code: 'plugin', message: 'it broke', plugin: 'test' });
  });

  test('a hook around the turn that throws fails the turn, and the thread is intact', async (t) => {
    const thread = await openThread(t, {
      replies: ['fine'],
      plugins: [plugin('hooking', (host) => void host.add(aroundTurn, fails))],
    });
    const { end } = await thread.turn('go');
    assert.deepEqual([end.status, end.error?.message], ['failed', 'it broke']);
    const { status } = await thread.client.request('thread/update', { thread: thread.id });
    assert.equal(status.state, 'idle');
  });
});

suite('compactor: notice, the next one in the chain', () => {
  test("one that throws gives a notice under its name, and the next one's window is taken", async (t) => {
    const thread = await openThread(t, {
      replies: ['one', 'two'],
      plugins: [chatter, compacting({ broken: fails, pins: pinsOnly })],
    });
    await thread.turn('first');
    await thread.turn('second');
    await thread.client.request('thread/compact', { thread: thread.id });
    const items = await thread.items();
    const notice = items.find((item) => item.type === 'notice');
    assert.deepEqual([notice?.level, notice?.plugin], ['warning', 'broken']);
    assert.match(notice?.message ?? '', /it broke/);
    assert.equal(items.find((item) => item.type === 'window')?.by, 'pins');
  });

  test('one that hangs is given up after two minutes, with a notice, and the next one has its turn', async (t) => {
    const begun = gate();
    const hangs = () => {
      begun.resolve();
      return new Promise<never>(() => {});
    };
    const thread = await openThread(t, {
      replies: ['one', 'two'],
      plugins: [chatter, compacting({ hangs, pins: pinsOnly })],
    });
    await thread.turn('first');
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const compacted = thread.client.request('thread/compact', { thread: thread.id });
    await begun.promise;
    t.mock.timers.tick(120_000);
    await compacted;
    t.mock.timers.reset();
    const items = await thread.items();
    const notice = items.find((item) => item.type === 'notice');
    assert.equal(notice?.plugin, 'hangs');
    assert.match(notice.message, /compactor hangs took longer than 120000 ms/);
    assert.equal(items.find((item) => item.type === 'window')?.by, 'pins');
    assert.equal((await thread.turn('second')).end.status, 'completed');
  });

  test('with none left the turn fails with model_context and says what to do', async (t) => {
    const thread = await openThread(t, {
      replies: ['one'],
      plugins: [chatter, compacting({ broken: fails })],
    });
    await thread.turn('first');
    await assert.rejects(thread.client.request('thread/compact', { thread: thread.id }), {
      code: 'model_context',
      message: /the window stays full: start a new thread/,
    });
    assert.equal((await thread.turn('second')).end.status, 'completed', 'the thread goes on');
  });
});

suite('redactor: the text is withheld', () => {
  const withheld = '[withheld: a redactor failed]';

  test('text on which a redactor throws is withheld in items, deltas and logs, and no other', async (t) => {
    let hosted: Host | undefined;
    const logged: string[] = [];
    const thread = await openThread(t, {
      replies: [
        async function* () {
          yield { type: 'delta', kind: 'text', id: 'a', text: 'it is secret ' };
          yield { type: 'output', output: { type: 'assistant', id: 'a', text: 'it is secret ' } };
          yield { type: 'done', stop: 'end' };
        },
      ],
      plugins: [
        redacting((text) => (text.includes('secret') ? fails() : text)),
        plugin('logging', (host) => {
          hosted = host;
          host.add(observers, (event) => {
            if (event.type === 'log') logged.push(event.message);
          });
        }),
      ],
    });
    const { events, items } = await thread.turn('tell me the secret');
    hosted?.log('the secret');
    hosted?.log('nothing');
    assert.deepEqual(logged, [withheld, 'nothing']);
    const deltas = events.flatMap((event) => (event.type === 'item/delta' ? [event.text] : []));
    assert.deepEqual(deltas, [withheld]);
    assert.doesNotMatch(JSON.stringify(items), /secret/);
    assert.deepEqual(
      items.flatMap((item) => (item.type === 'assistant' ? [item.text] : [])),
      [withheld],
    );
  });

  test('a redactor that always throws withholds texts, and the thread works on', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'fine' }], 'hi'],
      tools: [tool('fine', () => content('fine'))],
      plugins: [redacting(fails)],
    });
    const started = thread.start('hello');
    await untilEvent(thread.client, thread.id, (event) =>
      event.type === 'thread/status' && event.status.state === 'idle' ? true : undefined,
    );
    const turn = await started;
    const items = await thread.items();
    assert.deepEqual(typesOf(items), [
      'thread',
      'turn',
      'refs',
      'tools',
      'user',
      'call',
      'step',
      'result',
      'assistant',
      'step',
      'end',
    ]);
    const end = items.at(-1);
    assert.ok(end?.type === 'end' && end.id === turn);
    for (const said of saidIn(items.filter((item) => isPart(item) && item.type !== 'call')))
      assert.match(said, /: \[withheld: a redactor failed\]$/);
  });

  test('what tools, people and plugins give freely is text in every field', async (t) => {
    const secret = { id: 'secret', name: 'secret', type: { kind: ['secret'] } };
    let hosted: Host | undefined;
    const logged: unknown[] = [];
    const thread = await openThread(t, {
      replies: [
        [{ name: 'theirs', args: { id: 'secret', name: 'secret' } }, { name: 'mine' }],
        'ok',
      ],
      tools: [tool('mine', () => ({ ...content('mine'), detail: secret }))],
      settings: { clientTools: [{ name: 'theirs', description: '', inputSchema: {} }] },
      plugins: [
        redacting((text) => text.replaceAll('secret', '***')),
        plugin('logging', (host) => {
          hosted = host;
          host.add(observers, (event) => {
            if (event.type === 'log') logged.push(event.data);
          });
        }),
      ],
    });
    const { items, results } = await thread.turn('go', {
      answer: () => ({ value: { ...content('theirs'), detail: secret } }),
    });
    hosted?.log('message', secret);
    const clean = { id: '***', name: '***', type: { kind: ['***'] } };
    assert.deepEqual(
      results.map(({ detail }) => detail),
      [clean, clean],
    );
    assert.deepEqual(logged, [clean]);
    assert.doesNotMatch(JSON.stringify(items), /secret/);
  });

  test('a redactor changes texts, and never what makes an item an item', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'fine', id: '0123-4567' }], 'the user 0123'],
      tools: [tool('fine', () => content('the call 0123'))],
      plugins: [redacting((text) => text.replaceAll(/user|call|end|[0-9a-f]{4}/g, '***'))],
    });
    const started = thread.start('a user');
    await untilEvent(thread.client, thread.id, (event) =>
      event.type === 'thread/status' && event.status.state === 'idle' ? true : undefined,
    );
    const turn = await started;
    const items = await thread.items();
    const parts = items.filter((item) => isPart(item));
    assert.deepEqual(saidIn(parts), [
      'user: a ***',
      'call: fine',
      'result: the *** ***',
      'assistant: the *** ***',
    ]);
    const end = items.at(-1);
    assert.ok(end?.type === 'end' && end.id === turn);
    const [call, result] = [parts[2], parts[3]];
    assert.ok(call?.type === 'call' && result?.type === 'result' && result.call === call.call);
  });
});

suite('store: the turn fails at once', () => {
  for (const isAsync of [false, true]) {
    for (const type of ['turn', 'user', 'step', 'decision', 'result'] as const) {
      test(`a store that ${isAsync ? 'rejects' : 'throws'} at the ${type} item stops everything, and the status says so`, async (t) => {
        let acts = 0;
        const thread = await openThread(t, {
          isStored: true,
          replies: [[{ name: 'act' }, { name: 'act' }], 'hi'],
          tools: [
            tool('act', async (_args, { effects }) => {
              await effects.write('a', 'a');
              acts++;
              return content('acted');
            }),
          ],
          plugins: [
            plugin('failing', (host) => void host.add(stores, storeFailingAt(type, isAsync))),
          ],
        });
        await thread.start('go');
        const error = await untilEvent(thread.client, thread.id, (event) =>
          event.type === 'thread/status' && event.status.state === 'idle'
            ? event.status.error
            : undefined,
        );
        assert.equal(error.message, 'the disk is full');
        assert.equal(acts, type === 'result' ? 1 : 0, 'nothing more is done');
        assert.ok(thread.model.requests.length <= 1);
        assert.ok(!typesOf(await thread.items()).includes(type), 'what is not stored is not shown');
        const before = thread.model.requests.length;
        await thread.start('again');
        await untilEvent(thread.client, thread.id, (event) =>
          event.type === 'thread/status' && event.status.state === 'idle' ? true : undefined,
        );
        assert.equal(thread.model.requests.length, before, 'and never will');
      });
    }
  }
});

suite('a store that fails while something else is under way', () => {
  test('ends the turn at once: its signal is aborted with the failure', async (t) => {
    const begun = gate();
    const reasons: unknown[] = [];
    const thread = await openThread(t, {
      isStored: true,
      replies: [[{ name: 'wait' }]],
      tools: [
        tool('wait', (_args, { signal }) => {
          begun.resolve();
          return new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => {
              reasons.push(signal.reason);
              reject(signal.reason);
            }),
          );
        }),
      ],
      plugins: [plugin('failing', (host) => void host.add(stores, storeFailingAt('meta', false)))],
    });
    await thread.start('go');
    await begun.promise;
    const { client, id } = thread;
    await assert.rejects(
      client.request('thread/update', { thread: id, name: 'x' }),
      /disk is full/,
    );
    await untilEvent(client, id, (event) =>
      event.type === 'thread/status' && event.status.state === 'idle' ? true : undefined,
    );
    assert.match(String(reasons[0]), /the disk is full/);
  });
});

suite('front end: its exit code', () => {
  test('the exit code of a front end is what running it gives, with its arguments and a client of its name', async (t) => {
    const kernel = await openKernel(t, {
      plugins: [
        {
          plugin: plugin('front', (host) => {
            host.add(frontEnds, {
              name: 'counting',
              description: 'counts its arguments',
              run: async (client, argv) => (client.name === 'counting' ? argv.length : -1),
            });
          }),
        },
      ],
    });
    assert.equal(await kernel.run('counting', ['a', 'b', 'c']), 3);
  });

  test('what a front end throws reaches the program, and the kernel works on', async (t) => {
    const kernel = await openKernel(t, {
      plugins: [
        {
          plugin: plugin('front', (host) => {
            host.add(frontEnds, { name: 'broken', description: '', run: fails });
          }),
        },
      ],
    });
    await assert.rejects(kernel.run('broken', []), /it broke/);
    const { plugins } = await kernel.client('test').request('kernel/describe', {});
    assert.equal(plugins.length, 1);
  });
});
