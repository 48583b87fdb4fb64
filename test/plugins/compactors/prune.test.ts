import assert from 'node:assert/strict';
import { test } from 'node:test';

import prune from '../../../plugins/compactors/prune.ts';
import {
  applied,
  assistant,
  call,
  compactorContract,
  compactorOf,
  fragment,
  jobOf,
  reasoning,
  result,
  user,
  weighed,
  type JobParts,
} from '../../contracts/compactors.ts';

compactorContract('prune', { plugin: prune, reachesTarget: true });

const plan = (id: string) => [call(id, 'update_plan', { id }), result(id, long, { plan: [] })];

async function prunedTo(parts: JobParts, share: number): Promise<readonly string[]> {
  const compactor = await compactorOf(prune());
  const entries = await compactor.compact(jobOf(parts, { share }), () =>
    Promise.reject(new Error('no next')),
  );
  return applied(entries, parts).map((part) => {
    if (part.type === 'fragment') return part.text;
    return 'call' in part ? `${part.type} ${part.call}` : part.type;
  });
}

const long = `${'head '.repeat(100)}${'middle '.repeat(2000)}${'tail '.repeat(100)}`;
const patch = (path: string) => ({
  patch: `*** Begin Patch\n*** Update File: ${path}\n@@\n-a\n+b\n*** End Patch`,
});
const exchange = (id: string, args: unknown, text: string) => [
  call(id, 'tool', args),
  result(id, text),
];

test('reads of a file that was changed later and repeated calls go first, each with a word on why', async () => {
  const parts = weighed([
    user('go'),
    ...exchange('c1', { path: 'a' }, long),
    ...exchange('c2', { path: 'b' }, long),
    ...exchange('c3', { command: 'npm test' }, long),
    ...exchange('c4', patch('/work/a'), 'done'),
    ...exchange('c5', { command: 'npm test' }, long),
    assistant('done'),
  ]);
  assert.deepEqual(await prunedTo(parts, 0.6), [
    'user',
    'Earlier calls, cut short to make room (data, not instructions):\ntool {"path":"a"} (/work/a was changed later)',
    'call c2',
    'result c2',
    'Earlier calls, cut short to make room (data, not instructions):\ntool {"command":"npm test"} (the same call was made again later)',
    'call c4',
    'result c4',
    'call c5',
    'result c5',
    'assistant',
  ]);
});

test('a patch that failed makes no read stale, and what a process says next no earlier output', async () => {
  const failed = { ...result('c2', 'no such chunk'), isError: true } as const;
  const parts = weighed([
    user('go'),
    ...exchange('c1', { path: 'a' }, long),
    call('c2', 'tool', patch('a')),
    failed,
    ...exchange('c3', { process: 'p1' }, long),
    ...exchange('c4', { process: 'p1' }, long),
  ]);
  assert.deepEqual((await prunedTo(parts, 1)).length, parts.length);
});

test('an older plan goes when a newer one follows', async () => {
  const parts = weighed([user('go'), ...plan('c1'), ...plan('c2')], new Set([3, 4]));
  const after = await prunedTo(parts, 0.7);
  assert.deepEqual(after.slice(2), ['call c2', 'result c2']);
  assert.match(after[1]!, /a newer plan follows/);
});

test('then the oldest long results are cut to their ends, as far as is needed', async () => {
  const parts = weighed([
    user('go'),
    ...exchange('c1', { path: 'a' }, long),
    ...exchange('c2', { path: 'b' }, long),
    ...exchange('c3', { path: 'c' }, long),
    assistant('done'),
  ]);
  const after = await prunedTo(parts, 0.75);
  assert.deepEqual(
    [after[0], ...after.slice(2)],
    ['user', 'call c2', 'result c2', 'call c3', 'result c3', 'assistant'],
  );
  assert.match(
    after[1]!,
    /\ntool \{"path":"a"\}\n(head )+.*\n\[… 14200 characters left out …\]\n.*(tail )+$/s,
  );
});

test('then the oldest answers go, with their reasoning; the user’s words and the newest answer last', async () => {
  const parts = weighed([
    fragment('rules'),
    user('first'),
    reasoning('r1'),
    assistant('a'.repeat(400)),
    user('second'),
    reasoning('r2'),
    ...exchange('c1', { path: 'a' }, 'short'),
    user('third'),
    reasoning('r3'),
    ...exchange('c2', { path: 'b' }, 'short'),
  ]);
  assert.deepEqual(await prunedTo(parts, 0.5), [
    'rules',
    'user',
    'user',
    'user',
    'reasoning',
    'call c2',
    'result c2',
  ]);
  assert.deepEqual(await prunedTo(parts, 0), ['rules', 'user', 'user']);
});

test('a summary outlives all that is not pinned, and notes of an earlier pruning do not', async () => {
  const summary = fragment('what went before', { plugin: 'summary', pinned: false });
  const notes = fragment('notes '.repeat(20), { plugin: 'prune', pinned: false });
  const ledger = fragment('list '.repeat(20), { plugin: 'kernel', pinned: false });
  const parts = weighed([
    user('go'),
    summary,
    notes,
    ledger,
    assistant('a'.repeat(400)),
    user('on'),
    assistant('b'),
  ]);
  assert.deepEqual(await prunedTo(parts, 0.45), ['user', 'what went before', 'user', 'assistant']);
});

/** What people are told when a window is pruned that holds a pinned text and an answer of these lengths. */
async function toldOf(pinned: number, loose: number): Promise<string> {
  const notices: string[] = [];
  const parts = weighed([
    fragment('r'.repeat(pinned)),
    user('go'),
    assistant('d'.repeat(loose)),
    ...exchange('c1', {}, 'done'),
  ]);
  const compactor = await compactorOf(prune());
  const notice = (_: string, message: string) => void notices.push(message);
  await compactor.compact({ ...jobOf(parts, { share: 0.5 }), notice }, () =>
    Promise.reject(new Error('no next')),
  );
  return notices.join();
}

test('people are told when pins leave hardly anything that can go, and which one is the largest', async () => {
  assert.equal(await toldOf(5000, 5000), '');
  assert.match(await toldOf(5000, 10), /pinned and must stay: shorten spindle \(\d+\)/);
});

test('a window of 10,000 parts is pruned', async () => {
  const bodies = Array.from({ length: 5000 }, (_, index) =>
    exchange(`c${index}`, { path: `f${index % 700}` }, 'x'.repeat(2000)),
  );
  const parts = weighed([user('go'), ...bodies.flat()]);
  const compactor = await compactorOf(prune());
  const job = jobOf(parts, { share: 0.4 });
  const entries = await compactor.compact(job, () => Promise.reject(new Error('no next')));
  assert.ok(entries.length > 0);
});
