import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { bundle } from '../../config/build.ts';
import { serve } from '../contracts/served-model.ts';

const root = join(import.meta.dirname, '../..');

/** A program that asks two models once each and says what it loaded for that. */
const program = `
import { createKernel, models, policies } from '${root}/core/index.ts';

const [url] = process.argv.slice(2);
let done;
const host = new Promise((resolve) => (done = resolve));
const world = { name: 'world', api: 1, setup: (host) => {
  host.add(policies, { name: 'all', judge: () => ({ verdict: 'allow', reason: '', rule: '' }) });
  done(host);
} };
const responses = (await import('${root}/plugins/models/openai-responses.ts')).default;
const chat = (await import('${root}/plugins/models/openai-chat.ts')).default;
const local = (await import('${root}/plugins/machines/local.ts')).default;
const asking = [responses, chat].map((make) => make({ baseURL: url, apiKey: 'sk-1234', model: 'm' }));
const plugins = [local(), ...asking];
const kernel = await createKernel({ plugins: [...plugins, world].map((plugin) => ({ plugin })) });
const { get, effects, signal } = await host;
const said = [];
for (const model of get(models).values()) {
  const request = { thread: 't', settings: {}, parts: [], toolChoice: 'auto' };
  for await (const event of model.stream(request, { effects, signal, notice() {} }))
    if (event.type === 'output') said.push(event.output.text);
}
await kernel[Symbol.asyncDispose]();
console.log(JSON.stringify({ said, loaded: process.moduleLoadList }));
`;

test('the built program asks a model by a small client that loads no undici', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spindle-build-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'main.mjs'), program);
  await bundle({ main: join(folder, 'main.mjs') }, join(folder, 'dist'));
  const client = readdirSync(join(folder, 'dist')).find((name) =>
    /^openai-(?!chat-|responses-)/u.test(name),
  );
  const { size } = statSync(join(folder, 'dist', client!));
  assert.ok(size < 300_000, `expected a client without its resources, got ${size} bytes`);
  const server = await serve(t, [{ text: 'one' }, { text: 'two' }]);
  const main = join(folder, 'dist/main.js');
  const { stdout } = await promisify(execFile)(process.execPath, [main, server.url]);
  const { said, loaded } = JSON.parse(stdout);
  assert.deepEqual(said, ['one', 'two']);
  const heavy = loaded.filter((name: string) => /undici|http2/u.test(name));
  assert.deepEqual(heavy, []);
  const agents = server.requests.map(({ headers }) => headers['user-agent']);
  assert.match(String(agents[0]), /^OpenAI\/JS/u);
});
