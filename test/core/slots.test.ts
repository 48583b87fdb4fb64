/** Slots: how contributions combine, and what plugins get of them. */

import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';

import * as fc from 'fast-check';

import {
  chain,
  choice,
  createKernel,
  list,
  machines,
  named,
  policies,
  requests,
  sandboxes,
  stores,
  tools,
} from '../../core/index.ts';
import type { Host, Order, PluginSpec, Process, Sandbox, Slot, Tier } from '../../core/index.ts';
import local from '../../plugins/machines/local.ts';
import { memoryStore } from '../../plugins/stores/memory.ts';
import {
  content,
  openKernel,
  openThread,
  plugin,
  textOfResult,
  tool,
  untilItem,
} from './support/thread.ts';

/** A kernel of these plugins, and what the last of them sees in a slot. */
async function seenIn<In, Out>(
  t: TestContext,
  slot: Slot<In, Out>,
  specs: readonly PluginSpec[],
): Promise<Out> {
  const hosts: Host[] = [];
  const looking = plugin('looking', (host) => void hosts.push(host));
  await openKernel(t, { plugins: [...specs, { plugin: looking }] });
  return hosts[0]!.get(slot);
}

/** A plugin that adds these values, in its tier, in this order. */
function adding<In>(
  slot: Slot<In>,
  name: string,
  {
    values,
    order,
    ...spec
  }: { readonly values: readonly In[]; readonly order?: Order } & Omit<
    PluginSpec,
    'plugin' | 'order'
  >,
): PluginSpec {
  const setup = (host: Host) => values.forEach((value) => void host.add(slot, value, order));
  return { ...spec, plugin: plugin(name, setup) };
}

/** A tool `same` that says so. */
const saying = (said: string) => tool('same', () => content(said));

suite('a slot', () => {
  const words = list<string>('words');

  test('of the kind list or chain gives the values in order; a choice as well, to choose from', async (t) => {
    for (const slot of [words, chain<string>('words')]) {
      const specs = [
        adding(slot, 'a', { values: ['1', '2'] }),
        adding(slot, 'b', { values: ['3'] }),
      ];
      assert.deepEqual(await seenIn(t, slot, specs), ['1', '2', '3']);
    }
    const some = choice<{ readonly name: string }>('some');
    const values = [{ name: 'x' }, { name: 'x' }];
    assert.deepEqual(await seenIn(t, some, [adding(some, 'a', { values })]), values);
  });

  test('sorts by tier, then by first and last within the tier, then as configured', async (t) => {
    const spec = fc.record({
      tier: fc.constantFrom<Tier>('managed', 'user', 'repository'),
      order: fc.constantFrom<Order | undefined>('first', undefined, 'last'),
      isUsual: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(spec, { maxLength: 8 }), async (specs) => {
        const seen = await seenIn(
          t,
          words,
          specs.map(({ tier, order, isUsual }, at) => {
            const values = [String(at)];
            const usual = isUsual ? order : undefined;
            return {
              ...adding(words, `p${at}`, { values, order: isUsual ? undefined : order, tier }),
              order: usual,
            };
          }),
        );
        const rank = (at: string) => {
          const { tier, order } = specs[Number(at)]!;
          const tiers = ['managed', 'user', 'repository'].indexOf(tier);
          return tiers * 3 + ['first', undefined, 'last'].indexOf(order);
        };
        const due = specs.map((_, at) => String(at)).toSorted((a, b) => rank(a) - rank(b));
        assert.deepEqual(seen, due);
      }),
      { numRuns: 60 },
    );
  });

  test('what is managed cannot be shadowed, however late it is added', async (t) => {
    const specs = [
      adding(tools, 'repository', { values: [saying('r')], tier: 'repository', order: 'first' }),
      adding(tools, 'user', { values: [saying('u')], order: 'first' }),
      adding(tools, 'managed', { values: [saying('m')], tier: 'managed', order: 'last' }),
    ];
    const seen = await seenIn(t, tools, specs);
    const said = [...seen].map(([name, one]) => [name, one.run({}, {} as never)]);
    assert.deepEqual(said, [
      ['same', content('m')],
      ['user__same', content('u')],
      ['repository__same', content('r')],
    ]);
  });

  test('is matched by its name, so a second copy of it works', async (t) => {
    const copy = list<string>('words');
    const specs = [adding(words, 'a', { values: ['1'] }), adding(copy, 'b', { values: ['2'] })];
    assert.deepEqual(await seenIn(t, list<string>('words'), specs), ['1', '2']);
  });

  test('combines anew when something comes or goes, and else gives the same value', async (t) => {
    const hosts: Host[] = [];
    const looking = plugin('looking', (host) => void hosts.push(host));
    await openKernel(t, { plugins: [{ plugin: looking }] });
    const [host] = hosts;
    assert.deepEqual(host?.get(words), []);
    const added = host?.add(words, '1');
    const one = host?.get(words);
    assert.deepEqual(one, ['1']);
    assert.equal(host?.get(words), one);
    added?.[Symbol.dispose]();
    assert.deepEqual(host?.get(words), []);
  });

  test('of a plugin is filled and read by others, before and after it is there', async (t) => {
    const own: Slot<number, number> = {
      name: 'sum',
      kind: 'custom',
      combine: (entries) => entries.reduce((sum, { value }) => sum + value, 0),
    };
    const specs = [
      adding(own, 'a', { values: [1, 2] }),
      { plugin: plugin('owner', (host) => assert.equal(host.get(own), 3)) },
      adding(own, 'b', { values: [4] }),
    ];
    assert.equal(await seenIn(t, own, specs), 7);
  });
});

