/** The whole life of a thread over the app server, as a client sees it that knows only the wire. */

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { connectClient } from '../fixtures/front-ends/app-client.ts';
import type { Answer } from '../fixtures/model-server.ts';
import { makeE2e, unconfined } from './place.ts';

const say = (text: string) => [{ type: 'text' as const, text }];

interface Options {
  readonly flags?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: object;
}

async function connected(t: TestContext, answers: readonly Answer[], options: Options = {}) {
  const place = await makeE2e(t, { answers, ...options });
  const start = () => place.start('app-server', ...unconfined, ...(options.flags ?? []));
  const client = await connectClient(t, start());
  const turn = async (threadId: string, text: string) => {
    const started = await client.request('turn/start', { threadId, input: say(text) });
    const { turn: ended } = await client.until(
      'turn/completed',
      (told) => told.turn.id === started.turn.id,
    );
    return ended;
  };
  return { ...place, client, turn, again: () => connectClient(t, start()) };
}

const texts = (items: readonly { readonly type: string; readonly text?: string }[]) =>
  items.flatMap(({ type, text }) => (type === 'agentMessage' ? [text] : []));

test('a thread is read, paged, named, searched, forked, reverted, put away, taken out and deleted', async (t) => {
  const { client, cwd, turn } = await connected(
    t,
    ['one', 'two', 'three', 'four'].map((text) => ({ text })),
  );
  const { thread } = await client.request('thread/start', { cwd });
  const threadId = thread.id;
  assert.deepEqual((await client.request('thread/loaded/list', {})).data, [threadId]);
  const first = await turn(threadId, 'first question');
  const second = await turn(threadId, 'second question');
  const third = await turn(threadId, 'third question');
  assert.deepEqual(texts(third.items), ['three']);

  const read = await client.request('thread/read', { threadId, includeTurns: true });
  assert.deepEqual(
    read.thread.turns.map(({ id, status }) => [id, status]),
    [first, second, third].map(({ id }) => [id, 'completed']),
  );
  assert.equal(read.thread.preview, 'first question');
  const inSection = await client.request('thread/list', { sectionId: 'pinned' });
  assert.deepEqual(inSection.data, [], 'no thread is in a section');
  const page = await client.request('thread/turns/list', { threadId, limit: 2 });
  assert.deepEqual(
    page.data.map(({ id }) => id),
    [third.id, second.id],
  );
  const rest = await client.request('thread/turns/list', { threadId, cursor: page.nextCursor });
  assert.deepEqual([rest.data.map(({ id }) => id), rest.nextCursor], [[first.id], null]);
  const items = await client.request('thread/items/list', { threadId, turnId: second.id });
  assert.deepEqual(
    items.data.map(({ item }) => item.type),
    ['userMessage', 'agentMessage'],
  );

  await client.request('thread/name/set', { threadId, name: 'Questions' });
  assert.equal((await client.until('thread/name/updated')).threadName, 'Questions');
  const found = await client.request('thread/list', { searchTerm: 'QUESTIONS', cwd });
  assert.deepEqual(
    found.data.map(({ id, name, preview }) => [id, name, preview]),
    [[threadId, 'Questions', 'first question']],
  );
  assert.deepEqual(
    (await client.request('thread/list', { searchTerm: 'nothing like it' })).data,
    [],
  );

  const fork = await client.request('thread/fork', { threadId, lastTurnId: second.id });
  assert.deepEqual(
    fork.thread.turns.map(({ id }) => id),
    [first.id, second.id],
  );
  assert.equal(fork.thread.forkedFromId, threadId);
  const listed = await client.request('thread/list', { limit: 1, sortDirection: 'asc' });
  assert.deepEqual([listed.data[0]?.id, typeof listed.nextCursor], [threadId, 'string']);

  const reverted = await client.request('thread/revert', { threadId, beforeTurnId: third.id });
  assert.equal(reverted.turnsBackwardsCursor, second.id);
  await client.until('thread/reverted');
  const rolled = await client.request('thread/rollback', { threadId, numTurns: 1 });
  assert.deepEqual(
    rolled.thread.turns.map(({ id }) => id),
    [first.id],
  );
  const fourth = await turn(threadId, 'fourth question');
  const now = await client.request('thread/turns/list', {
    threadId,
    sortDirection: 'asc',
    itemsView: 'full',
  });
  assert.deepEqual(
    now.data.map(({ id }) => id),
    [first.id, fourth.id],
  );

  await client.request('thread/archive', { threadId });
  await client.until('thread/archived');
  assert.deepEqual(
    (await client.request('thread/list', { archived: true })).data.map(({ id }) => id),
    [threadId],
  );
  const { thread: back } = await client.request('thread/unarchive', { threadId });
  assert.deepEqual([back.id, back.status.type], [threadId, 'notLoaded']);
  await client.request('thread/delete', { threadId });
  await client.until('thread/deleted');
  assert.equal((await client.refused('thread/read', { threadId })).data?.code, 'not_found');
});

