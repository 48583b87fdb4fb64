/** What the wire tells of a thread, whatever happens in it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';

import type { Body, Item, ThreadEvent } from '../../../core/index.ts';
import { historyOf } from '../../../plugins/front-ends/app-server/items/history.ts';
import type { Step } from '../../../plugins/front-ends/app-server/items/steps.ts';
import { Translation } from '../../../plugins/front-ends/app-server/items/translation.ts';
import { notifications } from '../../../plugins/front-ends/app-server/schemas/notifications.ts';

const settings = {
  cwd: '/w',
  roots: ['/w'],
  provider: 'scripted',
  sandbox: 'workspace-write',
  approval: 'untrusted',
  network: false,
  clientTools: [{ name: 'look', description: 'Looks.', inputSchema: {} }],
} as const;
const origin = { kind: 'tool', name: 'shell' } as const;
const grounds = { reason: 'r', rule: 'u' };
const tools: readonly (readonly [name: string, args: string])[] = [
  ['shell', '{"command":"ls"}'],
  ['apply_patch', '{"patch":"*** Begin Patch\\n*** Add File: a\\n+x\\n*** End Patch"}'],
  ['update_plan', '{"plan":[{"step":"s","status":"pending"}]}'],
  ['look', 'not JSON'],
  ['task', '{"prompt":"p"}'],
  ['view_image', '{"path":"i.png"}'],
  ['other', '{}'],
];

type Happening = Body | { readonly delta: 'text' | 'reasoning' | 'output'; readonly id: string };

/** What one call may come to: from nothing at all to an approved and finished one. */
const callOf = fc
  .record({
    id: fc.nat(5),
    tool: fc.constantFrom(...tools),
    asks: fc.boolean(),
    verdict: fc.constantFrom('allow', 'deny'),
    effect: fc.constantFrom('spawn', 'write', 'call', 'read'),
    shows: fc.boolean(),
    ends: fc.boolean(),
    isError: fc.boolean(),
  })
  .map(
    ({
      id,
      tool: [name, args],
      asks,
      verdict,
      effect: kind,
      shows,
      ends,
      isError,
    }): readonly Happening[] => {
      const call = `call${id}`;
      const effect = { kind, argv: ['ls'], path: '/w/a', server: 's', tool: 't' };
      const about = { call, origin, effect, ...grounds };
      const question = { kind: 'approval/ask', effect, origin, ...grounds } as const;
      return [
        { type: 'call', id: `out${id}`, call, name, args },
        ...(asks
          ? ([
              { type: 'question', id: `q${id}`, call, question },
              { type: 'answer', question: `q${id}`, answer: {}, by: 'x' },
            ] as const)
          : []),
        { type: 'decision', id: `d${id}`, verdict: verdict as 'allow', policy: 'p', ...about },
        ...(shows ? [{ delta: 'output', id: call } as const] : []),
        ...(ends
          ? ([{ type: 'result', call, name, isError, content: [], durationMs: 1 }] as const)
          : []),
      ];
    },
  );

const spoken = fc
  .record({
    id: fc.nat(5),
    kind: fc.constantFrom('text', 'reasoning'),
    shown: fc.boolean(),
    end: fc.constantFrom('whole', 'discarded', 'none'),
  })
  .map(({ id, kind, shown, end }): readonly Happening[] => {
    const name = `${kind}${id}`;
    const whole: Body =
      kind === 'text'
        ? { type: 'assistant', id: name, text: 'hello' }
        : { type: 'reasoning', id: name, summary: ['s'] };
    return [
      ...(shown ? [{ delta: kind as 'text', id: name }] : []),
      ...(end === 'whole'
        ? [whole]
        : end === 'discarded'
          ? [{ type: 'discarded', id: name, reason: 'r' } as const]
          : []),
    ];
  });

const happenings = fc.array(fc.oneof(callOf, spoken), { maxLength: 8 }).map((all) => {
  const ids = new Set<string>();
  // The kernel uses no id twice.
  return all
    .filter(([first]) => {
      const id =
        first === undefined
          ? ''
          : 'call' in first
            ? String(first.call)
            : 'id' in first
              ? first.id
              : '';
      if (ids.has(id)) return false;
      ids.add(id);
      return true;
    })
    .flat();
});

function eventsOf(turn: readonly Happening[]): readonly ThreadEvent[] {
  const bodies: readonly Happening[] = [
    { type: 'thread', version: 1, id: 't', settings },
    { type: 'turn', id: 'turn' },
    { type: 'user', content: [{ type: 'text', text: 'hi' }], how: 'start' },
    ...turn,
    { type: 'end', id: 'turn', status: 'interrupted', durationMs: 5 },
  ];
  let n = 0;
  return bodies.map((one): ThreadEvent => {
    if ('delta' in one)
      return { type: 'item/delta', thread: 't', id: one.id, kind: one.delta, text: 'some' };
    return { type: 'item/appended', thread: 't', item: { ...one, n: n++, at: 1000 } as Item };
  });
}

