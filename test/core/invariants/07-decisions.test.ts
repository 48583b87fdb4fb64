/** Invariant 7: no effect without a decision record, for every origin. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';

import * as fc from 'fast-check';

import {
  aroundTurn,
  aroundEffect,
  machines,
  observers,
  prompts,
  requests,
} from '../../../core/index.ts';
import type { DecisionItem, Effects, Host, Machine, Origin, Policy } from '../../../core/index.ts';
import { done, text, type Reply } from '../support/model.ts';
import {
  content,
  openThread,
  plugin,
  tool,
  type TestThread,
  type ThreadOptions,
} from '../support/thread.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

/** Every effect there is, done once, and the kinds of effect that it is. */
interface Deed {
  readonly kinds: readonly string[];
  readonly run: (effects: Effects, url: string) => Promise<unknown>;
}
const deeds: readonly Deed[] = [
  { kinds: ['read'], run: (effects) => effects.stat('file') },
  { kinds: ['read'], run: (effects) => effects.list('.') },
  { kinds: ['read'], run: (effects) => effects.read('file') },
  { kinds: ['write'], run: (effects) => effects.write('written', 'text') },
  { kinds: ['write'], run: (effects) => effects.remove('removed') },
  { kinds: ['fetch'], run: async (effects, url) => (await effects.fetch(url)).text() },
  {
    kinds: ['spawn', 'input'],
    run: async (effects) => {
      const child = await effects.spawn({ argv: ['tee', 'spawned'], stdin: true });
      await child.write('typed');
      child.end();
      await child.exited;
    },
  },
  {
    kinds: ['call'],
    run: (effects) =>
      effects.call({ server: 's', tool: 't', args: { a: 1 }, confined: false }, async () => {
        called++;
      }),
  },
];
let called = 0;

/** Who can cause an effect, and how a test makes them do it. */
type Act = (effects: Effects) => Promise<unknown>;
interface Cause {
  readonly origin: Origin;
  /** Whether the records are items of the thread, and not events of the kernel. */
  readonly inThread: boolean;
  readonly options: (act: Act) => ThreadOptions;
  readonly go?: (thread: TestThread, act: Act) => Promise<unknown>;
}

let hosted: Host | undefined;
const turn = (thread: TestThread) => thread.turn('go');
const causes: readonly Cause[] = [
  {
    origin: { kind: 'tool', name: 'act' },
    inThread: true,
    options: (act) => ({
      replies: [[{ name: 'act' }]],
      tools: [tool('act', (_args, { effects }) => act(effects).then(() => content('ok')))],
    }),
  },
  {
    origin: { kind: 'plugin', name: 'source' },
    inThread: true,
    options: (act) => ({
      plugins: [
        plugin('sources', (host) => {
          host.add(prompts, {
            name: 'source',
            stability: 'fixed',
            read: ({ effects }) => act(effects).then(() => []),
          });
        }),
      ],
    }),
  },
  {
    origin: { kind: 'plugin', name: 'test' },
    inThread: true,
    options: (act) => {
      const reply: Reply = async function* (_request, { effects }) {
        await act(effects);
        yield { type: 'output', output: text('ok') };
        yield done();
      };
      return { replies: [reply] };
    },
  },
  {
    origin: { kind: 'hook', name: 'turn' },
    inThread: true,
    options: (act) => ({
      plugins: [
        plugin('hooks', (host) => {
          host.add(aroundTurn, async ({ effects }, next) => {
            await act(effects);
            return next();
          });
        }),
      ],
    }),
  },
  {
    origin: { kind: 'plugin', name: 'acting' },
    inThread: false,
    options: () => ({ plugins: [plugin('acting', (host) => void (hosted = host))] }),
    go: (_thread, act) =>
      hosted === undefined ? Promise.reject(new Error('no host')) : act(hosted.effects),
  },
  {
    origin: { kind: 'client', name: 'test' },
    inThread: false,
    options: (act) => ({
      plugins: [
        plugin('requests', (host) => {
          host.add(requests, {
            name: 'test/act',
            params: {},
            result: {},
            run: (_params, { effects }) => act(effects),
          });
        }),
      ],
    }),
    go: ({ client }) => client.call('test/act', {}),
  },
];

