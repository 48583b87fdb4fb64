/** The gate, its questions and their answers. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import * as fc from 'fast-check';

import { policies } from '../../core/index.ts';
import type { Answer, Item, Policy, Question, SpawnRequest, Verdict } from '../../core/index.ts';
import {
  content,
  openThread,
  plugin,
  runTurn,
  textOfResult,
  tool,
  untilIdle,
  untilItem,
  type ThreadOptions,
} from './support/thread.ts';
import { temporaryFolder } from '../fixtures/folders.ts';

const judging = (verdict: Verdict['verdict'], rule: string = verdict): Policy['judge'] => {
  return () => ({ verdict, reason: `because of ${rule}`, rule });
};
const policy = (name: string, judge: Policy['judge'], more: Partial<Policy> = {}) =>
  plugin(name, (host) => void host.add(policies, { name, judge, ...more }));

/** One turn with one call, which writes the file `out`. */
const writing: ThreadOptions = {
  replies: [[{ name: 'write', id: 'the-call' }], 'ok', [{ name: 'write' }], 'ok'],
  tools: [
    tool('write', async (_args, { effects }) => {
      await effects.write('out', 'text');
      return content('written');
    }),
  ],
};

const running = (request: Partial<SpawnRequest>): ThreadOptions => ({
  replies: [[{ name: 'run' }], 'ok'],
  tools: [
    tool('run', async (_args, { effects }) => {
      const child = await effects.spawn({ argv: ['cat'], stdin: true, ...request });
      await child.write('text');
      child.end();
      await child.exited;
      return content('ran');
    }),
  ],
});
const decisionsOf = ({ items }: { readonly items: readonly Item[] }) =>
  items.filter((item) => item.type === 'decision');

suite('whose an effect is', () => {
  test('a process that is an MCP server acts, and is written to, as that server', async (t) => {
    const thread = await openThread(t, running({ server: 'files' }));
    const decisions = decisionsOf(await thread.turn('go'));
    assert.deepEqual(
      decisions.map(({ effect, origin }) => [effect.kind, origin]),
      ['spawn', 'input'].map((kind) => [kind, { kind: 'mcp', name: 'files' }]),
    );
  });

  test('a process that is to run unconfined needs no sandbox, and is judged as unconfined', async (t) => {
    const settings = { sandbox: 'workspace-write' } as const;
    const thread = await openThread(t, { ...running({ unconfined: true }), settings });
    const [decision] = decisionsOf(await thread.turn('go'));
    assert.deepEqual([decision?.effect['confined'], decision?.effect['network']], ['none', true]);
  });

  test('what tools of a sub-agent do is the agent’s, with the tool that it used', async (t) => {
    const { client, id: thread } = await openThread(t, running({}));
    const parent = { thread, agent: 'reviewer' };
    const child = await client.request('thread/start', { parent, ephemeral: true });
    const decisions = decisionsOf(await runTurn(client, child.id, 'go'));
    assert.deepEqual(decisions[0]?.origin, { kind: 'agent', name: 'reviewer', tool: 'run' });
  });
});