suite('names that clash', () => {
  const things = named<{ readonly name: string }>('things');

  test('never stop the start: the first keeps its name, later ones get that of their plugin before it', async (t) => {
    const seen = await seenIn(t, things, [
      adding(things, 'a', { values: [{ name: 'same' }, { name: 'same' }, { name: 'same' }] }),
      adding(things, 'b', { values: [{ name: 'same' }, { name: 'other' }] }),
    ]);
    assert.deepEqual([...seen.keys()], ['same', 'a__same', 'a__same_2', 'b__same', 'other']);
    assert.deepEqual(
      seen.clashes.map(({ plugin: of, became }) => [of, became]),
      [
        ['a', 'a__same'],
        ['a', 'a__same_2'],
        ['b', 'b__same'],
      ],
    );
  });

  test('never lose a value, and every name is there once', async (t) => {
    const name = fc.constantFrom('x', 'y', 'p0__x', 'p1__x', 'p1__x_2', '__proto__');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(name, { maxLength: 4 }), { maxLength: 4 }),
        async (all) => {
          const values = all.map((names) => names.map((one) => ({ name: one })));
          const seen = await seenIn(
            t,
            things,
            values.map((of, at) => adding(things, `p${at}`, { values: of })),
          );
          assert.deepEqual(new Set(seen.values()), new Set(values.flat()));
          assert.equal(seen.size, values.flat().length);
          const first = new Map(
            values
              .flat()
              .toReversed()
              .map((value) => [value.name, value]),
          );
          for (const [plain, value] of first) {
            const holder = seen.get(plain);
            assert.ok(holder === value || seen.clashes.some(({ became }) => became === plain));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of tools are told in a notice, and both can be called', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'same' }, { name: 'second__same' }]],
      plugins: [
        plugin('first', (host) => void host.add(tools, saying('of the first'))),
        plugin('second', (host) => void host.add(tools, saying('of the second'))),
      ],
    });
    const { results } = await thread.turn('go');
    assert.deepEqual(results.map(textOfResult), ['of the first', 'of the second']);
    const { notices } = await thread.client.request('kernel/describe', {});
    assert.deepEqual(
      notices.map(({ plugin: of, message }) => [of, message]),
      [['second', '"same" is taken in tools, so its own is "second__same"']],
    );
    const offered = thread.model.requests[0]?.parts[0]?.part;
    assert.deepEqual(offered?.type === 'tools' && offered.tools.map(({ name }) => name), [
      'same',
      'second__same',
    ]);
  });

  test('of requests stop the start, naming the plugin that came later', async () => {
    const handler = { name: 'same/name', params: {}, result: {}, run: async () => ({}) };
    const specs = ['a', 'b'].map((name) => adding(requests, name, { values: [handler] }));
    await assert.rejects(createKernel({ plugins: specs }), {
      code: 'plugin',
      plugin: 'b',
      message: /one requests entry "same\/name", but b adds another/,
    });
  });
});

const sandbox = (name: string, level: 'full' | 'partial' | 'none'): Sandbox => ({
  name,
  probe: () => ({ level, reasons: [`${name} is ${level}`] }),
  plan: ({ cwd, env }) => ({ file: 'echo', args: [name], cwd, env }),
});