/** A server that counts its requests. */
async function server(
  t: TestContext,
): Promise<{ readonly url: string; readonly count: () => number }> {
  let answered = 0;
  const http = createServer((_request, response) => {
    answered++;
    response.end('answered');
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => http.close());
  const { port } = http.address() as AddressInfo; // it listens on TCP
  return { url: `http://127.0.0.1:${port}/`, count: () => answered };
}

/** Does all effects as `cause`; the records, and what was thrown. */
async function perform(
  t: TestContext,
  cause: Cause,
  policy: Policy['judge'],
): Promise<{
  readonly thread: TestThread;
  readonly decisions: readonly DecisionItem[];
  readonly thrown: readonly unknown[];
  readonly fetched: number;
}> {
  called = 0;
  const { url, count } = await server(t);
  const thrown: unknown[] = [];
  const act: Act = async (effects) => {
    for (const { run } of deeds)
      await run(effects, url).catch((error: unknown) => void thrown.push(error));
  };
  const outside: DecisionItem[] = [];
  const observer = plugin('observer', (host) => {
    host.add(observers, (event) => {
      if (event.type === 'effect/decided') outside.push(event.decision);
    });
  });
  const { plugins = [], ...options } = cause.options(act);
  const thread = await openThread(t, { ...options, policy, plugins: [observer, ...plugins] });
  for (const name of ['file', 'removed']) writeFileSync(join(thread.cwd, name), name);
  const { go = turn } = cause;
  await go(thread, act);
  const items = await thread.items();
  const decisions = cause.inThread ? items.filter((item) => item.type === 'decision') : outside;
  return { thread, decisions, thrown, fetched: count() };
}

/** Does effects as `cause` on a machine that notes what it is made to do; that, and what was recorded as allowed. */
async function performCounted(
  t: TestContext,
  cause: Cause,
  { tried, policy }: { readonly tried: readonly Deed[]; readonly policy: Policy['judge'] },
) {
  const { url } = await server(t);
  const happened: string[] = [];
  const note = <Args extends readonly unknown[], T>(kind: string, act: (...args: Args) => T) => {
    return (...args: Args): T => {
      happened.push(kind);
      return act(...args);
    };
  };
  const noting = (inner: Machine): Machine => ({
    ...inner,
    name: 'noting',
    stat: note('read', inner.stat),
    list: note('read', inner.list),
    read: note('read', inner.read),
    write: note('write', inner.write),
    remove: note('write', inner.remove),
    fetch: note('fetch', inner.fetch),
    spawn: note('spawn', async (plan, request) => {
      const child = await inner.spawn(plan, request);
      return Object.assign(child, { write: note('input', child.write.bind(child)) });
    }),
  });
  const act: Act = async (effects) => {
    for (const { run } of tried) {
      const before = called;
      await run(effects, url).catch(() => {});
      if (called > before) happened.push('call');
    }
  };
  const outside: DecisionItem[] = [];
  const { plugins = [], ...options } = cause.options(act);
  const watching = plugin('watching', (host) => {
    const [inner] = host.get(machines);
    if (inner !== undefined) host.add(machines, noting(inner));
    host.add(observers, (event) => {
      if (event.type === 'effect/decided') outside.push(event.decision);
    });
  });
  const choose = { machines: 'noting' };
  const thread = await openThread(t, {
    ...options,
    policy,
    choose,
    plugins: [watching, ...plugins],
  });
  await (cause.go ?? turn)(thread, act);
  const decided = cause.inThread
    ? (await thread.items()).filter((item) => item.type === 'decision')
    : outside;
  const allowed = decided
    .filter(({ verdict }) => verdict === 'allow')
    .map(({ effect }) => effect.kind);
  return { happened, allowed };
}

suite('invariant 7: no effect without a decision record, for every origin', () => {
  for (const cause of causes) {
    const { kind, name } = cause.origin;
    test(`invariant 7: every effect of ${kind} ${name} leaves a record of who, what, verdict and rule`, async (t) => {
      const { thread, decisions, thrown, fetched } = await perform(t, cause, () => ({
        verdict: 'allow',
        reason: 'the reason',
        rule: 'the rule',
        layer: 'user',
        file: '/etc/rules.json',
      }));
      assert.deepEqual(thrown, []);
      assert.deepEqual(
        decisions.map(({ effect }) => effect.kind),
        deeds.flatMap(({ kinds }) => kinds),
      );
      for (const { origin, verdict, rule, reason, layer, file, policy, by } of decisions) {
        assert.deepEqual(origin, cause.origin);
        assert.deepEqual([verdict, rule, reason], ['allow', 'the rule', 'the reason']);
        assert.deepEqual(
          [layer, file, policy, by],
          ['user', '/etc/rules.json', 'world', undefined],
        );
      }
      assert.ok(existsSync(join(thread.cwd, 'written')));
      assert.ok(!existsSync(join(thread.cwd, 'removed')));
      assert.equal(readFileSync(join(thread.cwd, 'spawned'), 'utf8'), 'typed');
      assert.deepEqual([fetched, called], [1, 1]);
    });

    test(`invariant 7: what is denied to ${kind} ${name} does not happen, and is recorded`, async (t) => {
      const no = { verdict: 'deny', reason: 'not now', rule: 'nothing' } as const;
      const { thread, decisions, thrown, fetched } = await perform(t, cause, () => no);
      assert.deepEqual(
        decisions.map(({ effect, verdict }) => [effect.kind, verdict]),
        deeds.map(({ kinds }) => [kinds[0], 'deny']),
      );
      assert.equal(thrown.length, deeds.length);
      for (const error of thrown) assert.match(String(error), /denied: not now \(rule: nothing\)/);
      assert.ok(!existsSync(join(thread.cwd, 'written')));
      assert.ok(existsSync(join(thread.cwd, 'removed')));
      assert.ok(!existsSync(join(thread.cwd, 'spawned')));
      assert.deepEqual([fetched, called], [0, 0]);
    });
  }

  test('invariant 7: whatever is attempted, by whomever and however, what happens is what was recorded as allowed', async (t) => {
    const verdicts = ['allow', 'deny', 'ask', 'none', 'throw'] as const;
    const attempts = fc.record({
      cause: fc.constantFrom(...causes),
      tried: fc.array(fc.constantFrom(...deeds), { minLength: 1, maxLength: 5 }),
      verdicts: fc.array(fc.constantFrom(...verdicts), { minLength: 1, maxLength: 5 }),
    });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(attempts, async ({ cause, tried, verdicts: given }) => {
        let asked = 0;
        const policy: Policy['judge'] = () => {
          const verdict = given[asked++ % given.length];
          if (verdict === 'throw') throw new Error('a fault');
          const grounds = { reason: 'a test', rule: 'a' };
          return verdict === undefined || verdict === 'none' ? undefined : { verdict, ...grounds };
        };
        const { happened, allowed } = await performCounted(t, cause, { tried, policy });
        assert.deepEqual(happened, allowed);
        count += happened.length;
      }),
      { numRuns: 30 },
    );
    assert.ok(count > 0, 'expected some of it to be allowed');
  });

  test('invariant 7: the record is written before the effect happens', async (t) => {
    const seen: (readonly string[])[] = [];
    const thread: TestThread = await openThread(t, {
      replies: [[{ name: 'act' }]],
      tools: [
        tool('act', async (_args, { effects }) => {
          await effects.write('a', 'a');
          return content('ok');
        }),
      ],
      settings: {},
      plugins: [
        plugin('recording', (host) => {
          host.add(observers, (event) => {
            if (event.type === 'item/appended' && event.item.type === 'decision')
              seen.push(['decided', String(existsSync(join(thread.cwd, 'a')))]);
          });
        }),
      ],
    });
    await thread.turn('go');
    assert.deepEqual(seen, [['decided', 'false']]);
  });

  test('invariant 7: what is judged and recorded is what the wrappers have made of it, and what runs', async (t) => {
    const judged: unknown[] = [];
    const thread = await openThread(t, {
      replies: [[{ name: 'act' }]],
      tools: [
        tool('act', async (_args, { effects }) => {
          const child = await effects.spawn({ argv: ['false'] });
          return content(`code ${(await child.exited).code}`);
        }),
      ],
      policy: (effect) => {
        judged.push(effect.kind === 'spawn' && effect.argv);
        return { verdict: 'allow', reason: 'a test', rule: 'all' };
      },
      plugins: [
        plugin('environment', (host) => {
          host.add(aroundEffect, (what, next) =>
            next(
              what.kind === 'spawn'
                ? { ...what, request: { ...what.request, argv: ['env', 'true'] } }
                : what,
            ),
          );
        }),
      ],
    });
    const { items, results } = await thread.turn('go');
    assert.deepEqual(judged, [['env', 'true']]);
    const decision = items.find((item) => item.type === 'decision');
    assert.deepEqual(decision?.effect['argv'], ['env', 'true']);
    assert.deepEqual(results[0]?.content, content('code 0').content);
  });

  test('invariant 7: a path is judged and recorded as what its links lead to', async (t) => {
    const outside = temporaryFolder(t);
    writeFileSync(join(outside, 'secret'), 'secret');
    const thread = await openThread(t, {
      replies: [[{ name: 'act' }]],
      tools: [
        tool('act', async (_args, { effects }) => {
          await effects.read('link/secret');
          return content('read');
        }),
      ],
      policy: null,
    });
    symlinkSync(outside, join(thread.cwd, 'link'));
    const { items, results } = await thread.turn('go');
    const decision = items.find((item) => item.type === 'decision');
    assert.deepEqual(decision?.effect, {
      kind: 'read',
      path: join(outside, 'secret'),
      inside: false,
    });
    assert.equal(decision.verdict, 'deny');
    assert.equal(results[0]?.isError, true);
  });

  test('invariant 7: a machine carries out only what has been recorded as allowed', async (t) => {
    const carriedOut: string[] = [];
    const machine = (inner: Machine): Machine => ({
      ...inner,
      name: 'counting',
      write: (path, data, mode) => {
        carriedOut.push(path);
        return inner.write(path, data, mode);
      },
    });
    const thread = await openThread(t, {
      replies: [[{ name: 'act' }]],
      choose: { machines: 'counting' },
      tools: [
        tool('act', async (_args, { effects }) => {
          await effects.write('a', 'a');
          await effects.write('b', 'b').catch(() => {});
          return content('ok');
        }),
      ],
      policy: (effect) => ({
        verdict: effect.kind === 'write' && effect.path.endsWith('b') ? 'deny' : 'allow',
        reason: 'a test',
        rule: 'a',
      }),
      plugins: [
        plugin('counting', (host) => {
          const [inner] = host.get(machines);
          if (inner !== undefined) host.add(machines, machine(inner));
        }),
      ],
    });
    const { items } = await thread.turn('go');
    const allowed = items.flatMap((item) =>
      item.type === 'decision' && item.verdict === 'allow' ? [item.effect['path']] : [],
    );
    assert.deepEqual(carriedOut, allowed);
    assert.deepEqual(carriedOut, [join(thread.cwd, 'a')]);
  });
});
