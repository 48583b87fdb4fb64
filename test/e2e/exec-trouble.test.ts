import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { remove } from '../fixtures/folders.ts';
import { makeE2e, unconfined } from './place.ts';

const incomplete = (reason: string) => ({
  parts: [
    { text: 'Half of it' },
    {
      event: {
        type: 'response.incomplete',
        response: { status: 'incomplete', incomplete_details: { reason } },
      },
    },
  ],
  end: 'none' as const,
});

test('an answer that its model could not end is printed, said to be cut, and not taken for done', async (t) => {
  const reasons = [
    ['max_output_tokens', 4],
    ['content_filter', 1],
  ] as const;
  for (const [reason, expected] of reasons) {
    const place = await makeE2e(t, { answers: [incomplete(reason), incomplete(reason)] });
    const { code, stdout, stderr } = await place.run(['exec', 'hi']);
    assert.deepEqual([code, stdout], [expected, 'Half of it\n'], stderr);
    assert.match(stderr, new RegExp(`^! the answer is cut.*${reason}`, 'm'));
    const told = await place.run(['exec', '--json', 'hi']);
    assert.match(told.stdout, new RegExp(`"type":"error","message":"the answer is cut.*${reason}`));
  }
});

test('an error in a stream that has the number of a status is tried again as that status is', async (t) => {
  const broken = {
    parts: [{ event: { error: { message: 'exploded', code: 500 } } }],
    end: 'none' as const,
  };
  const place = await makeE2e(t, { answers: [broken, { text: 'Here.' }] });
  const { code, stdout, stderr } = await place.run(['exec', '--provider', 'openai-chat', 'hi']);
  assert.deepEqual([code, stdout], [0, 'Here.\n'], stderr);
  assert.match(stderr, /^! .*exploded/m);
});

test('a tool is found by its name in another spelling, and no other tool is', async (t) => {
  const args = { path: 'a.txt' };
  const place = await makeE2e(t, {
    answers: [
      {
        parts: [
          { call: 'read-file', args },
          { call: 'functions.Read_File', args },
          { call: 'readfiles', args },
        ],
      },
      { text: 'Read.' },
    ],
    files: { 'a.txt': 'what is in it' },
  });
  await place.run(['exec', ...unconfined, 'hi']);
  const results = place.threads()[0]?.filter((item) => item.type === 'result');
  assert.deepEqual(
    results?.map(({ name, isError }) => [name, isError]),
    [
      ['read_file', false],
      ['read_file', false],
      ['readfiles', true],
    ],
  );
});

const endless = () => ({ parts: [{ call: 'update_plan', args: { plan: [] } }] });

test('a model that calls without end is stopped with 4 where nothing else bounds it', async (t) => {
  const place = await makeE2e(t, { answers: endless });
  const { code, stderr } = await place.run(['exec', 'hi']);
  assert.equal(code, 4, stderr.slice(-2000));
  assert.match(stderr, /limit: steps 500\nfor more: --max-steps COUNT/);
  assert.equal(place.server.requests.length, 500);
  const raised = await place.run(['exec', '-c', 'limits.steps=2', 'hi']);
  assert.equal(raised.code, 4);
  assert.equal(place.server.requests.length, 502);
});

test('--cd to a file is a usage error that names it', async (t) => {
  const place = await makeE2e(t, { answers: [], files: { 'a.txt': '' } });
  const { code, stderr } = await place.run(['exec', '--cd', 'a.txt', 'hi']);
  assert.equal(code, 2);
  assert.match(stderr, /a\.txt is a file/);
});

test('a state folder that cannot be made is named, with what to do, and nothing hangs', async (t) => {
  const folders = ['/proc/nowhere', join(import.meta.filename, 'below')];
  for (const SPINDLE_HOME of folders.filter(
    (one) => !one.startsWith('/proc') || existsSync('/proc'),
  )) {
    const env = { SPINDLE_HOME, NODE_COMPILE_CACHE: '' };
    const place = await makeE2e(t, { answers: [], env });
    const { code, stderr } = await place.run(['exec', 'hi']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /cannot make the folder .* writable, or name another one with SPINDLE_HOME/,
    );
  }
});

function pluginFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'spindle-plugin-'));
  t.after(() => remove(folder));
  const path = join(folder, 'mine.js');
  writeFileSync(path, text);
  return path;
}

test('what is noticed at the start is told: an optional plugin that did not start, a name that was taken', async (t) => {
  const throwing =
    'export default () => ({ name: "mine", api: 1, setup() { throw Error("no luck"); } });';
  const twin = `import { tools } from 'spindle';
    const run = async () => ({ content: [] });
    const tool = { name: 'shell', description: '', inputSchema: { type: 'object' }, run };
    export default () => ({ name: 'twin', api: 1, setup: (host) => void host.add(tools, tool) });`;
  const place = await makeE2e(t, {
    answers: [{ text: 'One.' }, { text: 'Two.' }],
    config: {
      plugins: {
        mine: { use: pluginFile(t, throwing), optional: true },
        twin: { use: pluginFile(t, twin) },
      },
    },
  });
  const { code, stderr } = await place.run(['exec', 'hi']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^! plugin mine did not start: no luck$/m);
  assert.match(stderr, /^! twin: "shell" is taken in tools, so its own is "twin__shell"$/m);
  const { stdout } = await place.run(['exec', '--json', 'hi']);
  assert.match(stdout, /^\{"type":"thread\.started".*\n.*plugin mine did not start/);
});

test('a tool that gives no result is an error that names it and what was expected', async (t) => {
  const text = `import { tools } from 'spindle';
    const tool = { name: 'odd', description: '', inputSchema: { type: 'object' }, run: async () => 'text' };
    export default () => ({ name: 'odd', api: 1, setup: (host) => void host.add(tools, tool) });`;
  const place = await makeE2e(t, {
    answers: [{ parts: [{ call: 'odd', args: {} }] }, { text: 'Odd.' }],
    config: { plugins: { odd: { use: pluginFile(t, text) } } },
  });
  await place.run(['exec', ...unconfined, 'hi']);
  const result = place.threads()[0]?.find((item) => item.type === 'result');
  assert.match(JSON.stringify(result?.content), /odd gave no result: expected \{ content/);
});

test('a question of the model is not waited for: it is told, and the exit code is 3', async (t) => {
  const args = { questions: [{ question: 'Which one?' }] };
  const answers = [{ parts: [{ call: 'ask_user', args }] }, { text: 'I took the first.' }];
  const place = await makeE2e(t, { answers });
  const { code, stdout, stderr } = await place.run(['exec', 'hi']);
  assert.deepEqual([code, stdout], [3, 'I took the first.\n']);
  assert.match(stderr, /^1 question not answered, since nobody was there/m);
});

test('a proxy that is not there is not taken for the host', async (t) => {
  const unused = createServer().listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const address = unused.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  unused.close();
  await once(unused, 'close');
  const place = await makeE2e(t, {
    answers: [],
    env: { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '' },
    config: { plugins: { retry: { options: { attempts: 1 } } } },
  });
  const { code, stderr } = await place.run(['exec', 'hi']);
  assert.equal(code, 5, stderr);
  assert.match(stderr, /that is the proxy: check HTTPS_PROXY/);
});