suite('the strictest verdict wins', () => {
  test('whatever the number and order of policies, the strictest of their verdicts is followed', async (t) => {
    const verdicts = fc.array(fc.constantFrom('allow', 'ask', 'deny', undefined), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(verdicts, async (given) => {
        const thread = await openThread(t, {
          ...writing,
          policy: null,
          plugins: given.map((verdict, at) =>
            policy(`p${at}`, verdict === undefined ? () => undefined : judging(verdict)),
          ),
        });
        const { items } = await thread.turn('go', { answer: () => ({ decision: 'once' }) });
        const asked = items.filter((item) => item.type === 'question').length;
        const decision = items.find((item) => item.type === 'decision');
        const isDenied = given.includes('deny');
        const isAsked = !isDenied && (given.includes('ask') || given.every((one) => !one));
        assert.equal(decision?.verdict, isDenied ? 'deny' : 'allow');
        assert.equal(asked, isAsked ? 1 : 0);
        assert.equal(existsSync(join(thread.cwd, 'out')), !isDenied);
        await thread.kernel[Symbol.asyncDispose]();
      }),
      { numRuns: 40 },
    );
  });

  test('the record names the policy that decided, its rule and reason', async (t) => {
    const thread = await openThread(t, {
      ...writing,
      plugins: [policy('strict', judging('deny', 'no writes')), policy('lax', judging('allow'))],
    });
    const { items, results } = await thread.turn('go');
    const decision = items.find((item) => item.type === 'decision');
    assert.deepEqual(
      [decision?.policy, decision?.rule, decision?.reason, decision?.call],
      ['strict', 'no writes', 'because of no writes', 'the-call'],
    );
    const told = 'denied: because of no writes (rule: no writes)';
    assert.equal(textOfResult(results[0]), told, 'the reason is told to the model');
  });

  test('without a policy a read in the roots is allowed, and one outside, or a write, is asked', async (t) => {
    const outside = temporaryFolder(t);
    writeFileSync(join(outside, 'secret'), 'secret');
    const looks: readonly (readonly [string, boolean])[] = [
      ['file', true],
      ['.', true],
      ['sub/../file', true],
      ['../', false],
      [join(outside, 'secret'), false],
      ['link/secret', false],
      ['missing', true],
    ];
    const thread = await openThread(t, {
      policy: null,
      replies: [looks.map(([path]) => ({ name: 'look', args: { path } }))],
      tools: [
        tool('look', async ({ path }, { effects }) => {
          const { kind } = await effects.stat(String(path));
          return content(kind);
        }),
      ],
    });
    writeFileSync(join(thread.cwd, 'file'), 'file');
    mkdirSync(join(thread.cwd, 'sub'));
    symlinkSync(outside, join(thread.cwd, 'link'));
    const { items } = await thread.turn('go');
    const verdicts = items.flatMap((item) =>
      item.type === 'decision' ? [item.verdict === 'allow'] : [],
    );
    assert.deepEqual(
      verdicts,
      looks.map(([, isAllowed]) => isAllowed),
    );
  });

  test('a folder whose name begins like a root is outside of it', async (t) => {
    const seen: unknown[] = [];
    const thread = await openThread(t, {
      replies: [[{ name: 'write' }]],
      tools: [
        tool('write', async (_args, { effects, call: { settings } }) => {
          await effects.stat(`${settings.cwd}x`).catch(() => {});
          await effects.stat(settings.cwd);
          return content('ok');
        }),
      ],
      policy: (effect) => {
        seen.push(effect.kind === 'read' && effect.inside);
        return { verdict: 'allow', reason: 'a test', rule: 'all' };
      },
    });
    await thread.turn('go');
    assert.deepEqual(seen, [false, true]);
  });
});

