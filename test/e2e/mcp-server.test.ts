import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { Answer } from '../fixtures/model-server.ts';
import { appears, ended } from '../fixtures/front-ends/run.ts';
import {
  newHost,
  oldHost,
  type Host,
  type HostOptions,
  type HostResult,
} from '../fixtures/mcp-hosts/stdio-hosts.ts';
import { binary, makeE2e, unconfined, type E2e } from './place.ts';

const root = join(import.meta.dirname, '../..');

type Connect = (t: TestContext, options: HostOptions) => Promise<Host>;

const hosts: Readonly<Record<string, Connect>> = {
  'the older SDK line': oldHost,
  'the successor, 2025 era': (t, options) => newHost(t, { ...options, mode: 'legacy' }),
  'the successor, 2026-07-28': (t, options) => newHost(t, { ...options, mode: 'auto' }),
};

const patch = '*** Begin Patch\n*** Add File: note.txt\n+hello\n*** End Patch';

async function place(t: TestContext, answers: readonly Answer[], options: object = {}) {
  return makeE2e(t, { answers, ...options });
}

const optionsOf = ({ cwd, env }: E2e, more: Partial<HostOptions> = {}): HostOptions => ({
  cwd,
  env,
  ...more,
});

const dataOf = (result: HostResult) => result.structuredContent ?? {};
const textOf = (result: { readonly content: readonly { readonly text?: string }[] }) =>
  result.content.map(({ text = '' }) => text).join('\n');

