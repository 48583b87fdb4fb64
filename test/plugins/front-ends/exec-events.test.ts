import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { eventsOf, makePlace, type Place } from '../../fixtures/front-ends/run.ts';

/** An event as a client sees it that looks at what there is. */
interface Event {
  readonly type: string;
  readonly item?: { readonly id: string; readonly [key: string]: unknown };
  readonly item_id?: string;
  readonly kind?: string;
  readonly delta?: string;
  readonly diff?: string;
}

async function run(place: Place, ...argv: readonly string[]) {
  const ended = await place.run(['exec', ...argv]);
  return { ...ended, events: eventsOf<Event>(ended.stdout) };
}

const patch = '*** Begin Patch\n*** Add File: a.txt\n+one\n*** End Patch';

test('a turn as events: thread first, items started and completed, usage last', async (t) => {
  const usage = { input: 100, cached: 60, output: 20, reasoning: 5 };
  const steps = [
    {
      reasoning: 'I think.',
      text: 'I look.',
      calls: [
        { name: 'shell', args: { command: 'echo out; exit 3' }, id: 'c1' },
        { name: 'read_file', args: { path: 'gone.txt' }, id: 'c2' },
      ],
      usage,
    },
    { calls: [{ name: 'apply_patch', args: { patch }, id: 'c3' }], usage },
    { text: 'Done.', usage },
  ];
  const place = makePlace(t, { script: { steps } });
  const { code, stderr, events } = await run(place, '--json', 'x');
  assert.deepEqual([code, stderr], [0, '']);
  const command = { type: 'command_execution', command: 'echo out; exit 3' };
  const read = {
    type: 'mcp_tool_call',
    server: 'spindle',
    tool: 'read_file',
    arguments: { path: 'gone.txt' },
  };
  const [first] = place.items();
  assert.deepEqual(events, [
    { type: 'thread.started', thread_id: first?.type === 'thread' ? first.id : '' },
    { type: 'turn.started' },
    { type: 'item.completed', item: { id: 's1_reasoning', type: 'reasoning', text: 'I think.' } },
    { type: 'item.completed', item: { id: 's1_text', type: 'agent_message', text: 'I look.' } },
    {
      type: 'item.started',
      item: { id: 's1_call1', ...command, aggregated_output: '', status: 'in_progress' },
    },
    {
      type: 'item.completed',
      item: {
        id: 's1_call1',
        ...command,
        aggregated_output: 'out\n',
        exit_code: 3,
        status: 'failed',
      },
    },
    { type: 'item.started', item: { id: 's1_call2', ...read, status: 'in_progress' } },
    {
      type: 'item.completed',
      item: {
        id: 's1_call2',
        ...read,
        error: { message: `there is no ${join(place.cwd, 'gone.txt')}` },
        status: 'failed',
      },
    },
    {
      type: 'item.completed',
      item: {
        id: 's2_call1',
        type: 'file_change',
        changes: [{ path: join(place.cwd, 'a.txt'), kind: 'add' }],
        status: 'completed',
      },
    },
    { type: 'item.completed', item: { id: 's3_text', type: 'agent_message', text: 'Done.' } },
    {
      type: 'turn.completed',
      usage: {
        input_tokens: 300,
        cached_input_tokens: 180,
        cache_write_input_tokens: 0,
        output_tokens: 60,
        reasoning_output_tokens: 15,
      },
    },
  ]);
});

test('a turn that fails ends with turn.failed and its exit code; no text is on stderr', async (t) => {
  const error = { code: 'model_unreachable' as const, message: 'nobody there' };
  const place = makePlace(t, { script: { steps: [{ error }] } });
  const { code, stderr, events } = await run(place, '--json', 'x');
  assert.deepEqual([code, stderr], [5, '']);
  assert.deepEqual(events.at(-1), {
    type: 'turn.failed',
    error: { message: 'nobody there', code: 'model_unreachable' },
  });
});

test('what fails before there is a thread is an error event and a line on stderr', async (t) => {
  const { code, stderr, events } = await run(makePlace(t), '--json', 'resume', '--last', 'x');
  assert.equal(code, 1);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['error'],
  );
  assert.match(stderr, /^spindle exec: no thread has run in /);
});

const planned = (status: string) => [
  { name: 'update_plan', args: { plan: [{ step: 'mend', status }] } },
];

const plan = (completed: boolean) => ({
  id: 's1_call1',
  type: 'todo_list',
  items: [{ text: 'mend', completed }],
});

test('a plan is one item that is updated and completed in the end', async (t) => {
  const steps = [
    { calls: planned('in_progress') },
    { calls: planned('completed') },
    { text: 'Done.' },
  ];
  const { events } = await run(makePlace(t, { script: { steps } }), '--json', 'x');
  assert.deepEqual(
    events.filter(({ item }) => item?.['type'] === 'todo_list'),
    [
      { type: 'item.started', item: plan(false) },
      { type: 'item.updated', item: plan(true) },
      { type: 'item.completed', item: plan(true) },
    ],
  );
});

