// 10 embedded — an agent inside a program of one's own, whose code answers what it asks. `node examples/10-embedded/embedded.ts`
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKernel, type Question } from 'spindle';
import local from '../../plugins/machines/local.ts';
import scripted from '../../plugins/models/scripted.ts';
import applyPatch from '../../plugins/tools/apply-patch.ts';

const cwd = mkdtempSync(join(tmpdir(), 'spindle-embedded-'));
const adding = (file: string) =>
  `*** Begin Patch\n*** Add File: ${file}\n+by the agent\n*** End Patch`;
const calls = ['notes.txt', 'secrets.txt'].map((file) => ({
  name: 'apply_patch',
  args: { patch: adding(file) },
}));
const steps = [{ calls }, { text: 'I wrote what I could.' }];

/** Without a policy the gate asks for all but reads in the roots. This program lets notes be written, and nothing else. */
const decide = (question: Question): 'once' | 'deny' => {
  if (question.kind !== 'approval/ask' || question.effect.kind !== 'write') return 'deny';
  return String(question.effect['path']).endsWith('notes.txt') ? 'once' : 'deny';
};

try {
  await using kernel = await createKernel({
    plugins: [local(), applyPatch(), scripted({ steps })].map((plugin) => ({ plugin })),
    settings: { cwd, provider: 'scripted' },
  });
  const client = kernel.client('my-program');
  const { id: thread } = await client.request('thread/start', { ephemeral: true });
  using events = client.subscribe({ thread, answers: true }); // from now on there is someone to ask
  await client.request('turn/start', { thread, input: [{ type: 'text', text: 'Take notes.' }] });
  for await (const event of events) {
    if (event.type !== 'item/appended') continue;
    const { item } = event;
    if (item.type === 'question') {
      const answer = { decision: decide(item.question), remark: 'only notes.txt may be written' };
      await client.request('question/answer', { thread, question: item.id, answer });
    }
    if (item.type === 'decision') console.log(item.verdict, item.effect['path'], '–', item.reason);
    if (item.type === 'end') break;
  }
  assert.equal(readFileSync(join(cwd, 'notes.txt'), 'utf8'), 'by the agent\n');
  assert.ok(!existsSync(join(cwd, 'secrets.txt')));
} finally {
  rmSync(cwd, { recursive: true });
}
