import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';

import { ended, shows } from '../fixtures/front-ends/run.ts';
import {
  newHttpHost,
  oldHttpHost,
  type HttpHostOptions,
} from '../fixtures/mcp-hosts/http-hosts.ts';
import type { Host } from '../fixtures/mcp-hosts/stdio-hosts.ts';
import type { Answer } from '../fixtures/model-server.ts';
import { makeE2e, unconfined } from './place.ts';

type Connect = (t: TestContext, options: HttpHostOptions) => Promise<Host>;

const hosts: Readonly<Record<string, Connect>> = {
  'the older SDK line': oldHttpHost,
  'the successor, 2025 era': (t, options) => newHttpHost(t, { ...options, mode: 'legacy' }),
  'the successor, 2026-07-28': (t, options) => newHttpHost(t, { ...options, mode: 'auto' }),
};

const token = 'a-token-of-the-test';

/** A server over HTTP, with the address that it tells. */
async function served(t: TestContext, answers: readonly Answer[], argv: readonly string[] = []) {
  const e2e = await makeE2e(t, { answers, env: { SPINDLE_MCP_TOKEN: token } });
  const child = e2e.start('mcp-server', ...argv, '--http');
  const [, url = ''] =
    /listening on (\S+)\n/.exec(await shows(child.stderr, /listening on .*\n/)) ?? [];
  return { e2e, child, url };
}

for (const [name, connect] of Object.entries(hosts)) {
  test(`over HTTP, ${name}: a task is done, what needs a yes is asked, and progress is told`, async (t) => {
    const { url } = await served(
      t,
      [{ parts: [{ call: 'shell', args: { command: 'touch asked' } }] }, { text: 'Done.' }],
      [...unconfined, '--approval', 'untrusted'],
    );
    const asked: string[] = [];
    const told: string[] = [];
    const host = await connect(t, {
      url,
      token,
      elicit: ({ message }) => {
        asked.push(message);
        return { action: 'accept', content: {} };
      },
    });
    const result = await host.call(
      'spindle',
      { prompt: 'x' },
      { onprogress: (one) => told.push(one) },
    );
    assert.equal(result.structuredContent?.['answer'], 'Done.');
    assert.match(asked.join(), /touch asked/);
    assert.match(told.join('\n'), /step 1/);
  });

  test(`over HTTP, ${name}: cancelling a call ends its turn`, async (t) => {
    const { url } = await served(
      t,
      [{ parts: [{ call: 'shell', args: { command: 'sleep 62' } }] }],
      [...unconfined, '--approval', 'never'],
    );
    const host = await connect(t, { url, token });
    const controller = new AbortController();
    const options = {
      signal: controller.signal,
      onprogress: (message: string) => {
        if (message.includes('sleep 62')) controller.abort();
      },
    };
    await assert.rejects(host.call('spindle', { prompt: 'x' }, options));
    const { structuredContent } = await host.call('spindle-threads', {});
    const [thread] = (structuredContent?.['threads'] ?? []) as readonly {
      readonly threadId: string;
    }[];
    for (;;) {
      const status = await host.call('spindle-status', { threadId: thread?.threadId });
      if (status.structuredContent?.['state'] !== 'active') break;
    }
  });
}

/** One request as it is written here, and what comes back. */
async function ask(
  url: string,
  {
    headers = {},
    body = '',
    method = 'POST',
  }: {
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly method?: string;
  },
): Promise<{
  readonly status: number;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}> {
  const request = httpRequest(url, {
    method,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    body: await text(response),
    headers: response.headers,
  };
}

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'raw', version: '1' },
  },
});