test('a command that outlives its call is updated, and completed when the turn ends with it still running', async (t) => {
  const steps = [
    {
      calls: [
        {
          name: 'shell',
          args: { command: 'echo first; sleep 0.3; echo second; sleep 60', yield_ms: 100 },
        },
      ],
    },
    {
      expect: 'process (?<id>\\w+)',
      calls: [{ name: 'shell_input', args: { process: '{{id}}', wait_ms: 600 } }],
    },
    { text: 'It runs.' },
  ];
  const { code, events } = await run(makePlace(t, { script: { steps } }), '--json', 'x');
  assert.equal(code, 0);
  const commands = events.filter(({ item }) => item?.['type'] === 'command_execution');
  assert.deepEqual(
    commands.map(({ type, item }) => [
      type,
      item?.id,
      item?.['aggregated_output'],
      item?.['status'],
    ]),
    [
      ['item.started', 's1_call1', '', 'in_progress'],
      ['item.updated', 's1_call1', 'first\n', 'in_progress'],
      ['item.updated', 's1_call1', 'first\nsecond\n', 'in_progress'],
      ['item.completed', 's1_call1', 'first\nsecond\n', 'failed'],
    ],
  );
  assert.equal(events.at(-1)?.type, 'turn.completed');
});

test('deltas and diffs come only when asked for, and belong to the items that follow', async (t) => {
  const steps = [
    {
      text: 'I write now.',
      calls: [
        { name: 'apply_patch', args: { patch } },
        { name: 'shell', args: { command: 'echo out' } },
      ],
    },
    { text: 'Done.' },
  ];
  const script = { steps, deltas: 3 };
  const plain = await run(makePlace(t, { script }), '--json', 'x');
  assert.ok(plain.events.every(({ type }) => type !== 'item.delta' && type !== 'item.diff'));
  const { events } = await run(makePlace(t, { script }), '--json-deltas', 'x');
  const textOf = (id: string, kind: string) =>
    events
      .flatMap((event) => (event.item_id === id && event.kind === kind ? [event.delta] : []))
      .join('');
  assert.equal(textOf('s1_text', 'text'), 'I write now.');
  assert.deepEqual(JSON.parse(textOf('s1_call1', 'args')), { patch });
  assert.equal(textOf('s1_call2', 'output'), 'out\n');
  // One word is whole before any of it could be shown.
  assert.equal(textOf('s2_text', 'text'), 'Done.');
  const diff = events.find(({ type }) => type === 'item.diff');
  assert.equal(diff?.item_id, 's1_call1');
  assert.match(diff?.diff ?? '', /^diff --git a\/a\.txt b\/a\.txt\n[\s\S]*\n\+one\n$/);
});

test('a call id that the model used before is told apart in later events', async (t) => {
  const steps = [
    { when: 'x', calls: [{ name: 'shell', args: { command: 'true' } }] },
    { text: 'Done.' },
  ];
  const place = makePlace(t, { script: { steps } });
  await run(place, '--json', 'x');
  const { events } = await run(place, '--json', 'resume', '--last', 'x');
  assert.deepEqual(
    events.flatMap(({ type, item }) =>
      item?.['type'] === 'command_execution' ? [[type, item['status']]] : [],
    ),
    [
      ['item.started', 'in_progress'],
      ['item.completed', 'completed'],
    ],
  );
});

test('--experimental-json exits with 0 whenever the turn was completed, and says what has no effect', async (t) => {
  const steps = [{ calls: [{ name: 'shell', args: { command: 'true' } }] }, { text: 'Denied.' }];
  const denied = makePlace(t, { script: { steps }, allow: false });
  const { code, events } = await run(denied, '--experimental-json', '--config', 'a.b=1', 'x');
  assert.equal(code, 0);
  assert.deepEqual(events[1], {
    type: 'item.completed',
    item: { id: 'error_1', type: 'error', message: '--config a.b=1 has no effect here' },
  });
  assert.equal((await run(denied, '--json', 'resume', '--last', 'again')).code, 3);
});

test('every item that was started is completed, also when the turn is cut short', async (t) => {
  const calls = [
    { name: 'shell', args: { command: 'sleep 60' } },
    { name: 'read_file', args: { path: 'a' } },
  ];
  const { code, events } = await run(
    makePlace(t, { script: { steps: [{ calls }] } }),
    '--json',
    '--timeout',
    '0.4',
    'x',
  );
  assert.equal(code, 4);
  const ids = (wanted: string) =>
    events.flatMap(({ type, item }) => (type === wanted && item !== undefined ? [item.id] : []));
  const open = ids('item.started').filter((id) => !ids('item.completed').includes(id));
  assert.deepEqual(open, []);
  assert.equal(events.at(-1)?.type, 'turn.failed');
});
