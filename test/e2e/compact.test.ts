/** `spindle thread compact`, as the real binary does it. */

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { ended } from '../fixtures/front-ends/run.ts';
import type { Answer } from '../fixtures/model-server.ts';
import { makeE2e, unconfined, type E2e } from './place.ts';

const looks = Array.from({ length: 4 }, (_, at): Answer => ({
  parts: [{ call: 'shell', args: { command: `seq ${at}000 ${at}999` } }],
}));
const summary = `Task: count. Findings: ${'the numbers go up by one each time. '.repeat(8)}`.trim();

async function withThread(t: TestContext, ...later: readonly Answer[]): Promise<E2e> {
  const place = await makeE2e(t, { answers: [...looks, { text: 'Counted.' }, ...later] });
  const { code, stderr } = await place.run(['exec', ...unconfined, 'count to 4000']);
  assert.equal(code, 0, stderr);
  return place;
}

test('a thread is compacted by hand: the remark reaches the model, what was done is shown, and the thread goes on', async (t) => {
  const place = await withThread(t, { text: summary }, { text: 'Yes.' });
  const { code, stdout, stderr } = await place.run([
    'thread',
    'compact',
    '--last',
    '--keep',
    'the port is 8080',
  ]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^compacted by (?:provider over )?summary: [\d,]+ to [\d,]+ tokens$/m);
  assert.match(stdout, /^\d+ of \d+ parts of the window stay as they were$/m);
  assert.ok(stdout.includes(summary), 'expected the summary to be shown');
  assert.match(stdout, /^- sh -c seq 1000 1999|Commands run/m);
  const [before, asked] = place.server.requests.slice(-2).map(({ json }) => json);
  assert.match(JSON.stringify(asked?.input?.at(-1)), /the port is 8080/);
  assert.deepEqual([asked?.tools, asked?.instructions], [before?.tools, before?.instructions]);

  const resumed = await place.run(['exec', 'resume', '--last', ...unconfined, 'and now?']);
  assert.equal(resumed.code, 0, resumed.stderr);
  const input = JSON.stringify(place.server.requests.at(-1)?.json.input);
  for (const kept of ['count to 4000', 'and now?', 'the numbers go up'])
    assert.ok(input.includes(kept), kept);
  assert.ok(!input.includes('1500'), 'expected the long outputs to be gone');
});

test('where AGENTS.md takes most of the window, the model still sees what it has just asked for', async (t) => {
  const place = await makeE2e(t, {
    answers: [...looks, { text: 'Counted.' }],
    config: { plugins: { summary: false } },
    files: { 'AGENTS.md': 'Never count aloud. '.repeat(1000) },
  });
  const small = ['-c', 'providers.openai-responses.window=9500'];
  const room = ['-c', 'providers.openai-responses.output=500'];
  const { code, stderr } = await place.run(['exec', ...unconfined, ...small, ...room, 'count']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^compacted: /m);
  const last = JSON.stringify(place.server.requests.at(-1)?.json.input);
  assert.ok(last.includes('3000\\n3001'), 'expected the newest result to be shown');
});

test('as JSON it tells tokens, parts, new texts and notices; an empty summary makes prune do it', async (t) => {
  const place = await withThread(t, { text: 'no' });
  const { code, stdout } = await place.run(['thread', 'compact', '--last', '--json']);
  assert.equal(code, 0, stdout);
  const told = JSON.parse(stdout);
  assert.match(told.by, /^(?:provider over )?prune$/);
  assert.ok(told.after < told.before && told.kept < told.parts);
  assert.match(told.notices.join(), /summary: it gave no window: expected a summary/);
  assert.deepEqual(told.added.at(-1).plugin, 'kernel');
});

test('usage says that it does not count what a compaction asked a model for', async (t) => {
  const place = await withThread(t, { text: summary });
  const usage = async (...flags: readonly string[]) =>
    (await place.run(['thread', 'show', '--last', '--usage', ...flags])).stdout;
  assert.doesNotMatch(await usage(), /not counted/);
  assert.equal((await place.run(['thread', 'compact', '--last'])).code, 0);
  assert.match(await usage(), /^not counted: what 1 compaction asked a model for$/m);
  const { compactions, requests } = JSON.parse(await usage('--json'));
  assert.deepEqual([compactions, requests.length], [1, 5]);
});

test('a thread that no compactor makes smaller stays as it was, and says why', async (t) => {
  const config = { plugins: { summary: false, prune: false } };
  const place = await makeE2e(t, { answers: [{ text: 'Hello.' }], config });
  assert.equal((await place.run(['exec', 'hi'])).code, 0);
  const before = place.threads()[0]?.length;
  const { code, stderr } = await place.run(['thread', 'compact', '--last']);
  assert.equal(code, 1);
  assert.match(stderr, /stays as it was: /);
  const items = place.threads()[0] ?? [];
  assert.ok(items.length > (before ?? 0));
  assert.deepEqual(
    items.filter(({ type }) => type === 'window'),
    [],
  );
});

test('Ctrl-C while the model is asked leaves the thread as it was', async (t) => {
  const place = await withThread(t, { hang: true });
  const child = place.start('thread', 'compact', '--last');
  const end = ended(child);
  await place.server.waitForRequest(6);
  child.kill('SIGINT');
  assert.equal((await end).code, 130);
  const items = place.threads()[0] ?? [];
  const last = items.at(-1);
  assert.deepEqual(last?.type === 'end' && last.status, 'interrupted');
});

test('what is wrong with the command line is told', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  for (const [argv, wrong] of [
    [[], /expected one thread/],
    [['nothing-like-it'], /there is no thread/],
    [['--last'], /no thread has run in/],
    [['--last', '--keep='], /--keep/],
  ] as const) {
    const { code, stderr } = await place.run(['thread', 'compact', ...argv]);
    assert.notEqual(code, 0);
    assert.match(stderr, wrong);
  }
});