test('without its token, from another site, under another name, or with a token in the address a request is refused', async (t) => {
  const { url } = await served(t, []);
  const known = { authorization: `Bearer ${token}` };
  const status = async (headers: Record<string, string>, address = url) =>
    (await ask(address, { headers, body: initialize })).status;
  assert.equal(await status({}), 401);
  assert.equal(await status({ authorization: 'Bearer other' }), 401);
  assert.equal(await status({ ...known, origin: 'https://evil.example' }), 403);
  assert.equal(await status({ ...known, host: 'evil.example' }), 403);
  assert.equal(await status(known, `${url}?token=${token}`), 400);
  assert.equal(await status({}, `${url}?access_token=${token}`), 400);
  assert.equal(await status(known, url.replace('/mcp', '/other')), 404);
  assert.equal(await status(known), 200);
});

test('sessions of the 2025 versions are told apart, and one that is not there is not made up', async (t) => {
  const { url } = await served(t, []);
  const known = { authorization: `Bearer ${token}` };
  const begun = await ask(url, { headers: known, body: initialize });
  const session = String(begun.headers['mcp-session-id']);
  const list = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
  const own = await ask(url, { headers: { ...known, 'mcp-session-id': session }, body: list });
  assert.match(own.body, /spindle-reply/);
  const invented = await ask(url, {
    headers: { ...known, 'mcp-session-id': 'invented' },
    body: list,
  });
  assert.equal(invented.status, 404);
  const none = await ask(url, { headers: known, body: list });
  assert.equal(none.status, 400);
  const gone = await ask(url, {
    headers: { ...known, 'mcp-session-id': session },
    method: 'DELETE',
  });
  assert.equal(gone.status, 200);
  const after = await ask(url, { headers: { ...known, 'mcp-session-id': session }, body: list });
  assert.equal(after.status, 404);
});

test('garbage, unknown methods and many requests at once are answered, and the next one is served', async (t) => {
  const { url } = await served(t, []);
  const known = { authorization: `Bearer ${token}` };
  const session = String(
    (await ask(url, { headers: known, body: initialize })).headers['mcp-session-id'],
  );
  const headers = { ...known, 'mcp-session-id': session };
  for (const body of ['no JSON', '[]', '"text"', '{"jsonrpc":"1.0"}', ''])
    assert.equal((await ask(url, { headers, body })).status, 400, body);
  assert.equal(
    (await ask(url, { headers: { ...headers, 'content-type': 'text/plain' }, body: '{}' })).status,
    415,
  );
  const unknown = JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'no/such' });
  assert.match((await ask(url, { headers, body: unknown })).body, /-32601/);
  const many = Array.from({ length: 300 }, (_, id) =>
    ask(url, {
      headers,
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: `c${id}`,
        method: 'tools/call',
        params: { name: 'spindle-threads', arguments: {} },
      }),
    }),
  );
  const answers = await Promise.all(many);
  assert.equal(
    answers.filter(({ status, body }) => status === 200 && body.includes('threads')).length,
    300,
  );
});

test('a token is made and told where none is set, and the server ends with SIGTERM, its turns with it', async (t) => {
  const e2e = await makeE2e(t, {
    answers: [{ parts: [{ call: 'shell', args: { command: 'sleep 63' } }] }],
  });
  const child = e2e.start(
    'mcp-server',
    ...unconfined,
    '--approval',
    'never',
    '--http',
    '127.0.0.1:0',
  );
  const told = await shows(child.stderr, /listening on .*\n/);
  const [, made = '', url = ''] = /token (\S+)[^]*listening on (\S+)/.exec(told) ?? [];
  const host = await oldHttpHost(t, { url, token: made });
  const started = Promise.withResolvers<void>();
  const call = host.call(
    'spindle',
    { prompt: 'x' },
    {
      onprogress: (message) => {
        if (message.includes('sleep 63')) started.resolve();
      },
    },
  );
  call.catch(() => {});
  await started.promise;
  const exit = ended(child);
  child.kill('SIGTERM');
  assert.equal((await exit).code, 143);
  const [items = []] = e2e.threads();
  assert.equal(items.findLast((item) => item.type === 'end')?.status, 'interrupted');
});