suite('a question', () => {
  test('shows the effect as it will happen, its origin, the reason, the rule and what could be remembered', async (t) => {
    const proposal = { allow: 'writes' };
    const thread = await openThread(t, {
      ...writing,
      policy: () => ({ verdict: 'ask', reason: 'a write', rule: 'ask all', proposal }),
    });
    const questions: Question[] = [];
    await thread.turn('go', {
      answer: ({ question }) => {
        questions.push(question);
        return { decision: 'once' };
      },
    });
    assert.deepEqual(questions, [
      {
        kind: 'approval/ask',
        effect: { kind: 'write', path: join(thread.cwd, 'out'), inside: true, remove: false },
        origin: { kind: 'tool', name: 'write' },
        reason: 'a write',
        rule: 'ask all',
        proposal,
      },
    ]);
  });

  const answers: readonly (readonly [Answer, boolean, RegExp])[] = [
    [{ decision: 'once' }, true, /^written$/],
    [{ decision: 'thread' }, true, /^written$/],
    [{ decision: 'project' }, true, /^written$/],
    [{ decision: 'deny' }, false, /^denied: the user said no /],
    [{ decision: 'deny', remark: 'use another file' }, false, /^denied: use another file /],
    [{}, false, /^denied: the user said no /],
    [{ value: 'yes' }, false, /^denied: the user said no /],
  ];
  for (const [answer, isAllowed, says] of answers) {
    test(`answered by ${JSON.stringify(answer)} ${isAllowed ? 'allows' : 'denies'}, and the record names who answered`, async (t) => {
      const thread = await openThread(t, { ...writing, policy: judging('ask') });
      const { items, results, end } = await thread.turn('go', { answer: () => answer });
      assert.match(textOfResult(results[0]), says);
      assert.equal(existsSync(join(thread.cwd, 'out')), isAllowed);
      const decision = items.find((item) => item.type === 'decision');
      assert.deepEqual([decision?.verdict, decision?.by], [isAllowed ? 'allow' : 'deny', 'test']);
      assert.equal(end.status, 'completed', 'the turn goes on');
    });
  }

  test('answered by stop denies and ends the turn', async (t) => {
    const thread = await openThread(t, { ...writing, policy: judging('ask') });
    const { results, end } = await thread.turn('go', { answer: () => ({ decision: 'stop' }) });
    assert.equal(end.status, 'interrupted');
    assert.equal(results.length, 1);
    assert.ok(!existsSync(join(thread.cwd, 'out')));
    assert.equal(thread.model.requests.length, 1);
  });

  test('answered for longer tells the policy that asked, and no other; once tells nobody', async (t) => {
    const told: unknown[] = [];
    const answered =
      (name: string): Policy['answered'] =>
      (effect, how, on) =>
        void told.push([name, effect.kind, how, on.proposal]);
    const proposal = { allow: 'writes' };
    const asks: Policy['judge'] = () => ({ ...ask, proposal });
    const ask = { verdict: 'ask', reason: 'a test', rule: 'ask' } as const;
    const thread = await openThread(t, {
      ...writing,
      plugins: [
        policy('asking', asks, { answered: answered('asking') }),
        policy('other', judging('allow'), { answered: answered('other') }),
      ],
    });
    await thread.turn('go', { answer: () => ({ decision: 'once' }) });
    assert.deepEqual(told, []);
    await thread.turn('go', { answer: () => ({ decision: 'project' }) });
    assert.deepEqual(told, [['asking', 'write', 'project', proposal]]);
  });

  test('is answered by the first; a later answer is a conflict; both it and the answer are items', async (t) => {
    const thread = await openThread(t, { ...writing, policy: judging('ask') });
    const { client, id, kernel } = thread;
    using _first = client.subscribe({ thread: id, answers: true });
    const second = kernel.client('second');
    using _second = second.subscribe({ thread: id, answers: true });
    await thread.start('go');
    const { id: question, call } = await untilItem(client, id, 'question');
    assert.equal(call, 'the-call');
    const answer = (decision: 'once' | 'deny') => ({ thread: id, question, answer: { decision } });
    await second.request('question/answer', answer('once'));
    await assert.rejects(client.request('question/answer', answer('deny')), {
      code: 'conflict',
      message: new RegExp(`question ${question} is not open`),
    });
    await untilIdle(client, id);
    assert.ok(existsSync(join(thread.cwd, 'out')));
    const given = (await thread.items()).filter((item) => item.type === 'answer');
    assert.deepEqual(
      given.map(({ by }) => by),
      ['second'],
    );
    const decision = (await thread.items()).find((item) => item.type === 'decision');
    assert.deepEqual([decision?.by, decision?.reason], ['second', 'second allowed it (once)']);
  });

  test('that nobody can answer is denied at once, told to the model, and no item', async (t) => {
    const thread = await openThread(t, { ...writing, policy: judging('ask') });
    using _watching = thread.client.subscribe({ thread: thread.id });
    const { items, results, end } = await thread.turn('go');
    assert.match(textOfResult(results[0]), /^denied: because of ask, and nobody is there to ask/);
    const decision = items.find((item) => item.type === 'decision');
    assert.deepEqual([decision?.verdict, decision?.by], ['deny', 'nobody']);
    assert.deepEqual(
      items.filter(({ type }) => type === 'question'),
      [],
    );
    assert.equal(end.status, 'completed');
  });

  test('is in the status while it is open, and not after', async (t) => {
    const thread = await openThread(t, { ...writing, policy: judging('ask') });
    const { client, id } = thread;
    using _answering = client.subscribe({ thread: id, answers: true });
    await thread.start('go');
    const { id: question } = await untilItem(client, id, 'question');
    const status = async () => (await client.request('thread/update', { thread: id })).status;
    assert.deepEqual(
      (await status()).questions.map((one) => one.id),
      [question],
    );
    const answer = { decision: 'once' } as const;
    await client.request('question/answer', { thread: id, question, answer });
    assert.deepEqual((await status()).questions, []);
    await untilIdle(client, id);
  });

  test('outside of a turn is answered as well, and closed with its thread', async (t) => {
    const { client, id } = await openThread(t);
    using _answering = client.subscribe({ thread: id, answers: true });
    const question = { kind: 'input/ask', message: '?', schema: {}, from: 'x' } as const;
    const first = client.request('question/ask', { thread: id, question });
    const asked = await untilItem(client, id, 'question');
    const answer = { value: 'yes' };
    await client.request('question/answer', { thread: id, question: asked.id, answer });
    assert.deepEqual(await first, { value: 'yes', by: 'test' });
    const second = client.request('question/ask', { thread: id, question });
    await client.request('thread/close', { thread: id });
    const late = new Promise((resolve) => setImmediate(resolve, 'still open'));
    assert.deepEqual(await Promise.race([second, late]), { decision: 'deny', by: 'closed' });
  });
});