test('settings of start and turn take effect and stick; what has no meaning is noticed, not refused', async (t) => {
  const { client, cwd, turn, server } = await connected(t, [{ text: 'a' }, { text: 'b' }]);
  const started = await client.requestOld('thread/start', {
    cwd,
    model: 'big',
    approvalPolicy: 'on-failure',
    sandbox: 'workspaceWrite',
    config: {
      model_reasoning_effort: 'high',
      sandbox_workspace_write: { network_access: true },
      web_search: 'live',
      'features.x': true,
    },
    developerInstructions: 'Be brief.',
    personality: 'friendly',
  });
  assert.deepEqual(
    [started.model, started.approvalPolicy, started.reasoningEffort, started.sandbox],
    [
      'big',
      'on-request',
      'high',
      {
        type: 'workspaceWrite',
        writableRoots: [],
        networkAccess: true,
        excludeTmpdirEnvVar: false,
        excludeSlashTmp: false,
      },
    ],
  );
  const { message } = await client.until('warning'); // one for all of them
  assert.equal(message, 'configuration without effect here: web_search="live", features.x=true');
  const threadId = started.thread.id;
  await client.request('turn/start', {
    threadId,
    input: say('x'),
    effort: 'low',
    sandboxPolicy: { type: 'readOnly' },
  });
  const told = await client.until('thread/settings/updated');
  assert.deepEqual(
    [told.threadSettings.effort, told.threadSettings.sandboxPolicy],
    ['low', { type: 'readOnly', networkAccess: false }],
  );
  await client.until('turn/completed');
  await turn(threadId, 'again');
  assert.match(server.requests[1]?.body ?? '', /"effort":"low"/u);
  assert.match(server.requests[0]?.body ?? '', /Be brief\./u);
  const profile = await client.refused('thread/start', { cwd, permissions: ':no-such' });
  assert.deepEqual([profile.code, profile.data?.path], [-32602, 'permissions']);
});

test('what is typed while a turn runs goes into it, by steer and by start; another turn’s id is refused', async (t) => {
  const wait = {
    parts: [{ call: 'shell', args: { command: 'until [ -e go ]; do sleep 0.05; done' } }],
  };
  const { client, cwd, server } = await connected(t, [
    wait,
    { text: 'Both heard.' },
    { text: 'And the third.' },
  ]);
  const { thread } = await client.request('thread/start', { cwd });
  const threadId = thread.id;
  const { turn } = await client.request('turn/start', { threadId, input: say('begin') });
  await client.until('item/started', ({ item }) => item.type === 'commandExecution');
  const wrong = { threadId, expectedTurnId: 'other', input: say('no') };
  assert.equal((await client.refused('turn/steer', wrong)).code, -32600);
  const steered = await client.request('turn/steer', {
    threadId,
    expectedTurnId: turn.id,
    input: say('by steer'),
  });
  assert.equal(steered.turnId, turn.id);
  const again = await client.request('turn/start', { threadId, input: say('by start') });
  assert.equal(again.turn.id, turn.id);
  const { queuedSubmission } = await client.request('thread/queue/add', {
    threadId,
    input: say('later'),
    clientUserMessageId: 'mine',
  });
  await client.request('command/exec', { command: ['touch', 'go'], cwd });
  const ended = await client.until('turn/completed');
  assert.equal(ended.turn.items.filter(({ type }) => type === 'userMessage').length, 3);
  assert.match(server.requests[1]?.body ?? '', /by steer.*by start/u);
  const next = await client.until('turn/completed');
  assert.equal(next.turn.id, queuedSubmission.id);
});

