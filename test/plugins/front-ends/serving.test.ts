import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readAddress } from '../../../plugins/front-ends/serving/address.ts';
import { answerPlain } from '../../../plugins/front-ends/serving/answers.ts';
import { listenHttp, listenSocket } from '../../../plugins/front-ends/serving/listen.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const token = 'a-token-of-the-test';
const bearer = { authorization: `Bearer ${token}` };

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function fixture(t: TestContext, isReady = true) {
  const failures: string[] = [];
  const listener = await listenHttp({
    host: '127.0.0.1',
    port: 0,
    token,
    service: {
      onRequest: (asked, response) => {
        if (asked.url === '/broken') throw new Error('a secret reason');
        answerPlain(response, 200, 'welcome');
      },
      page: { title: 'T', body: '<p>hello', style: 'p{color:red}', script: 'void 0;' },
      isReady: () => isReady,
      log: (message) => failures.push(message),
    },
  });
  t.after(() => listener[Symbol.asyncDispose]());
  const { port } = new URL(listener.address);
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const asking = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    asking.on('error', reject).end();
    return promise;
  };
  return { ask, port, failures };
}

test('whoever has the token is let in, and nobody else', async (t) => {
  const { ask } = await fixture(t);
  const without = await ask('/x');
  assert.equal(without.status, 401);
  assert.equal(without.headers['www-authenticate'], 'Bearer');
  assert.equal((await ask('/x', { authorization: 'Bearer wrong' })).status, 401);
  assert.equal((await ask('/x', { authorization: `Basic ${token}` })).status, 401);
  const let_in = await ask('/x', bearer);
  assert.deepEqual([let_in.status, let_in.text], [200, 'welcome\n']);
  assert.equal(let_in.headers['access-control-allow-origin'], undefined);
});

test('a token in the address is refused, even a right one', async (t) => {
  const { ask } = await fixture(t);
  for (const path of [`/x?token=${token}`, `/x?a=1&access_token=${token}`, '/healthz?api_key=1'])
    assert.equal((await ask(path, bearer)).status, 400, path);
});

test('pages of other sites and names that lead here by rebinding are refused', async (t) => {
  const { ask, port } = await fixture(t);
  const refused: readonly Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://localhost:${Number(port) + 1}` },
    { host: `evil.example:${port}` },
    { host: '127.0.0.1' },
    { host: `127.0.0.1.evil.example:${port}` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of refused)
    for (const path of ['/x', '/healthz', '/'])
      assert.equal(
        (await ask(path, { ...bearer, ...headers })).status,
        403,
        JSON.stringify(headers),
      );
  const own = { host: `localhost:${port}`, origin: `http://localhost:${port}` };
  assert.equal((await ask('/x', { ...bearer, ...own })).status, 200);
});

test('a browser exchanges the token for a cookie that scripts and other sites never see', async (t) => {
  const { ask, port } = await fixture(t);
  assert.equal((await ask('/session', {}, 'POST')).status, 401);
  const { status, headers } = await ask('/session', bearer, 'POST');
  const [cookie = ''] = headers['set-cookie'] ?? [];
  assert.equal(status, 204);
  assert.match(cookie, /; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.ok(!cookie.includes(token));
  const [pair = ''] = cookie.split(';');
  assert.ok(pair.startsWith(`spindle-${port}=`));
  assert.equal((await ask('/x', { cookie: `other=1; ${pair}` })).status, 200);
  assert.equal((await ask('/x', { cookie: `${pair}x` })).status, 401);
  assert.equal((await ask('/x', { cookie: pair, origin: 'https://evil.example' })).status, 403);
});

test('the page needs no token, loads nothing from elsewhere and stands in no frame', async (t) => {
  const { ask } = await fixture(t);
  const { status, headers, text } = await ask('/');
  assert.equal(status, 200);
  assert.match(text, /<p>hello/);
  assert.ok(!text.includes(token));
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; script-src 'sha256-[^']+'/);
  assert.match(policy, /frame-ancestors 'none'/);
});

test('health and readiness need no token', async (t) => {
  const { ask } = await fixture(t, false);
  assert.deepEqual([(await ask('/healthz')).status, (await ask('/readyz')).status], [200, 503]);
});

test('what fails is told to people, not to clients, and the next request is answered', async (t) => {
  const { ask, failures } = await fixture(t);
  const { status, text } = await ask('/broken', bearer);
  assert.equal(status, 500);
  assert.ok(!text.includes('secret'));
  assert.deepEqual(failures, ['a secret reason']);
  assert.equal((await ask('/x', bearer)).status, 200);
});

test('a port that is taken is told with its address', async (t) => {
  const { port } = await fixture(t);
  const service = { onRequest: () => {}, log: () => {} };
  const options = { host: '127.0.0.1', port: Number(port), token, service };
  await assert.rejects(listenHttp(options), { code: 'conflict' });
});

const onSocket = () => {};

test('a socket is its user’s own, replaces that of a dead server, and spares a living one and files', async (t) => {
  const path = join(temporaryFolder(t), 'socket');
  const first = await listenSocket({ path, onSocket });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await assert.rejects(listenSocket({ path, onSocket }), { code: 'conflict' });
  await first[Symbol.asyncDispose]();
  const file = join(temporaryFolder(t), 'file');
  writeFileSync(file, 'kept');
  await assert.rejects(listenSocket({ path: file, onSocket }), { code: 'invalid' });
  await using _again = await listenSocket({ path, onSocket });
  const socket = connect(path);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('connect', () => resolve()).on('error', reject);
  await promise;
  socket.destroy();
});

const read = (text: string) => readAddress(text, '/work');

test('addresses are read as they are typed', () => {
  assert.deepEqual(read('stdio://'), { kind: 'stdio' });
  assert.deepEqual(read('unix://a/b'), { kind: 'unix', path: '/work/a/b' });
  assert.deepEqual(read('unix:///a/b'), { kind: 'unix', path: '/a/b' });
  assert.deepEqual(read('ws://127.0.0.1:0'), { kind: 'ws', host: '127.0.0.1', port: 0 });
  assert.deepEqual(read('http://[::1]:80/'), { kind: 'http', host: '::1', port: 80 });
  const bad = [
    '',
    'stdio://x',
    'unix://',
    'ws://a',
    'ws://:1',
    'ws://a:1:2',
    'ws://a:99999',
    'tcp://a:1',
    'ws://[a]:1',
    'http://u:p@a:1',
    'http://a:1/x',
  ];
  for (const text of bad) assert.throws(() => read(text), { code: 'invalid' }, text);
});
