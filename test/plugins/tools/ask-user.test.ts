import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Question } from '../../../core/index.ts';
import askUser from '../../../plugins/tools/ask-user.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import { toolContract } from '../../contracts/tools.ts';

toolContract('ask_user', {
  plugin: () => askUser(),
  answer: () => ({ value: { q1: 'yes' } }),
  valid: { questions: [{ question: 'Go on?', options: ['yes', 'no'] }] },
  invalid: [
    { args: {}, names: 'questions' },
    { args: { questions: [{ options: ['a'] }] }, names: 'question' },
    { args: { questions: [] }, names: 'at least one question' },
  ],
});

const questions = [
  { question: 'Which colour?', options: ['red', 'blue'] },
  { question: 'Why?' },
  { question: 'When?', options: null },
];

test('questions are put as a flat form, and each answer stands below its question', async (t) => {
  const asked: Question[] = [];
  const thread = await openToolThread(t, {
    plugins: [askUser()],
    answer: ({ question }) => {
      asked.push(question);
      return { value: { q1_other: 'green', q2: 'because' }, remark: 'be quick' };
    },
  });
  const result = await thread.call('ask_user', { questions });
  assert.deepEqual(asked, [
    {
      kind: 'input/ask',
      message: 'Which colour?\nWhy?\nWhen?',
      from: 'ask_user',
      schema: {
        type: 'object',
        properties: {
          q1: { type: 'string', title: 'Which colour?', enum: ['red', 'blue'] },
          q1_other: { type: 'string', title: 'Something else' },
          q2: { type: 'string', title: 'Why?' },
          q3: { type: 'string', title: 'When?' },
        },
      },
    },
  ]);
  assert.equal(
    textOfResult(result),
    'Which colour?\n→ green\nWhy?\n→ because\nWhen?\n→ (no answer)\nThe user adds: be quick',
  );
  assert.deepEqual(result.detail, { answers: { q1_other: 'green', q2: 'because' } });
});

test('when nobody is there the model is told to go on without', async (t) => {
  const thread = await openToolThread(t, { plugins: [askUser()] });
  const result = await thread.call('ask_user', { questions });
  assert.equal(result.isError, true);
  assert.match(textOfResult(result), /^nobody is there to answer: go on without/);
});

test('a declined question is told with the remark', async (t) => {
  const thread = await openToolThread(t, {
    plugins: [askUser()],
    answer: () => ({ remark: 'ask later' }),
  });
  const result = await thread.call('ask_user', { questions });
  assert.equal(result.isError, true);
  assert.match(
    textOfResult(result),
    /^the user gave no answer, and said: ask later: go on without/,
  );
});
