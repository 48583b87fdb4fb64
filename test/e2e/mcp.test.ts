import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';

import { makeE2e, unconfined } from './place.ts';

const raw = join(import.meta.dirname, '../fixtures/mcp/raw.ts');
const server = (behaviour: string, ...more: readonly string[]) => ({
  command: process.execPath,
  args: [raw, behaviour, ...more],
});

test('a tool of a configured server is found and called, and exec shows it under its own name', async (t) => {
  const e2e = await makeE2e(t, {
    answers: [
      { parts: [{ call: 'tool_search', args: { query: 'echo' } }] },
      { parts: [{ call: 'tool_call', args: { name: 'things__echo', arguments: { text: 'hi' } } }] },
      { text: 'done' },
    ],
    config: { mcpServers: { things: server('plain') } },
  });
  const { code, stdout, stderr } = await e2e.run(['exec', ...unconfined, '--json', 'go']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /echo: hi/);
  const shown = stdout.split('\n').filter((line) => line.includes('"mcp_tool_call"'));
  assert.ok(
    shown.some((line) => /"server":"things","tool":"echo","arguments":\{"text":"hi"\}/.test(line)),
    stdout,
  );
  const [request] = e2e.server.requests;
  const told = JSON.stringify(request?.json.input);
  assert.match(told, /- things: not started yet/);
});

test('a call that leaves the sandbox needs a rule or a yes; the entry of its server can give the rule', async (t) => {
  const call = {
    parts: [{ call: 'tool_call', args: { name: 'things__echo', arguments: { text: 'hi' } } }],
  };
  const run = async (more: object) => {
    const e2e = await makeE2e(t, {
      answers: [call, { text: 'done' }],
      config: { mcpServers: { things: { ...server('plain'), sandbox: false, ...more } } },
    });
    const { stdout } = await e2e.run(['exec', '--json', 'go']);
    return stdout;
  };
  assert.match(await run({}), /echo of things acts outside the sandbox .*nobody is there to ask/);
  assert.match(await run({ allow: ['echo'] }), /echo: hi/);
  assert.match(await run({ allow: true, deny: ['ech*'] }), /a rule denies it/);
});

test('a call of a server that runs in the sandbox needs no yes, and what holds it is told', async (t) => {
  const call = {
    parts: [{ call: 'tool_call', args: { name: 'things__echo', arguments: { text: 'hi' } } }],
  };
  const things = { command: process.execPath, args: ['raw.ts', 'plain'] };
  const e2e = await makeE2e(t, {
    answers: [call, { text: 'done' }],
    files: { 'raw.ts': readFileSync(raw, 'utf8') }, // In the workspace: the sandbox may hide this checkout.
    config: { mcpServers: { things } },
  });
  const probe = await e2e.run(['sandbox', '--', 'true']);
  if (probe.code !== 0) return t.skip('commands cannot be confined here');
  const { stdout } = await e2e.run(['exec', '--json', 'go']);
  assert.match(stdout, /echo: hi/);
  const [thread = []] = e2e.threads();
  const decisions = thread.flatMap((item) => (item.type === 'decision' ? [item] : []));
  const decided = decisions.find(({ effect }) => effect.kind === 'call');
  assert.equal(decided?.effect['confined'], true);
  const narrower = await e2e.run(['mcp', 'list', '--json']);
  assert.match(narrower.stdout, /"confined": "(?:full|partial)"/);
});

