/** Answers "for this thread", and a client's own tools, where sub-agents are at work. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Item, QuestionItem, ResultItem, Tool } from '../../../core/index.ts';
import approval from '../../../plugins/policies/approval.ts';
import { openAgents, type Play } from './place.ts';

const fetching: Tool = {
  name: 'get',
  description: 'asks for a call of a server',
  inputSchema: { type: 'object' },
  run: async (_args, { effects }) => {
    const what = { server: 's', tool: 't', args: {}, confined: false };
    const text = await effects.call(what, async () => 'got it');
    return { content: [{ type: 'text', text }] };
  },
};

/** `go N` has N sub-agents one after the other, each of which calls `get`; `get` calls it itself. */
const play: Play = ({ said, results }) => {
  const [, count = '0'] = /^go (\d+)$/.exec(said) ?? [];
  if (said === 'get' || said === 'child')
    return results.length === 0 ? { calls: [['get', {}]] } : results.join();
  return results.length < Number(count) ? { calls: [['task', { prompt: 'child' }]] } : 'done';
};

const settings = { sandbox: 'workspace-write', approval: 'on-request' } as const;

test('what is answered for the thread holds for all who work for it, whoever asked', async (t) => {
  const place = await openAgents(t, {
    tools: [fetching],
    play,
    settings,
    policyPlugin: approval(),
  });
  const questions: QuestionItem[] = [];
  const answer = (question: QuestionItem) => {
    questions.push(question);
    return { decision: 'thread' } as const;
  };
  await place.turn('go 2', { answer });
  assert.equal(questions.length, 1, 'the second sub-agent does not ask');
  await place.turn('get', { answer });
  assert.equal(questions.length, 1, 'the parent does not ask');
  const { id } = await place.client.request('thread/start', {});
  assert.notEqual(id, place.id);
  await place.turn('get', { answer, thread: id });
  assert.equal(questions.length, 2, 'another thread does');
});

test("a client's own tool is run by the client of the parent's thread when a sub-agent calls it", async (t) => {
  const clientTools = [{ name: 'theirs', description: 'd', inputSchema: { type: 'object' } }];
  const place = await openAgents(t, {
    settings: { clientTools },
    play: ({ said, results }) => {
      if (results.length > 0) return results.join();
      return { calls: [said === 'go' ? ['task', { prompt: 'child' }] : ['theirs', { x: 1 }]] };
    },
  });
  const asked: unknown[] = [];
  const items = await place.turn('go', {
    answer: ({ question }) => {
      asked.push(question);
      return { value: { content: [{ type: 'text', text: 'from the client' }] } };
    },
  });
  assert.deepEqual(asked, [{ kind: 'tool/call', name: 'theirs', args: { x: 1 } }]);
  const [result] = items.filter((item: Item): item is ResultItem & Item => item.type === 'result');
  assert.deepEqual(result?.content, [{ type: 'text', text: 'from the client' }]);
});