test('an interrupt answers, completes what was started, and ends the turn as interrupted', async (t) => {
  const { client, cwd } = await connected(t, [
    { parts: [{ call: 'shell', args: { command: 'sleep 60' } }] },
  ]);
  const { thread } = await client.request('thread/start', { cwd });
  const threadId = thread.id;
  const { turn } = await client.request('turn/start', { threadId, input: say('sleep') });
  const { item } = await client.until(
    'item/started',
    (told) => told.item.type === 'commandExecution',
  );
  assert.equal(
    (await client.refused('turn/interrupt', { threadId, turnId: 'other' })).code,
    -32600,
  );
  await client.request('turn/interrupt', { threadId, turnId: turn.id });
  const ended = await client.until('item/completed', (told) => told.item.id === item.id);
  assert.ok(ended.item.type === 'commandExecution' && ended.item.status === 'failed');
  assert.equal((await client.until('turn/completed')).turn.status, 'interrupted');
});

const command = (id: string) => ({
  parts: [{ call: 'shell', args: { command: 'touch no' }, id }],
});

test('a refused command is declined and the turn goes on; a cancelled one stops it', async (t) => {
  const answers = [command('a'), { text: 'I see.' }, command('b')];
  const { client, cwd, turn } = await connected(t, answers, { flags: ['--approval', 'untrusted'] });
  const { thread } = await client.request('thread/start', { cwd });
  client.answers['item/commandExecution/requestApproval'] = () => ({ decision: 'decline' });
  const first = await turn(thread.id, 'try');
  assert.equal(first.status, 'completed');
  const statuses = client.told.flatMap(({ method, params }) =>
    method === 'item/completed' && 'item' in params && params.item.type === 'commandExecution'
      ? [params.item.status]
      : [],
  );
  assert.deepEqual(statuses, ['declined']);
  client.answers['item/commandExecution/requestApproval'] = () => ({ decision: 'cancel' });
  assert.equal((await turn(thread.id, 'again')).status, 'interrupted');
});

test('an answer that makes no sense declines, and says so to the model', async (t) => {
  const answers = [
    { parts: [{ call: 'shell', args: { command: 'touch no' } }] },
    { text: 'I see.' },
  ];
  const { client, cwd, turn, server } = await connected(t, answers, {
    flags: ['--approval', 'untrusted'],
  });
  const { thread } = await client.request('thread/start', { cwd });
  client.answersRaw['item/commandExecution/requestApproval'] = () => ({ decision: 'maybe' });
  assert.equal((await turn(thread.id, 'try')).status, 'completed');
  assert.match(server.requests[1]?.body ?? '', /the answer is invalid/u);
});

test('a tool of the client is called by its own name, and its answer reaches the model', async (t) => {
  const answers = [
    { parts: [{ call: 'desk__look', args: { at: 'lamp' }, id: 'c1' }] },
    { text: 'It is on.' },
  ];
  const { client, cwd, turn, server } = await connected(t, answers);
  client.answers['item/tool/call'] = ({ namespace, tool, arguments: args }) => {
    assert.deepEqual([namespace, tool, args], ['desk', 'look', { at: 'lamp' }]);
    return { contentItems: [{ type: 'inputText', text: 'the lamp is on' }], success: true };
  };
  const look = {
    name: 'look',
    description: 'Looks.',
    inputSchema: { type: 'object', properties: { at: { type: 'string' } } },
  };
  const tools = [
    {
      type: 'namespace' as const,
      name: 'desk',
      description: 'A desk.',
      tools: [{ type: 'function' as const, ...look }],
    },
  ];
  const { thread } = await client.request('thread/start', { cwd, dynamicTools: tools });
  await turn(thread.id, 'look');
  assert.match(server.requests[1]?.body ?? '', /the lamp is on/u);
  const { data } = await client.request('thread/items/list', { threadId: thread.id });
  const item = data.map((one) => one.item).find(({ type }) => type === 'dynamicToolCall');
  assert.ok(item?.type === 'dynamicToolCall');
  assert.deepEqual(
    [item.namespace, item.tool, item.success, item.status],
    ['desk', 'look', true, 'completed'],
  );
});