const told = (steps: readonly Step[]) =>
  steps.flatMap((step) => (step.kind === 'notify' ? [step] : []));

test('every item that is started is completed once, after it was started and before its turn is', () => {
  fc.assert(
    fc.property(happenings, (turn) => {
      const translation = new Translation('t');
      const steps = told(eventsOf(turn).flatMap((event) => translation.take(event)));
      const open = new Set<string>();
      const done = new Set<string>();
      for (const step of steps) {
        const schema = notifications[step.method];
        assert.ok(
          schema.safeParse(step.params).success,
          `${step.method} ${JSON.stringify(step.params)}`,
        );
        if (step.method === 'item/started') {
          assert.ok(
            !open.has(step.params.item.id) && !done.has(step.params.item.id),
            'started twice',
          );
          open.add(step.params.item.id);
        }
        if (step.method === 'item/completed') {
          assert.ok(
            open.delete(step.params.item.id),
            `completed without a start: ${step.params.item.id}`,
          );
          done.add(step.params.item.id);
        }
        if (step.method === 'turn/completed') assert.deepEqual([...open], []);
      }
      assert.equal(steps.at(-1)?.method, 'turn/completed');
    }),
  );
});

test('the history of a thread holds what was told of it live', () => {
  fc.assert(
    fc.property(happenings, (turn) => {
      const whole = turn.filter((one) => !('delta' in one));
      const events = eventsOf(whole);
      const translation = new Translation('t');
      const live = told(events.flatMap((event) => translation.take(event))).flatMap((step) =>
        step.method === 'item/completed' ? [step.params.item] : [],
      );
      const items = events.flatMap((event) => (event.type === 'item/appended' ? [event.item] : []));
      assert.deepEqual(
        historyOf('t', items).turns.flatMap((one) => one.items),
        live,
      );
    }),
  );
});

test('the deltas of a message, a thought and a command hold all of it, also when it was whole at once', () => {
  const call = {
    type: 'call',
    id: 'o',
    call: 'c',
    name: 'shell',
    args: '{"command":"ls"}',
  } as const;
  const content = [{ type: 'text', text: 'a.txt\n' }] as const;
  const events = eventsOf([
    { type: 'reasoning', id: 'r', summary: ['one', 'two'] },
    { type: 'assistant', id: 'm', text: 'Hello.' },
    call,
    {
      type: 'result',
      call: 'c',
      name: 'shell',
      isError: false,
      content,
      detail: { exitCode: 0 },
      durationMs: 1,
    },
  ]);
  const translation = new Translation('t');
  const steps = told(events.flatMap((event) => translation.take(event)));
  const deltas = steps.flatMap(({ method, params }) =>
    'delta' in params ? [[method, params.itemId, params.delta]] : [],
  );
  assert.deepEqual(deltas, [
    ['item/reasoning/summaryTextDelta', 'r', 'one\n\ntwo'],
    ['item/agentMessage/delta', 'm', 'Hello.'],
    ['item/commandExecution/outputDelta', 'c', 'a.txt\n'],
  ]);
});

test('a question is asked while it is open, with the status that waits, and settled with its answer', () => {
  const effect = { kind: 'spawn', argv: ['ls'] };
  const question = { kind: 'approval/ask', effect, origin, ...grounds } as const;
  const call = {
    type: 'call',
    id: 'o',
    call: 'c',
    name: 'shell',
    args: '{"command":"ls"}',
  } as const;
  const asked = { type: 'question', id: 'q', call: 'c', question } as const;
  const events = eventsOf([call, asked, { type: 'answer', question: 'q', answer: {}, by: 'x' }]);
  const translation = new Translation('t');
  const steps = events.flatMap((event) => translation.take(event));
  const shown = steps.map((step) => {
    if (step.kind !== 'notify') return step.kind;
    return step.method === 'thread/status/changed'
      ? JSON.stringify(step.params.status)
      : step.method;
  });
  const from = shown.indexOf('{"type":"active","activeFlags":["waitingOnApproval"]}');
  assert.deepEqual(shown.slice(from, from + 5), [
    '{"type":"active","activeFlags":["waitingOnApproval"]}',
    'item/started',
    'ask',
    'settle',
    '{"type":"active","activeFlags":[]}',
  ]);
});
