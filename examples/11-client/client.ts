// 11 client — a program that drives the agent over its wire: deltas, an approval, the turn's end. `node examples/11-client/client.ts`
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'spindle/client';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-client-')));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

// The model plays this script; with a model of yours leave out `--provider` and `--config`.
const steps = [
  { calls: [{ name: 'shell', args: { command: 'echo made by the agent > made.txt' } }] },
  { text: 'The file is made.' },
];
const server = join(import.meta.dirname, '../../config/spindle.cjs');
const script = [
  '--provider',
  'scripted',
  '--config',
  `plugins.scripted.options=${JSON.stringify({ steps })}`,
];
const asking = ['--sandbox', 'danger-full-access', '--approval', 'untrusted'];

await using client = await connect({
  to: {
    command: [process.execPath, server, 'app-server', ...script, ...asking],
    cwd: folder,
    env: { ...process.env, SPINDLE_HOME: join(folder, 'home') },
  },
  info: { name: 'example', version: '1' },
});

// The turn stands still until this is answered; `signal` says that another client was faster.
const asked: string[] = [];
client.answer('item/commandExecution/requestApproval', ({ command }) => {
  asked.push(command ?? '');
  return { decision: 'accept' };
});

const { thread } = await client.request('thread/start', {});
let said = '';
for await (const event of client.turn({ threadId: thread.id, input: 'Make a file.' })) {
  // An item begins, grows, and is completed: what it says then is what counts.
  if (event.method === 'item/agentMessage/delta') process.stdout.write(event.params.delta);
  if (event.method === 'item/completed' && event.params.item.type === 'agentMessage')
    said = event.params.item.text;
  if (event.method === 'turn/completed') console.log(`\n${event.params.turn.status}`);
}

assert.equal(said, 'The file is made.');
assert.equal(asked.length, 1);
assert.equal(readFileSync(join(folder, 'made.txt'), 'utf8'), 'made by the agent\n');