test('questions of the agent are short questions, with the status that waits for the user', async (t) => {
  const questions = [{ question: 'Which colour?', options: ['red', 'blue'] }, { question: 'Why?' }];
  const answers = [{ parts: [{ call: 'ask_user', args: { questions } }] }, { text: 'Thanks.' }];
  const { client, cwd, turn, server } = await connected(t, answers);
  client.answers['item/tool/requestUserInput'] = ({ questions: asked }) => {
    assert.deepEqual(
      asked.map(({ id, question, isOther, options }) => [
        id,
        question,
        isOther,
        options?.map(({ label }) => label),
      ]),
      [
        ['q1', 'Which colour?', true, ['red', 'blue']],
        ['q2', 'Why?', false, undefined],
      ],
    );
    return { answers: { q1: { answers: ['green'] }, q2: { answers: ['it is calm'] } } };
  };
  const { thread } = await client.request('thread/start', { cwd });
  await turn(thread.id, 'ask');
  assert.match(server.requests[1]?.body ?? '', /green.*it is calm/u);
  assert.ok(
    client.told.some(
      ({ method, params }) =>
        method === 'thread/status/changed' && JSON.stringify(params).includes('waitingOnUserInput'),
    ),
  );
});

test('reading outside the workspace asks for that permission', async (t) => {
  const answers = [
    { parts: [{ call: 'read_file', args: { path: '/etc/hostname' } }] },
    { text: 'Read.' },
  ];
  const { client, cwd, turn, server } = await connected(t, answers, {
    flags: ['--approval', 'untrusted'],
  });
  client.answers['item/permissions/requestApproval'] = ({ permissions }) => {
    return { permissions: { fileSystem: permissions.fileSystem ?? {} }, scope: 'turn' };
  };
  const { thread } = await client.request('thread/start', { cwd });
  assert.equal((await turn(thread.id, 'read')).status, 'completed');
  assert.equal(server.requests.length, 2);
});

test('a plan is told as steps and as an item, a hosted search and a compaction as items', async (t) => {
  const plan = [
    { step: 'Look', status: 'completed' },
    { step: 'Do', status: 'in_progress' },
  ];
  const answers = [
    {
      parts: [
        { webSearch: 'weather' },
        { call: 'update_plan', args: { plan, explanation: 'so far' } },
      ],
    },
    { text: 'Planned.' },
    { text: 'Summary: it was planned.' },
  ];
  const { client, cwd, turn } = await connected(t, answers);
  const { thread } = await client.request('thread/start', { cwd });
  const threadId = thread.id;
  await turn(threadId, 'plan');
  const told = client.told.find(({ method }) => method === 'turn/plan/updated')?.params;
  assert.ok(told !== undefined && 'plan' in told);
  assert.deepEqual(
    [told.explanation, told.plan],
    [
      'so far',
      [
        { step: 'Look', status: 'completed' },
        { step: 'Do', status: 'inProgress' },
      ],
    ],
  );
  await client.request('thread/compact/start', { threadId });
  await client.until('turn/completed');
  const { data } = await client.request('thread/items/list', { threadId });
  const types = data.map(({ item }) => item.type);
  for (const type of ['webSearch', 'plan'] as const)
    assert.ok(types.includes(type), `${type} in ${types.join()}`);
});

test('a review is a turn in review mode, and a failed turn says what failed', async (t) => {
  const { client, cwd } = await connected(t, [
    { text: 'Nothing to mend.' },
    { status: 400, body: { error: { message: 'not like this' } } },
  ]);
  const { thread } = await client.request('thread/start', { cwd });
  const threadId = thread.id;
  const review = await client.request('review/start', {
    threadId,
    target: { type: 'commit', sha: '1234567890', title: 'Mend' },
  });
  assert.equal(review.reviewThreadId, threadId);
  await client.until('turn/completed');
  const { data } = await client.request('thread/items/list', { threadId });
  assert.deepEqual(
    data.map(({ item }) => ('review' in item ? item.review : item.type)),
    ['commit 1234567: Mend', 'agentMessage', 'Nothing to mend.'],
  );
  await client.request('turn/start', { threadId, input: say('fail') });
  const { error, willRetry } = await client.until('error');
  assert.deepEqual([error.codexErrorInfo, willRetry], ['badRequest', false]);
  assert.match(error.message, /not like this/u);
  assert.equal((await client.until('turn/completed')).turn.status, 'failed');
});

const refusal = (status: number) => ({ status, body: { error: { message: 'no' } } });

