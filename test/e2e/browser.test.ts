import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { place, serve, token } from './app-server.ts';
import { remove } from '../fixtures/folders.ts';

const chromium = spawnSync('sh', ['-c', 'command -v chromium || command -v google-chrome'])
  .stdout.toString()
  .trim();
const skip = chromium === '' ? 'there is no Chromium on this machine' : false;

/** A tab, driven over the DevTools protocol; none where Chromium does not start. */
async function openTab(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'spindle-browser-'));
  const shared = ['--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking'];
  const argv = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
  const all = [...argv, ...shared, `--user-data-dir=${folder}`, 'about:blank'];
  const child = spawn(chromium, all, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    remove(folder);
  });
  let port = '';
  for await (const line of createInterface({ input: child.stderr })) {
    port = /listening on ws:\/\/[^:]+:(\d+)\//.exec(line)?.[1] ?? '';
    if (port !== '') break;
  }
  if (port === '') return undefined;
  child.stderr.resume();
  const tabs = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as readonly {
    readonly type: string;
    readonly webSocketDebuggerUrl: string;
  }[];
  const url = tabs.find(({ type }) => type === 'page')!.webSocketDebuggerUrl;
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const waiting = new Map<number | undefined, (result: Record<string, unknown>) => void>();
  socket.on('message', (data: Buffer) => {
    const { id, result } = JSON.parse(data.toString()) as { id?: number; result?: never };
    waiting.get(id)?.(result ?? {});
  });
  const ask = (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    const id = waiting.size;
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    waiting.set(id, resolve);
    socket.send(JSON.stringify({ id, method, params }));
    return promise;
  };
  const run = async (expression: string): Promise<unknown> => {
    const { result } = await ask('Runtime.evaluate', { expression, awaitPromise: true });
    return (result as { value?: unknown }).value;
  };
  /** What an expression gives once it gives something: a page that is left while it is asked gives nothing. */
  const until = async (expression: string): Promise<unknown> => {
    for (;;) {
      const value = await run(expression);
      if (value !== undefined && value !== null && value !== false) return value;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { ask, run, until };
}

/** The page's text, when it matches. */
const shows = (pattern: RegExp) =>
  `${String(pattern)}.test(document.body?.innerText ?? '') && document.body.innerText`;

/** The next request of the page is of a session that the server does not know, as one that has ended. */
const forget = `const real = fetch; window.fetch = (to, how) => {
  window.fetch = real; how.headers['spindle-session'] = 'gone'; return real(to, how);
}`;

/** Says something on the page. */
const submit = `document.getElementById('text').value = 'Go.'; document.getElementById('form').requestSubmit()`;

type Tab = NonNullable<Awaited<ReturnType<typeof openTab>>>;

/** Opens the page with the token, and waits until it is there. */
async function enter({ ask, until }: Tab, address: string | undefined): Promise<void> {
  await ask('Page.navigate', { url: `${address}/#token=${token}` });
  await until(`document.getElementById('form')?.onsubmit != null && location.hash === ''`);
}

test(
  'the page takes the token, follows a turn through a disconnect, and shows its end',
  { skip, timeout: 120_000 },
  async (t) => {
    const tab = await openTab(t);
    if (tab === undefined) return t.skip('Chromium does not start on this machine');
    const { ask, run, until } = tab;
    const text = 'The quick brown fox jumps over the lazy dog.';
    const e2e = await place(t, { answers: [{ parts: [{ text, deltas: 9 }], holdAfter: 8 }] });
    const { addresses } = await serve(e2e, 'http://127.0.0.1:0');
    await enter(tab, addresses[0]);
    assert.equal(await run('document.cookie'), '', 'scripts do not see the cookie');
    await run(submit);
    await until(shows(/The quick/));
    const offline = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await ask('Network.enable');
    await ask('Network.emulateNetworkConditions', { ...offline, offline: true });
    e2e.server.release();
    await ask('Network.emulateNetworkConditions', { ...offline, offline: false });
    const shown = String(await until(shows(/turn completed/)));
    assert.equal(shown.split(text).length, 2, shown);
  },
);

test(
  'the page allows what it is asked for, and goes on with its thread when its session has ended',
  { skip, timeout: 120_000 },
  async (t) => {
    const tab = await openTab(t);
    if (tab === undefined) return t.skip('Chromium does not start on this machine');
    const { run, until } = tab;
    const call = { call: 'read_file', args: { path: '/etc/hostname' } };
    const e2e = await place(t, {
      answers: [{ parts: [call] }, { text: 'First.' }, { text: 'Second.' }],
    });
    const { addresses } = await serve(e2e, 'http://127.0.0.1:0');
    await enter(tab, addresses[0]);
    await run('window.confirm = () => true');
    await run(submit);
    await until(shows(/First\.[^]*turn completed/));
    const results = e2e.server.requests.at(-1)?.body ?? '';
    assert.doesNotMatch(results, /denied/);
    await run(forget);
    await run(submit);
    const shown = String(await until(shows(/Second\.[^]*turn completed/)));
    assert.match(shown, /First\./);
    assert.equal(e2e.threads().length, 1, 'it is the same thread');
  },
);