for (const [name, connect] of Object.entries(hosts)) {
  test(`${name}: a task is done, told of while it runs, and gone on with`, async (t) => {
    const e2e = await place(t, [
      { parts: [{ text: 'I write it.' }, { call: 'apply_patch', args: { patch } }] },
      { parts: [{ call: 'shell', args: { command: 'cat note.txt' } }] },
      { text: 'It is written.' },
      { text: 'As I said.' },
    ]);
    const host = await connect(t, optionsOf(e2e, { argv: unconfined }));
    const names = (await host.listTools()).map((tool) => tool.name);
    assert.deepEqual(names.slice(0, 2), ['spindle', 'spindle-reply']);
    const told: string[] = [];
    const result = await host.call(
      'spindle',
      { prompt: 'write a note', approval: 'never' },
      { onprogress: (message) => told.push(message) },
    );
    assert.notEqual(result.isError, true, textOf(result));
    const { threadId, ...report } = dataOf(result);
    assert.equal(report['answer'], 'It is written.');
    assert.equal(report['status'], 'completed');
    assert.deepEqual(report['changes'], [{ path: join(e2e.cwd, 'note.txt'), kind: 'add' }]);
    assert.match(textOf(result), /It is written\.[\s\S]*add .*note\.txt[\s\S]*threadId: /);
    assert.equal(readFileSync(join(e2e.cwd, 'note.txt'), 'utf8'), 'hello\n');
    const progress = told.join('\n');
    assert.match(
      progress,
      /I write it\.[\s\S]*step 1[\s\S]*A note\.txt[\s\S]*\+hello[\s\S]*\$ cat note\.txt/,
    );

    const again = await host.call('spindle-reply', { threadId, prompt: 'what was it?' });
    assert.equal(dataOf(again)['answer'], 'As I said.');
    const listed = await host.call('spindle-threads', {});
    const [first] = dataOf(listed)['threads'] as { readonly threadId: string }[];
    assert.equal(first?.threadId, threadId);
    const status = await host.call('spindle-status', { threadId });
    assert.equal(dataOf(status)['state'], 'stored');
  });

  test(`${name}: a command that needs a yes is asked for, and runs when the host accepts`, async (t) => {
    const e2e = await place(t, [
      { parts: [{ call: 'shell', args: { command: 'touch asked.txt' } }] },
      { text: 'Done.' },
      { parts: [{ call: 'shell', args: { command: 'touch declined.txt' } }] },
      { text: 'Not done.' },
    ]);
    const asked: string[] = [];
    const answers = ['accept', 'decline'];
    const host = await connect(
      t,
      optionsOf(e2e, {
        argv: [...unconfined, '--approval', 'untrusted'],
        elicit: ({ message }) => {
          asked.push(message);
          const action = answers.shift();
          return { action, ...(action === 'accept' ? { content: {} } : {}) };
        },
      }),
    );
    const result = await host.call('spindle', { prompt: 'touch' });
    assert.match(asked[0] ?? '', /touch asked\.txt/);
    assert.equal(dataOf(result)['answer'], 'Done.');
    assert.equal(readFileSync(join(e2e.cwd, 'asked.txt'), 'utf8'), '');
    const { threadId } = dataOf(result);
    const refused = await host.call('spindle-reply', { threadId, prompt: 'again' });
    assert.match(asked[1] ?? '', /touch declined\.txt/);
    assert.match(textOf(refused), /Denied:[\s\S]*touch declined\.txt/);
  });

  test(`${name}: without elicitation what needs a yes is denied, naming the rule that would allow it`, async (t) => {
    const e2e = await place(t, [
      { parts: [{ call: 'shell', args: { command: 'touch denied.txt' } }] },
      { text: 'I could not.' },
    ]);
    const argv = [...unconfined, '--approval', 'untrusted'];
    const host = await connect(t, optionsOf(e2e, { argv }));
    const result = await host.call('spindle', { prompt: 'touch' });
    const [denied] = dataOf(result)['denied'] as Readonly<Record<string, string>>[];
    assert.match(denied?.['effect'] ?? '', /touch denied\.txt/);
    assert.match(denied?.['reason'] ?? '', /nobody is there to ask/);
    assert.match(denied?.['allow'] ?? '', /touch/);
    assert.match(textOf(result), /this rule would allow it: /);
  });

  test(`${name}: cancelling a call ends its turn`, async (t) => {
    const e2e = await place(t, [
      { parts: [{ call: 'shell', args: { command: 'echo $$ > pid; sleep 60' } }] },
      { text: 'late' },
    ]);
    const host = await connect(t, optionsOf(e2e, { argv: [...unconfined, '--approval', 'never'] }));
    const controller = new AbortController();
    const call = host.call(
      'spindle',
      { prompt: 'wait' },
      {
        signal: controller.signal,
        onprogress: (message) => {
          if (message.includes('sleep 60')) controller.abort();
        },
      },
    );
    await assert.rejects(call);
    const listed = await host.call('spindle-threads', {});
    const [thread] = dataOf(listed)['threads'] as { readonly threadId: string }[];
    for (;;) {
      const result = await host.call('spindle-status', {
        threadId: thread?.threadId,
      });
      if (dataOf(result)['state'] !== 'active') break;
    }
    const [items = []] = e2e.threads();
    const end = items.find((item) => item.type === 'end');
    assert.equal(end?.status, 'interrupted');
  });

  test(`${name}: arguments only narrow, and a refusal names the flag`, async (t) => {
    const e2e = await place(t, [{ text: 'ok' }]);
    mkdirSync(join(e2e.cwd, 'inner'));
    const host = await connect(t, optionsOf(e2e));
    const refusal = async (args: object) => {
      const result = await host.call('spindle', { prompt: 'x', ...args });
      assert.equal(result.isError, true);
      return textOf(result);
    };
    assert.match(await refusal({ cwd: '/' }), /outside the folders.*--root \//);
    assert.match(await refusal({ cwd: '..' }), /outside the folders.*--root/);
    assert.match(await refusal({ sandbox: 'danger-full-access' }), /--sandbox danger-full-access/);
    assert.match(await refusal({ sandbox: 'none' }), /sandbox/);
    assert.match(await refusal({ colour: 'red' }), /colour/);
    const { structuredContent: none } = await host.call('spindle-threads', {});
    assert.deepEqual(none, { threads: [] });
    const result = await host.call('spindle', {
      prompt: 'x',
      cwd: 'inner',
      sandbox: 'read-only',
      approval: 'never',
    });
    assert.equal(dataOf(result)['answer'], 'ok');
    const { threadId } = dataOf(result);
    const status = await host.call('spindle-status', { threadId });
    const { cwd, sandbox, approval } = dataOf(status)['settings'] as Record<string, string>;
    assert.deepEqual([cwd, sandbox, approval], [join(e2e.cwd, 'inner'), 'read-only', 'never']);
  });

  test(`${name}: the host's roots are folders to work in, unless --root says which`, async (t) => {
    const e2e = await place(t, [{ text: 'there' }], { files: { 'a/x': '', 'b/x': '' } });
    const [a, b] = [join(e2e.cwd, 'a'), join(e2e.cwd, 'b')];
    const roots = [`file://${b}`];
    const host = await connect(t, { cwd: a, env: e2e.env, roots });
    const result = await host.call('spindle', { prompt: 'x', cwd: b });
    assert.equal(dataOf(result)['answer'], 'there', textOf(result));
    const bound = await connect(t, { cwd: a, env: e2e.env, roots, argv: ['--root', a] });
    const refused = await bound.call('spindle', { prompt: 'x', cwd: b });
    assert.match(textOf(refused), /--root /);
  });
}

test('several turns run at once in threads of their own', async (t) => {
  const meet = 'touch met.$$; until [ $(ls | grep -c met) = 3 ]; do sleep 0.02; done';
  const e2e = await place(t, [
    { parts: [{ call: 'shell', args: { command: meet } }], times: 3 },
    { text: 'met', times: 3 },
  ]);
  const host = await oldHost(t, optionsOf(e2e, { argv: [...unconfined, '--approval', 'never'] }));
  const calls = [1, 2, 3].map((n) => host.call('spindle', { prompt: `task ${n}` }));
  const results = await Promise.all(calls);
  assert.deepEqual(
    results.map(({ structuredContent }) => structuredContent?.['answer']),
    ['met', 'met', 'met'],
  );
  const threads = results.map(({ structuredContent }) => structuredContent?.['threadId']);
  assert.equal(new Set(threads).size, 3);
});

test('with --compat codex the tools of that server are there in their shapes', async (t) => {
  const e2e = await place(t, [{ text: 'first' }, { text: 'second' }]);
  const host = await oldHost(t, optionsOf(e2e, { argv: ['--compat', 'codex'] }));
  const names = (await host.listTools()).map(({ name }) => name);
  assert.ok(names.includes('codex') && names.includes('codex-reply'));
  const first = await host.call('codex', {
    prompt: 'x',
    'approval-policy': 'never',
    sandbox: 'read-only',
    config: { model_reasoning_effort: 'low' },
    'an-argument': 'that only a newer one has',
    model: null,
  });
  assert.deepEqual(Object.keys(dataOf(first)), ['threadId', 'content']);
  assert.equal(textOf(first), 'first');
  const conversationId = dataOf(first)['threadId'];
  const second = await host.call('codex-reply', { conversationId, prompt: 'y' });
  assert.deepEqual(second.structuredContent, { threadId: conversationId, content: 'second' });
  const wider = await host.call('codex', { prompt: 'x', sandbox: 'danger-full-access' });
  assert.match(textOf(wider), /--sandbox danger-full-access/);
});

test('a thread whose settings are wider is gone on with within the bounds of this server', async (t) => {
  const e2e = await place(t, [{ text: 'one' }, { text: 'two' }]);
  await e2e.run(['exec', ...unconfined, '--network', 'x']);
  const [items = []] = e2e.threads();
  const threadId = items[0]?.type === 'thread' ? items[0].id : '';
  const host = await oldHost(t, optionsOf(e2e));
  const result = await host.call('spindle-reply', { threadId, prompt: 'y' });
  assert.equal(dataOf(result)['answer'], 'two', textOf(result));
  const status = await host.call('spindle-status', { threadId });
  const { sandbox, network } = dataOf(status)['settings'] as Record<string, unknown>;
  assert.deepEqual([sandbox, network], ['workspace-write', false]);
});

const line = (id: unknown, method: string, params: object = {}) =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;

const handshake = [
  {
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'raw', version: '1' },
    },
  },
  { method: 'notifications/initialized' },
]
  .map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  .join('');