test("a repository's servers need trust, then a yes for each by name, and again when they change", async (t) => {
  const e2e = await makeE2e(t, {
    answers: [],
    files: {
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.mcp.json': JSON.stringify({
        mcpServers: { things: server('plain'), 'bad!': { command: 'x' } },
      }),
    },
  });
  const list = async () => JSON.parse((await e2e.run(['mcp', 'list', '--json'])).stdout) as Servers;
  interface Servers {
    readonly [name: string]: { readonly state: string; readonly why?: string };
  }
  assert.deepEqual(await list(), {}, 'nothing counts before trust');
  await e2e.run(['trust']);
  assert.match(
    (await list())['things']?.why ?? '',
    /it is not approved: .*spindle mcp approve things/,
  );
  const approved = await e2e.run(['mcp', 'approve', 'things']);
  assert.match(approved.stdout, /approved: things: .*raw\.ts plain/);
  assert.match(approved.stderr, /mcpServers\.bad! does not count: a name has letters/);
  const unconfinedList = await e2e.run(['mcp', 'list', '-c', 'sandbox=danger-full-access']);
  assert.match(unconfinedList.stdout, /things +ready/);
  const changed = { mcpServers: { things: server('dies') } };
  writeFileSync(join(e2e.cwd, '.mcp.json'), JSON.stringify(changed));
  assert.deepEqual(await list(), {}, 'a changed file is not trusted');
  await e2e.run(['trust']);
  assert.match((await list())['things']?.why ?? '', /it has changed since it was approved/);
  const unknown = await e2e.run(['mcp', 'approve', 'thing']);
  assert.equal(unknown.code, 2);
  assert.match(
    unknown.stderr,
    /no MCP server "thing"; there are: things\. Did you mean "things"\?/,
  );
});

test('a name in two files is one server: yours counts, and that is told', async (t) => {
  const e2e = await makeE2e(t, {
    answers: [],
    config: { mcpServers: { things: { ...server('plain'), timeout: 5 } } },
    files: {
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.mcp.json': JSON.stringify({ mcpServers: { things: { command: 'evil' } } }),
    },
  });
  const { stdout, stderr } = await e2e.run(['mcp', 'list', '--known', '--json', '--trust']);
  assert.match(
    stderr,
    /\.mcp\.json: mcpServers\.things does not count: .*config\.json has a server of this name/,
  );
  assert.match(stdout, /config\.json/);
});

test('what is wrong in a configured server is told with file and key', async (t) => {
  const e2e = await makeE2e(t, { answers: [], config: { mcpServers: { x: { comand: 'node' } } } });
  const { code, stderr } = await e2e.run(['mcp', 'list']);
  assert.equal(code, 2);
  assert.match(stderr, /config\.json: mcpServers\.x\.comand: unknown key/);
  const named = await e2e.run(['mcp', 'list', '-c', 'mcpServers={"a b":{"command":"x"}}']);
  assert.match(named.stderr, /mcpServers\..*: expected a name of letters, digits/);
});

test('what a server answers as structured content is told by exec beside its text', async (t) => {
  const e2e = await makeE2e(t, {
    answers: [{ parts: [{ call: 'tool_call', args: { name: 'things/echo' } }] }, { text: 'done' }],
    config: { mcpServers: { things: server('new-content') } },
  });
  const { stdout } = await e2e.run(['exec', ...unconfined, '--json', 'go']);
  assert.match(stdout, /"text":"known".*"structured_content":\{"sides":6\}/);
});

test('a login prints the address, waits for the browser and nobody else, and keeps its tokens for the user alone', async (t) => {
  const hub = await startHub(t);
  const e2e = await makeE2e(t, { answers: [], config: { mcpServers: { hub: { url: hub.url } } } });
  const before = await e2e.run(['mcp', 'list']);
  assert.equal(before.code, 0);
  assert.match(before.stdout, /hub: .*wants a login: run "spindle mcp login hub"/);

  const child = e2e.start('mcp', 'login', 'hub');
  for await (const line of createInterface(child.stdout!)) {
    const [address] = /http:\S+authorize\S+/.exec(line) ?? [];
    if (address === undefined) continue;
    const back = new URL(address).searchParams.get('redirect_uri');
    assert.equal((await fetch(`${back}?code=forged&state=guessed`)).status, 400);
    await visit(address);
  }
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0);
  assert.match((await e2e.run(['mcp', 'list'])).stdout, /hub +ready/);
  const folder = join(e2e.env['SPINDLE_HOME'] ?? '', 'mcp', 'auth');
  for (const name of readdirSync(folder))
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  assert.match(readFileSync(join(folder, readdirSync(folder)[0]!), 'utf8'), /canary-token/);
  await e2e.run(['mcp', 'logout', 'hub']);
  assert.deepEqual(readdirSync(folder), []);
});