suite("a client's tool", () => {
  const theirs = { name: 'theirs', description: 'of the client', inputSchema: { type: 'object' } };
  const calling: ThreadOptions = {
    replies: [[{ name: 'theirs', args: { a: 1 }, id: 'c' }], 'ok'],
    settings: { clientTools: [theirs] },
  };

  test('is offered to the model, asked as a question, and its answer is the result', async (t) => {
    const thread = await openThread(t, calling);
    const questions: unknown[] = [];
    const { results } = await thread.turn('go', {
      answer: ({ question, call }) => {
        questions.push([question, call]);
        return { value: { ...content('from the client'), detail: { x: 1 } } };
      },
    });
    assert.deepEqual(questions, [[{ kind: 'tool/call', name: 'theirs', args: { a: 1 } }, 'c']]);
    assert.deepEqual(
      [textOfResult(results[0]), results[0]?.isError, results[0]?.detail],
      ['from the client', false, { x: 1 }],
    );
    const offered = thread.model.requests[0]?.parts.find(({ part }) => part.type === 'tools')?.part;
    assert.deepEqual(offered?.type === 'tools' && offered.tools, [theirs]);
  });

  for (const [answer, says] of [
    [{ value: { content: [{ type: 'text', text: 'it failed' }], isError: true } }, /^it failed$/],
    [{ remark: 'not now' }, /^not now$/],
    [{}, /^no client ran theirs$/],
    [{ value: 'text' }, /^no client ran theirs$/],
  ] as const) {
    test(`answered by ${JSON.stringify(answer)} is an error that says ${says}`, async (t) => {
      const thread = await openThread(t, calling);
      const { results } = await thread.turn('go', { answer: () => answer });
      assert.equal(results[0]?.isError, true);
      assert.match(textOfResult(results[0]), says);
    });
  }

  test('that no client is there to run is an error, not a hang', async (t) => {
    const thread = await openThread(t, calling);
    const { results, end } = await thread.turn('go');
    assert.match(textOfResult(results[0]), /^no client ran theirs$/);
    assert.equal(end.status, 'completed');
  });
});
