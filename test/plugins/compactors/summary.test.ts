import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CompactionJob, WindowEntry } from '../../../core/index.ts';
import summary, { options, type SummaryOptions } from '../../../plugins/compactors/summary.ts';
import {
  applied,
  assistant,
  call,
  compactorContract,
  compactorOf,
  fragment,
  jobOf,
  result,
  user,
  weighed,
  weightOf,
  type JobParts,
} from '../../contracts/compactors.ts';

const answer = `Task: make the tests pass. ${'Findings: the parser is in src/parse.ts. '.repeat(5)}`;

compactorContract('summary', { plugin: () => summary(), answer });

const work = (id: string, size = 4000) => [
  call(id, 'tool', { path: id }),
  result(id, 'x'.repeat(size)),
];
const parts = weighed([
  fragment('rules'),
  user('first'),
  ...work('c1'),
  user('second'),
  ...work('c2'),
  fragment('an older summary', { plugin: 'summary', pinned: false }),
  ...work('c3'),
  user('third'),
  ...work('c4'),
  assistant('now'),
]);

const askingFails = () => Promise.reject(new Error('asked'));

interface Asked {
  readonly entries: readonly WindowEntry[];
  readonly questions: readonly string[];
}

async function compact(
  changes: Partial<CompactionJob> & { readonly parts?: JobParts },
  config: SummaryOptions = {},
): Promise<Asked> {
  const compactor = await compactorOf(summary(config));
  const questions: string[] = [];
  const ask = (question: string) => {
    questions.push(question);
    return Promise.resolve(answer);
  };
  const job = { ...jobOf(changes.parts ?? parts, { share: 0.7 }), ask, ...changes };
  const entries = await compactor.compact(job, () =>
    Promise.reject(new Error('the next has its turn')),
  );
  return { entries, questions };
}

function shown(entries: readonly WindowEntry[]): readonly string[] {
  return applied(entries, parts).map((part) => {
    if (part.type === 'fragment') return part.text.slice(0, 10);
    return 'call' in part ? `${part.type} ${part.call}` : part.type;
  });
}

test('pins, the user’s words and the newest answers stay; a summary stands for the rest', async () => {
  const { entries, questions } = await compact({});
  assert.deepEqual(shown(entries), [
    'rules',
    'user',
    'user',
    'Summary of',
    'user',
    'call c4',
    'result c4',
    'assistant',
  ]);
  const [added] = entries.flatMap((entry) => ('fragment' in entry ? [entry.fragment] : []));
  assert.equal(added!.text.split('\n\n')[1], answer.trim());
  assert.deepEqual([added!.plugin, added!.role, added!.pinned], ['summary', 'user', false]);
  assert.equal(questions.length, 1);
});

test('the budgets of the user’s words and of the newest answers can be set', async () => {
  const { entries } = await compact({}, { userTokens: 0, tailTokens: 0 });
  assert.deepEqual(shown(entries), ['rules', 'user', 'user', 'Summary of']);
});

test('the user’s remark is part of the question', async () => {
  const { questions } = await compact({ remark: 'keep the names of the tables' });
  assert.match(questions[0]!, /keep the names of the tables/);
});

test('an empty, short or swollen summary is refused, so that the next compactor has its turn', async () => {
  for (const text of ['', ' \n', 'Done.', 'x'.repeat(100_000)]) {
    await assert.rejects(compact({ ask: () => Promise.resolve(text) }), {
      name: 'KernelError',
      code: 'plugin',
      message: /summary/,
    });
  }
});

test('a summary of a few words is one', async () => {
  const { entries } = await compact({ ask: () => Promise.resolve('The port is 8080.') });
  const texts = entries.flatMap((entry) => ('fragment' in entry ? [entry.fragment.text] : []));
  assert.match(texts.join(), /The port is 8080\./);
});

test('an answer that is longer than its room is cut, and the window stays within the target', async () => {
  const long = 'word '.repeat(2000);
  const compactor = await compactorOf(summary());
  const job = jobOf(parts, { share: 0.5, answer: long });
  const entries = await compactor.compact(job, () => Promise.reject(new Error('no next')));
  assert.ok(weightOf(entries, parts) <= job.target);
});

test('what the model’s failure is comes out, for the kernel to tell', async () => {
  await assert.rejects(compact({ ask: () => Promise.reject(new Error('busy')) }), /busy/);
});

test('without anything to sum up, or after a refused request, it hands on without asking', async () => {
  await assert.rejects(compact({ ask: askingFails, reason: 'refused' }), /the next has its turn/);
  await assert.rejects(
    compact({ ask: askingFails, parts: weighed([fragment('rules'), user('go')]) }),
    /the next has its turn/,
  );
});

test('the options take what is documented and nothing else', async () => {
  const schema = await options();
  assert.equal(schema.safeParse({ tailTokens: 0, userTokens: 5 }).success, true);
  assert.equal(schema.safeParse({ tokens: 1 }).success, false);
});
