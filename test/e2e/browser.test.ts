import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { place, serve, token } from './app-server.ts';

const chromium = spawnSync('sh', ['-c', 'command -v chromium || command -v google-chrome'])
  .stdout.toString()
  .trim();
const skip = chromium === '' ? 'there is no Chromium on this machine' : false;

/** A tab, driven over the DevTools protocol. */
async function openTab(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'spindle-browser-'));
  const argv = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
  const child = spawn(chromium, [...argv, `--user-data-dir=${folder}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  let port = '';
  for await (const line of createInterface({ input: child.stderr })) {
    port = /listening on ws:\/\/[^:]+:(\d+)\//.exec(line)?.[1] ?? '';
    if (port !== '') break;
  }
  child.stderr.resume();
  const tabs = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as readonly {
    readonly type: string;
    readonly webSocketDebuggerUrl: string;
  }[];
  const url = tabs.find(({ type }) => type === 'page')!.webSocketDebuggerUrl;
  const socket = new WebSocket(url);
  await once(socket, 'open');
  let last = 0;
  const ask = async (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    const id = ++last;
    socket.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const [data] = (await once(socket, 'message')) as [Buffer];
      const message = JSON.parse(data.toString()) as { id?: number; result?: never };
      if (message.id === id) return message.result ?? {};
    }
  };
  const run = async (expression: string): Promise<unknown> => {
    const { result } = await ask('Runtime.evaluate', { expression, awaitPromise: true });
    return (result as { value?: unknown }).value;
  };
  return { ask, run };
}

/** Resolves in the page when its text matches. */
const shows = (pattern: RegExp) =>
  `new Promise((done) => { const look = () => ${String(pattern)}.test(document.body?.innerText ?? '') ? done(document.body.innerText) : setTimeout(look, 20); look(); })`;

test(
  'the page takes the token, follows a turn through a disconnect, and shows its end',
  { skip },
  async (t) => {
    const text = 'The quick brown fox jumps over the lazy dog.';
    const e2e = await place(t, { answers: [{ parts: [{ text, deltas: 9 }], holdAfter: 8 }] });
    const { addresses } = await serve(e2e, 'http://127.0.0.1:0');
    const { ask, run } = await openTab(t);
    await ask('Page.navigate', { url: `${addresses[0]}/#token=${token}` });
    await run(
      `new Promise((done) => { const look = () => document.getElementById('form')?.onsubmit && location.hash === '' ? done() : setTimeout(look, 20); look(); })`,
    );
    assert.equal(await run('document.cookie'), '', 'scripts do not see the cookie');
    await run(
      `document.getElementById('text').value = 'Go.'; document.getElementById('form').requestSubmit()`,
    );
    await run(shows(/The quick/));
    const offline = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await ask('Network.enable');
    await ask('Network.emulateNetworkConditions', { ...offline, offline: true });
    e2e.server.release();
    await ask('Network.emulateNetworkConditions', { ...offline, offline: false });
    const shown = String(await run(shows(/turn completed/)));
    assert.equal(shown.split(text).length, 2, shown);
  },
);