test('a token endpoint that redirects elsewhere gets no code there, and that is said', async (t) => {
  let heard = 0;
  const elsewhere = await listen(t, (_request, response) => {
    heard++;
    response.end();
  });
  const hub = await startHub(t, `${elsewhere}/token`);
  const e2e = await makeE2e(t, { answers: [], config: { mcpServers: { hub: { url: hub.url } } } });
  const child = e2e.start('mcp', 'login', 'hub');
  let told = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (told += text));
  for await (const line of createInterface(child.stdout!)) {
    const [address] = /http:\S+authorize\S+/.exec(line) ?? [];
    if (address !== undefined) await visit(address);
  }
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 1);
  assert.equal(heard, 0);
  assert.ok(told.includes(`redirects to ${elsewhere}, which is not followed`), told);
});

/** As a browser does. */
async function visit(address: string): Promise<void> {
  const { headers } = await fetch(address, { redirect: 'manual' });
  await (await fetch(headers.get('location') ?? '')).text();
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(t: TestContext, handle: Handle): Promise<string> {
  const listener = createServer(handle);
  await new Promise<void>((done) => void listener.listen(0, '127.0.0.1', done));
  t.after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

/** A server with a login: authorization server and MCP server in one. `moved`: where its token endpoint redirects. */
async function startHub(t: TestContext, moved?: string): Promise<{ readonly url: string }> {
  let base = '';
  const paths: Record<string, Handle> = {
    '/.well-known/oauth-protected-resource/mcp': (_request, response) =>
      json(response, 200, { resource: `${base}/mcp`, authorization_servers: [base] }),
    '/.well-known/oauth-authorization-server': (_request, response) =>
      json(response, 200, {
        issuer: base,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        registration_endpoint: `${base}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
      }),
    '/register': (request, response) => {
      void readBody(request).then((body) =>
        json(response, 201, { client_id: 'made', ...(JSON.parse(body) as object) }),
      );
    },
    '/authorize': (request, response) => {
      const { searchParams } = new URL(request.url ?? '', base);
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'a-code');
      back.searchParams.set('state', searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
    },
    '/token': (_request, response) =>
      moved === undefined
        ? json(response, 200, {
            access_token: 'canary-token',
            token_type: 'Bearer',
            expires_in: 3600,
          })
        : response.writeHead(307, { location: moved }).end(),
    '/mcp': (request, response) => {
      if (request.headers.authorization !== 'Bearer canary-token') {
        const where = `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"`;
        response.writeHead(401, { 'www-authenticate': where }).end();
        return;
      }
      void readBody(request).then((body) => answer(body, response));
    },
  };
  base = await listen(t, (request, response) => {
    const handle = paths[new URL(request.url ?? '/', 'http://x').pathname];
    if (handle === undefined) response.writeHead(404).end();
    else handle(request, response);
  });
  return { url: `${base}/mcp` };
}

function json(response: ServerResponse, status: number, body: object) {
  return response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify(body));
}

function answer(body: string, response: ServerResponse) {
  const { id, method } = JSON.parse(body || '{}') as { id?: number; method?: string };
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'hub', version: '1' },
    },
    'tools/list': { tools: [] },
  };
  const result = results[method ?? ''];
  if (id === undefined) return response.writeHead(202).end();
  return json(response, 200, {
    jsonrpc: '2.0',
    id,
    ...(result === undefined ? { error: { code: -32601, message: 'unknown' } } : { result }),
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await Array.fromAsync<Buffer>(request)).toString();
}