suite('a choice', () => {
  test('of a store is the one that is named, else the first', async (t) => {
    const used: string[] = [];
    const watched = (name: string) => {
      const inner = memoryStore();
      const open: typeof inner.open = (id, how) => (used.push(name), inner.open(id, how));
      return { ...inner, name, open };
    };
    const specs = () => [adding(stores, 'a', { values: [watched('one'), watched('two')] })];
    for (const choose of [undefined, { stores: 'two' }]) {
      const kernel = await openKernel(t, { plugins: specs(), ...(choose && { choose }) });
      await kernel.client('test').request('thread/start', {});
    }
    assert.deepEqual(used, ['one', 'two']);
    const kernel = await openKernel(t, { plugins: specs(), choose: { stores: 'three' } });
    await assert.rejects(kernel.client('test').request('thread/start', {}), {
      code: 'not_found',
      message: 'there is no "three" in stores; there are: one, two',
    });
  });

  const spawned = tool('run', async (_args, { effects }) => {
    let output = '';
    const onOutput = (chunk: Uint8Array) => void (output += Buffer.from(chunk).toString());
    await (
      await effects.spawn({ argv: ['true'], onOutput })
    ).exited;
    return content(output.trim());
  });
  const cases: readonly (readonly [string, readonly Sandbox[], string | undefined, RegExp])[] = [
    [
      'the first that confines fully',
      [sandbox('a', 'none'), sandbox('b', 'partial'), sandbox('c', 'full'), sandbox('d', 'full')],
      undefined,
      /^c$/,
    ],
    [
      'else the first that does in part',
      [sandbox('a', 'none'), sandbox('b', 'partial'), sandbox('c', 'partial')],
      undefined,
      /^b$/,
    ],
    [
      'the one that is named, whatever it can do',
      [sandbox('a', 'full'), sandbox('b', 'none')],
      'b',
      /^b$/,
    ],
    [
      'none when none confines, and commands are refused',
      [sandbox('a', 'none')],
      undefined,
      /no sandbox can confine commands here.*--sandbox danger-full-access/,
    ],
    [
      'none when there is none, and commands are refused',
      [],
      undefined,
      /no sandbox can confine commands here/,
    ],
  ];
  for (const [what, all, name, says] of cases) {
    test(`of a sandbox is ${what}`, async (t) => {
      const thread = await openThread(t, {
        replies: [[{ name: 'run' }]],
        tools: [spawned],
        settings: { sandbox: 'workspace-write' },
        plugins: [
          plugin('sandboxes', (host) => all.forEach((one) => void host.add(sandboxes, one))),
        ],
        ...(name !== undefined && { choose: { sandboxes: name } }),
      });
      const { results } = await thread.turn('go');
      assert.match(textOfResult(results[0]), says);
      const { notices } = await thread.client.request('kernel/describe', {});
      const weak = notices.map(({ plugin: of }) => of);
      const isPartial = all.some(({ name: one }) => one === 'b') && what.includes('in part');
      assert.deepEqual(weak, isPartial ? ['b', 'c'] : what.includes('fully') ? ['b'] : []);
    });
  }

  test('of a sandbox is not asked for in danger-full-access', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'run' }]],
      tools: [spawned],
      plugins: [
        plugin(
          'sandboxes',
          (host) =>
            void host.add(sandboxes, {
              ...sandbox('never', 'full'),
              probe: () => assert.fail('it was probed'),
            }),
        ),
      ],
    });
    const { items } = await thread.turn('go');
    const decision = items.find((item) => item.type === 'decision');
    assert.equal(decision?.effect['confined'], 'none');
  });

  test('of a machine puts another in the place of this one', async (t) => {
    const files = new Map<string, string>();
    const thread = await openThread(t, {
      replies: [[{ name: 'write' }]],
      choose: { machines: 'in-memory' },
      tools: [
        tool('write', async (_args, { effects }) => {
          await effects.write('a', 'in memory');
          return content(Buffer.from(await effects.read('a')).toString());
        }),
      ],
      plugins: [
        plugin('in-memory', (host) => {
          const [inner] = host.get(machines);
          if (inner === undefined) throw new Error('expected the local machine');
          host.add(machines, {
            ...inner,
            name: 'in-memory',
            write: (path, data) => void files.set(path, Buffer.from(data).toString()),
            read: (path) => Buffer.from(files.get(path) ?? ''),
          });
        }),
      ],
    });
    const { results } = await thread.turn('go');
    assert.equal(textOfResult(results[0]), 'in memory');
    assert.equal(files.size, 1);
  });

  test('without a machine effects say which plugin to add', async (t) => {
    const hosts: Host[] = [];
    await openKernel(t, {
      plugins: [{ plugin: plugin('looking', (host) => void hosts.push(host)) }],
    });
    const looks = [hosts[0]?.effects.read('x'), hosts[0]?.effects.stat('x')];
    for (const look of looks)
      await assert.rejects(async () => await look, /no machine is loaded: add the plugin "local"/);
  });
});