test('garbage, unknown methods and a thousand calls at once are answered, and the next call is served', async (t) => {
  const e2e = await place(t, []);
  const child = e2e.start('mcp-server');
  let out = '';
  const done = Promise.withResolvers<void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (out.includes('"id":"last"')) done.resolve();
  });
  child.stdin?.write(handshake);
  child.stdin?.write('\u0000\u0001 no JSON {"\n[1,2\n[]\n"text"\n{"jsonrpc":"1.0","id":7}\n');
  child.stdin?.write(line(8, 'no/such-method'));
  child.stdin?.write(line(9, 'tools/call', { name: 'no-such-tool' }));
  child.stdin?.write(line(10, 'tools/call', { name: 'spindle', arguments: { prompt: 3 } }));
  for (let n = 0; n < 1000; n++)
    child.stdin?.write(line(`c${n}`, 'tools/call', { name: 'spindle-threads', arguments: {} }));
  child.stdin?.write(line('last', 'tools/call', { name: 'spindle-threads', arguments: {} }));
  await done.promise;
  const messages = out
    .trim()
    .split('\n')
    .map(
      (text) =>
        JSON.parse(text) as {
          id: unknown;
          error?: { code: number; message: string };
          result?: object;
        },
    );
  const errorOf = (id: unknown) => messages.find((one) => one.id === id)?.error;
  assert.equal(messages.filter(({ id, error }) => id === null && error?.code === -32700).length, 2);
  assert.equal(messages.filter(({ id, error }) => id === null && error?.code === -32600).length, 2);
  assert.equal(errorOf(7)?.code, -32600);
  assert.match(errorOf(8)?.message ?? '', /no\/such-method/);
  assert.equal(errorOf(8)?.code, -32601);
  assert.match(errorOf(9)?.message ?? '', /no-such-tool[\s\S]*spindle-reply/);
  assert.match(JSON.stringify(messages.find(({ id }) => id === 10)?.result), /prompt/);
  const served = messages.filter(
    ({ id, result }) => /^c\d+$/.test(String(id)) && result !== undefined,
  );
  assert.equal(served.length, 1000);
  child.stdin?.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a server that is killed leaves no command running', async (t) => {
  const e2e = await place(t, [
    { parts: [{ call: 'shell', args: { command: 'echo $$ > pid; touch started; sleep 66' } }] },
  ]);
  const child = e2e.start('mcp-server', ...unconfined, '--approval', 'never');
  child.stdin?.write(handshake);
  child.stdin?.write(line(2, 'tools/call', { name: 'spindle', arguments: { prompt: 'x' } }));
  await appears(e2e.cwd, 'started');
  const pid = Number(readFileSync(join(e2e.cwd, 'pid'), 'utf8'));
  const tail = spawn('tail', [`--pid=${pid}`, '-f', '/dev/null']);
  t.after(() => tail.kill());
  child.kill('SIGKILL');
  await once(tail, 'exit');
});

