// The least that is an agent: ask, read the answer, run what it calls, write down the result, ask again.
// No streaming to anyone, no gate, no limits, no error handling: what it takes, no agent on Node can save.

import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const { OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_MODEL, SPINDLE_HOME } = process.env;
const agent = new Agent({ keepAlive: true });
const log = join(SPINDLE_HOME, 'floor.jsonl');
const input = [{ type: 'message', role: 'user', content: process.argv[2] }];

/** The output items of the model's answer. */
async function ask() {
  const body = JSON.stringify({ model: OPENAI_MODEL, stream: true, store: false, input });
  const { promise, resolve, reject } = Promise.withResolvers();
  const headers = {
    authorization: `Bearer ${OPENAI_API_KEY}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  request(`${OPENAI_BASE_URL}/responses`, { method: 'POST', headers, agent }, resolve)
    .on('error', reject)
    .end(body);
  const lines = (await text(await promise)).split('\n').filter((line) => line.startsWith('data: '));
  return JSON.parse(lines.at(-1).slice('data: '.length)).response.output;
}

/** What a command wrote, once it has ended. */
async function run({ command }) {
  const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  }
  const { promise, resolve } = Promise.withResolvers();
  child.once('close', resolve);
  const code = await promise;
  return code === 0 ? output : `${output}\n[exit code ${code}]`;
}

for (;;) {
  const items = await ask();
  input.push(...items);
  const calls = items.filter(({ type }) => type === 'function_call');
  if (calls.length === 0) break;
  for (const { call_id, arguments: args } of calls) {
    const result = { type: 'function_call_output', call_id, output: await run(JSON.parse(args)) };
    appendFileSync(log, `${JSON.stringify(result)}\n`);
    input.push(result);
  }
}
process.stdout.write(`${input.at(-1).content[0].text}\n`);
process.exit();