suite('the description of a kernel', () => {
  test('lists slots with their entries in force order, plugins with their cost, and threads', async (t) => {
    const kernel = await openKernel(t, {
      plugins: [
        { plugin: local(), tier: 'managed' },
        adding(tools, 'mine', {
          values: [tool('b', () => content('')), tool('a', () => content(''))],
        }),
        {
          ...adding(tools, 'theirs', { values: [tool('c', () => content(''))] }),
          tier: 'repository',
          order: 'first',
        },
      ],
    });
    const client = kernel.client('test');
    const { id } = await client.request('thread/start', { ephemeral: true });
    const { slots, plugins, threads } = await client.request('kernel/describe', {});
    assert.deepEqual(slots, [
      {
        slot: 'machines',
        kind: 'choice',
        entries: [{ name: 'local', plugin: 'local', tier: 'managed' }],
      },
      {
        slot: 'tools',
        kind: 'named',
        entries: [
          { name: 'b', plugin: 'mine', tier: 'user' },
          { name: 'a', plugin: 'mine', tier: 'user' },
          { name: 'c', plugin: 'theirs', tier: 'repository' },
        ],
      },
    ]);
    assert.deepEqual(
      plugins.map(({ name, tier }) => [name, tier]),
      [
        ['local', 'managed'],
        ['mine', 'user'],
        ['theirs', 'repository'],
      ],
    );
    assert.ok(plugins.every(({ setupMs }) => setupMs >= 0));
    assert.deepEqual(
      threads.map((one) => one.id),
      [id],
    );
  });
});

suite('a request of a plugin', () => {
  test('is called by its name, with the asking client, and its error keeps its code', async (t) => {
    const kernel = await openKernel(t, {
      plugins: [
        adding(requests, 'asking', {
          values: [
            {
              name: 'test/echo',
              params: {},
              result: {},
              run: async (params, { client, signal }) => [params, client.name, signal.aborted],
            },
            {
              name: 'test/stat',
              params: {},
              result: {},
              run: (_params, { effects }) => effects.stat('.'),
            },
          ],
        }),
        { plugin: local() },
      ],
    });
    const client = kernel.client('front');
    assert.deepEqual(await client.call('test/echo', { a: 1 }), [{ a: 1 }, 'front', false]);
    const info = await client.call('test/stat', {});
    assert.ok(typeof info === 'object' && info !== null && 'kind' in info);
    assert.equal(info.kind, 'directory');
    await assert.rejects(client.call('test/none', {}), {
      code: 'not_found',
      message: /there is no request "test\/none"; there are: test\/echo, test\/stat/,
    });
  });

  test('ends what it has started when it is answered', async (t) => {
    let child: Process | undefined;
    const kernel = await openKernel(t, {
      plugins: [
        adding(requests, 'starting', {
          values: [
            {
              name: 'test/start',
              params: {},
              result: {},
              run: async (_params, { effects }) => {
                child = await effects.spawn({ argv: ['sleep', '60'] });
                return {};
              },
            },
          ],
        }),
        { plugin: local() },
        adding(policies, 'allowing', {
          values: [
            { name: 'all', judge: () => ({ verdict: 'allow', reason: 'test', rule: 'all' }) },
          ],
        }),
      ],
      settings: { sandbox: 'danger-full-access' },
    });
    await kernel.client('front').call('test/start', {});
    const { signal } = (await child?.exited) ?? {};
    assert.match(String(signal), /^SIG(TERM|KILL)$/);
  });

  test('that the protocol does not know is refused by name', async (t) => {
    const { client } = await openThread(t);
    const unknown = 'thread/fold' as 'thread/fork'; // as a client in JavaScript may write it
    await assert.rejects(client.request(unknown, { thread: 'x' }), {
      code: 'not_found',
      message: /thread\/fold/,
    });
  });
});

test('a tool whose plugin adds it after the start is there from the next turn of every thread', async (t) => {
  const hosts: Host[] = [];
  const thread = await openThread(t, {
    replies: [[{ name: 'late' }], 'one', [{ name: 'late' }], 'two'],
    plugins: [plugin('later', (host) => void hosts.push(host))],
  });
  await thread.turn('before');
  hosts[0]?.add(
    tools,
    tool('late', () => content('here')),
  );
  const { results } = await thread.turn('after');
  assert.equal(textOfResult(results[0]), 'here');
  assert.match(
    textOfResult(await untilItem(thread.client, thread.id, 'result')),
    /there is no tool/,
  );
});