for (const [how, code] of [
  ['end of input', 0],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test(`${how} ends the server with its turns and their commands`, async (t) => {
    const e2e = await place(t, [
      { parts: [{ call: 'shell', args: { command: 'echo $$ > pid; touch started; sleep 61' } }] },
    ]);
    const child = e2e.start('mcp-server', ...unconfined, '--approval', 'never');
    child.stdin?.write(handshake);
    child.stdin?.write(line(2, 'tools/call', { name: 'spindle', arguments: { prompt: 'x' } }));
    await appears(e2e.cwd, 'started');
    const exit = ended(child);
    if (how === 'end of input') child.stdin?.end();
    else child.kill(how);
    assert.equal((await exit).code, code);
    const pid = Number(readFileSync(join(e2e.cwd, 'pid'), 'utf8'));
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    const [items = []] = e2e.threads();
    assert.equal(items.findLast((item) => item.type === 'end')?.status, 'interrupted');
  });

test("the Inspector's command line lists the tools without complaint and runs a task", async (t) => {
  const e2e = await place(t, [{ text: 'inspected' }]);
  const inspect = async (...argv: readonly string[]) => {
    const program = join(
      root,
      'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
    );
    const server = ['node', binary, 'mcp-server', '--cwd', e2e.cwd];
    const env = Object.entries(e2e.env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const child = spawn(process.execPath, [program, '--cli', ...env, ...server, ...argv], {
      env: e2e.env,
      cwd: e2e.cwd,
    });
    t.after(() => child.kill('SIGKILL'));
    return ended(child);
  };
  const listed = await inspect('--method', 'tools/list', '--strict');
  assert.equal(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /"spindle-reply"/);
  assert.doesNotMatch(listed.stderr, /Warning/);
  const called = await inspect(
    '--method',
    'tools/call',
    '--tool-name',
    'spindle',
    '--tool-arg',
    'prompt=x',
  );
  assert.equal(called.code, 0, called.stderr);
  const { structuredContent } = JSON.parse(called.stdout) as HostResult;
  assert.equal(structuredContent?.['answer'], 'inspected');
});

test("with --expose tools the agent's own tools are called without a model, and go on with their processes", async (t) => {
  const e2e = await place(t, []);
  const argv = [...unconfined, '--approval', 'never', '--expose', 'tools'];
  const host = await oldHost(t, optionsOf(e2e, { argv }));
  const names = (await host.listTools()).map((tool) => tool.name);
  for (const name of ['spindle', 'shell', 'apply_patch', 'read_file'])
    assert.ok(names.includes(name), name);
  const written = await host.call('apply_patch', { patch });
  assert.match(textOf(written), /Success/);
  const read = await host.call('read_file', { path: 'note.txt' });
  assert.match(textOf(read), /hello/);
  const missing = await host.call('read_file', { path: 'no-such-file' });
  assert.equal(missing.isError, true);
  const begun = await host.call('shell', { command: 'cat', stdin: true, yield_ms: 100 });
  const [, running] = /process (\w+)/.exec(textOf(begun)) ?? [];
  const echoed = await host.call('shell_input', {
    process: running,
    input: 'said\n',
    end: 'stdin',
  });
  assert.match(textOf(echoed), /said/);
  const meet = 'touch met.$$; until [ $(ls | grep -c met) = 3 ]; do sleep 0.02; done; echo met';
  const together = await Promise.all([1, 2, 3].map(() => host.call('shell', { command: meet })));
  assert.deepEqual(together.map(textOf), ['met\n', 'met\n', 'met\n']);
  assert.equal(e2e.server.requests.length, 0);
  const { structuredContent } = await host.call('spindle-threads', {});
  assert.deepEqual(structuredContent, { threads: [] });
});

test('exposed tools stand under the same gate: asked, denied with the rule, and cut at the same length', async (t) => {
  const e2e = await place(t, []);
  const argv = [...unconfined, '--approval', 'untrusted', '--expose', 'tools'];
  const alone = await oldHost(t, optionsOf(e2e, { argv }));
  const denied = await alone.call('shell', { command: 'touch x' });
  assert.equal(denied.isError, true);
  assert.match(textOf(denied), /nobody is there to ask[\s\S]*this rule would allow it: /);
  const long = await alone.call('shell', { command: 'seq 1 20000' });
  assert.match(textOf(long), /bytes left out/);
  const asked: string[] = [];
  const elicit = ({ message }: { readonly message: string }) => {
    asked.push(message);
    return { action: 'accept', content: {} };
  };
  const host = await newHost(t, { ...optionsOf(e2e, { argv, elicit }), mode: 'auto' });
  const allowed = await host.call('shell', { command: 'touch y; echo made' });
  assert.match(textOf(allowed), /made/);
  assert.match(asked[0] ?? '', /touch y/);
});