test('what a model’s host refuses has the kind that clients know, and another attempt is told as such', async (t) => {
  const busy = { ...refusal(500), headers: { 'retry-after-ms': '1' } };
  const { client, cwd } = await connected(t, [refusal(401), busy, { text: 'Back.' }]);
  const { thread } = await client.request('thread/start', { cwd });
  const threadId = thread.id;
  await client.request('turn/start', { threadId, input: say('refused') });
  const refused = await client.until('error');
  assert.deepEqual([refused.error.codexErrorInfo, refused.willRetry], ['unauthorized', false]);
  await client.until('turn/completed');
  await client.request('turn/start', { threadId, input: say('busy') });
  const again = await client.until('error');
  const lost = { responseStreamDisconnected: { httpStatusCode: 500 } };
  assert.deepEqual([again.error.codexErrorInfo, again.willRetry], [lost, true]);
  assert.equal((await client.until('turn/completed')).turn.status, 'completed');
});

test('a client that comes back is told all after an item, and a thread goes on in another process', async (t) => {
  const { client, cwd, turn, again } = await connected(t, [{ text: 'one' }, { text: 'two' }]);
  const { thread } = await client.request('thread/start', { cwd });
  const threadId = thread.id;
  await turn(threadId, 'first');
  const ordinal = client.told.findLast(({ method }) => method === 'turn/completed')?.params;
  assert.ok(ordinal !== undefined && 'ordinal' in ordinal);
  await client.request('thread/unsubscribe', { threadId });
  assert.deepEqual(await client.request('thread/unsubscribe', { threadId }), {
    status: 'notSubscribed',
  });
  await client.request('turn/start', { threadId, input: say('second') });
  await client.until('thread/status/changed', ({ status }) => status.type === 'idle');
  client.forget();
  const back = await client.request('thread/resume', {
    threadId,
    after: ordinal.ordinal,
    excludeTurns: true,
  });
  assert.deepEqual(back.thread.turns, []);
  const { turn: ended } = await client.until('turn/completed');
  assert.deepEqual(texts(ended.items), ['two']);
  assert.deepEqual(
    client.log.filter((line) => line.includes('turn/')),
    ['notification turn/started', 'notification turn/completed'],
  );

  client.child.kill();
  const other = await again();
  const resumed = await other.request('thread/resume', { threadId });
  assert.deepEqual(
    resumed.thread.turns.map(({ items }) => texts(items)),
    [['one'], ['two']],
  );
  assert.equal(
    (await other.refused('turn/start', { threadId: 'none', input: say('x') })).data?.code,
    'not_found',
  );
  assert.deepEqual(
    (await other.refused('turn/start', { threadId, input: [{ type: 'text' }] })).data?.path,
    'input[0].text',
  );
  assert.equal((await other.refused('turn/start', { threadId, input: [] })).code, -32602);
});

test('a sub-agent is an item with its thread, which every client is told of and lists leave out', async (t) => {
  const task = { parts: [{ call: 'task', args: { prompt: 'do it' }, id: 'sub' }] };
  const { client, cwd, turn } = await connected(t, [task, { text: 'done' }, { text: 'All done.' }]);
  const { thread } = await client.request('thread/start', { cwd });
  await client.until('thread/started');
  await turn(thread.id, 'delegate');
  const child = client.told.flatMap(({ method, params }) =>
    method === 'thread/started' && 'thread' in params ? [params.thread] : [],
  )[1];
  assert.equal(child?.parentThreadId, thread.id);
  const { data } = await client.request('thread/items/list', { threadId: thread.id });
  const item = data.map((one) => one.item).find(({ id }) => id === 'sub');
  assert.ok(item?.type === 'collabAgentToolCall');
  assert.deepEqual(
    [item.status, item.prompt, item.receiverThreadIds],
    ['completed', 'do it', [child.id]],
  );
  assert.ok(
    client.log.indexOf('notification item/started') <
      client.log.lastIndexOf('notification thread/started'),
  );
  const listed = await client.request('thread/list', {});
  assert.deepEqual(
    listed.data.map(({ id }) => id),
    [thread.id],
  );
  const children = await client.request('thread/list', { parentThreadId: thread.id });
  assert.deepEqual(
    children.data.map(({ id }) => id),
    [child.id],
  );
});
