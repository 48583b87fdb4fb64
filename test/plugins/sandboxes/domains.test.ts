/** Commands that may reach some hosts, by the proxy: through the kernel, in a real bubblewrap, with real programs. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';

import type { Answer, Host, Item, Plugin, ResultItem, Settings } from '../../../core/index.ts';
import approval from '../../../plugins/policies/approval.ts';
import rulesPlugin from '../../../plugins/policies/rules.ts';
import type { Rule } from '../../../plugins/policies/rules/rule.ts';
import bubblewrap from '../../../plugins/sandboxes/bubblewrap.ts';
import domains from '../../../plugins/sandboxes/domains.ts';
import shell from '../../../plugins/tools/shell.ts';
import { openToolThread, textOfResult, type ToolThread } from '../../contracts/tool-thread.ts';
import { makeE2e } from '../../e2e/place.ts';
import { has, whoElse, whyNot } from '../../fixtures/sandboxes/bubblewrap.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const whyNotHere = await whyNot();
const skip = whyNotHere || (has('curl') ? false : 'NOT TESTED: there is no curl');

/** What names mean here: the internet of these tests. */
const names: Readonly<Record<string, readonly string[]>> = {
  'open.example': ['93.184.216.34'],
  'other.example': ['93.184.216.35'],
  'rebound.example': ['127.0.0.1'],
  'metadata.example': ['169.254.169.254'],
  'inner.example': ['10.1.2.3'],
  'half.example': ['127.0.0.1', '93.184.216.34'],
};

interface World {
  readonly thread: ToolThread;
  /** Runs a command by the tool `shell`; its result. */
  readonly run: (command: string) => Promise<ResultItem>;
  /** The addresses that were connected to. */
  readonly reached: readonly string[];
  readonly host: () => Host;
}

interface WorldOptions {
  readonly rules: readonly Rule[];
  readonly settings?: Partial<Settings>;
  readonly options?: Parameters<typeof domains>[0];
  readonly answer?: (question: Extract<Item, { type: 'question' }>) => Answer;
}

/** A server that is what all public addresses lead to: it says what it got. */
async function startServer(t: TestContext): Promise<number> {
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => {
      const { method, url, headers } = request;
      const said = { method, url, host: headers.host, bytes, proxy: headers['proxy-connection'] };
      response.end(url === '/big' ? Buffer.alloc(3_000_000, 'x') : JSON.stringify(said));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port; // it listens on TCP
}

async function makeWorld(t: TestContext, given: WorldOptions): Promise<World> {
  const port = await startServer(t);
  const reached: string[] = [];
  const internet = {
    lookup: async (name: string) => {
      const found = names[name];
      if (found === undefined) throw new Error('no such name');
      return found;
    },
    connect: async (address: string, wanted: number): Promise<Socket> => {
      reached.push(`${address}:${wanted}`);
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      await once(socket, 'connect');
      return socket;
    },
  };
  const rules = given.rules.map((rule) => ({ rule, layer: 'user', file: '/etc/rules.json' }));
  const isWanted = () => given.rules.some(({ domain }) => domain !== undefined);
  let host: Host | undefined;
  const taker: Plugin = { name: 'taker', api: 1, setup: (own) => void (host = own) };
  const thread = await openToolThread(t, {
    plugins: [
      bubblewrap(),
      domains({ isWanted, internet, ...given.options }),
      approval({ rules }),
      rulesPlugin({ rules }),
      shell(),
      taker,
    ],
    policy: () => ({ verdict: 'allow', reason: 'a test', rule: 'none' }),
    settings: { sandbox: 'workspace-write', approval: 'on-request', ...given.settings },
    env: { PATH: process.env['PATH'] ?? '', NODE_OPTIONS: '--title=mine' },
    ...(given.answer === undefined ? {} : { answer: given.answer }),
  });
  return {
    thread,
    reached,
    run: (command) => thread.call('shell', { command, timeout_ms: 30_000 }),
    host: () => host!,
  };
}

async function connections(thread: ToolThread) {
  const items = await thread.items();
  return items.flatMap((item) =>
    item.type === 'decision' && item.effect.kind === 'fetch' ? [item] : [],
  );
}

const openRule: Rule = { action: 'allow', domain: 'open.example' };

suite('the network by domain', () => {
  test(
    'a host that a rule allows is reached by HTTP, CONNECT and SOCKS, and each connection is recorded',
    { skip },
    async (t) => {
      const { run, thread, reached } = await makeWorld(t, { rules: [openRule] });
      const result = await run(
        [
          'curl -sS http://open.example/plain?q=1; echo',
          'curl -sS -p http://open.example:8080/tunnel; echo',
          'curl -sS -x socks5h://${HTTPS_PROXY#http://} http://open.example/socks; echo',
          'echo "$HTTP_PROXY" | grep -c "^http://127.0.0.1:"; env | grep -c PASSAGE',
        ].join('; '),
      );
      const text = textOfResult(result);
      assert.match(text, /"method":"GET","url":"\/plain\?q=1","host":"open.example","bytes":0\}/);
      assert.match(text, /"url":"\/tunnel","host":"open.example:8080"/);
      assert.match(text, /"url":"\/socks"/);
      assert.match(text, /\n1\n0\n/);
      assert.deepEqual(reached, ['93.184.216.34:80', '93.184.216.34:8080', '93.184.216.34:80']);
      const records = await connections(thread);
      assert.deepEqual(
        records.map(({ verdict, origin, effect, rule }) => [
          verdict,
          origin.name,
          effect['url'],
          rule,
        ]),
        [
          'http://open.example/plain?q=1',
          'https://open.example:8080/',
          'https://open.example:80/',
        ].map((url) => ['allow', 'shell', url, JSON.stringify(openRule)]),
      );
    },
  );

  test(
    'another host is refused; the command is told the name and the rule that would allow it',
    { skip },
    async (t) => {
      const { run, thread, reached } = await makeWorld(t, { rules: [openRule] });
      const result = await run('curl -sS https://other.example/; curl -sS http://other.example/');
      assert.match(
        textOfResult(result),
        /spindle: other\.example: denied: .*the rule \{"action":"allow","domain":"other\.example"\}/,
      );
      assert.deepEqual(reached, []);
      assert.deepEqual(
        (await connections(thread)).map(({ verdict }) => verdict),
        ['deny', 'deny'],
      );
    },
  );

  test(
    'the strictest rule wins, and a rule that asks is asked in the thread',
    { skip },
    async (t) => {
      const asked: string[] = [];
      const { run, reached } = await makeWorld(t, {
        rules: [
          { action: 'allow', domain: '*.example' },
          { action: 'deny', domain: 'open.example', reason: 'not that one' },
          { action: 'ask', domain: 'other.example' },
        ],
        answer: (item) => {
          if (item.question.kind === 'approval/ask')
            asked.push(String(item.question.effect['url']));
          return { decision: 'once' };
        },
      });
      const result = await run(
        'curl -sS http://open.example/; curl -sS http://other.example/asked',
      );
      assert.match(textOfResult(result), /not that one/);
      assert.match(textOfResult(result), /"url":"\/asked"/);
      assert.deepEqual(asked, ['http://other.example/asked']);
      assert.deepEqual(reached, ['93.184.216.35:80']);
    },
  );

  test(
    'a name that means this machine, a metadata service or a network within is not reached',
    { skip },
    async (t) => {
      const { run, reached } = await makeWorld(t, { rules: [{ action: 'allow', domain: '*' }] });
      const targets = [
        'rebound.example metadata.example inner.example 127.1 2130706433 0x7f.1 localhost.:1 [::1]',
        '[::ffff:127.0.0.1] 169.254.169.254 0.0.0.0 10.0.0.1 [fd00::1] [fe80::1]',
      ].flatMap((line) => line.split(' '));
      const result = await run(
        targets.map((name) => `curl -gsS --noproxy '' http://${name}/; echo`).join('; '),
      );
      assert.deepEqual(reached, []);
      const text = textOfResult(result);
      // As answers to all; on stderr each reason once, and three of them are the same address.
      assert.equal(text.match(/^spindle: /gm)?.length, 2 * targets.length - 2, text);
      await run('curl -sS http://half.example/');
      assert.deepEqual(reached, ['93.184.216.34:80']);
    },
  );

  test(
    'a network within is reached when the user says so, this machine never',
    { skip },
    async (t) => {
      const { run, reached } = await makeWorld(t, {
        rules: [{ action: 'allow', domain: '*' }],
        options: { privateAddresses: true },
      });
      await run('curl -sS http://inner.example/; curl -sS http://rebound.example/');
      assert.deepEqual(reached, ['10.1.2.3:80']);
    },
  );

  test(
    'names with NUL, requests that are none, and other SOCKS commands are refused',
    { skip: whyNotHere },
    async (t) => {
      const { run, reached, thread } = await makeWorld(t, { rules: [openRule] });
      const script = `
      const net = require('node:net');
      const port = new URL(process.env.HTTP_PROXY).port;
      const tries = [
        Buffer.from('\\x05\\x01\\x00\\x05\\x01\\x00\\x03\\x16open.example\\0.evil.test\\x00\\x50', 'latin1'),
        Buffer.from('CONNECT open.example\\0.evil.test:443 HTTP/1.1\\r\\n\\r\\n'),
        Buffer.from('CONNECT user@open.example:443 HTTP/1.1\\r\\n\\r\\n'),
        Buffer.from('GET ftp://open.example/ HTTP/1.1\\r\\n\\r\\n'),
        Buffer.from('GET / HTTP/1.1\\r\\n\\r\\n'),
        Buffer.from('x'.repeat(70_000)),
        Buffer.from('\\x05\\x01\\x00\\x05\\x02\\x00\\x01\\x01\\x02\\x03\\x04\\x00\\x50', 'latin1'),
      ];
      (async () => {
        for (const one of tries) {
          const socket = net.connect(port, '127.0.0.1').on('error', () => {});
          socket.write(one);
          let got = '';
          for await (const chunk of socket) got += chunk.toString('latin1');
          console.log(JSON.stringify(got.slice(0, 40)));
        }
      })();`;
      writeFileSync(join(thread.cwd, 'try.cjs'), script);
      const text = textOfResult(await run('node try.cjs'));
      assert.equal(text.trim().split('\n').length, 7, text);
      assert.equal(text.match(/400 Bad Request/g)?.length, 5, text);
      assert.match(text, /\\u0007/);
      assert.deepEqual(reached, []);
      assert.deepEqual(await connections(thread), []);
    },
  );

  test('much data, both ways and on many connections, comes whole', { skip }, async (t) => {
    const { run } = await makeWorld(t, { rules: [openRule] });
    const result = await run(
      'head -c 3000000 /dev/zero > up; for n in 1 2 3 4; do curl -sS http://open.example/big | wc -c & done; curl -sS --data-binary @up http://open.example/up; wait',
    );
    const text = textOfResult(result);
    assert.equal(text.match(/3000000$/gm)?.length, 4, text);
    assert.match(text, /"bytes":3000000/);
  });

  test(
    'a connection that nobody reads does not stop the others',
    { skip: whyNotHere },
    async (t) => {
      const { run, thread } = await makeWorld(t, { rules: [openRule] });
      writeFileSync(
        join(thread.cwd, 'two.mjs'),
        `const slow = await fetch('http://open.example/big');
       const fast = await (await fetch('http://open.example/fast')).text();
       console.log(fast, (await slow.arrayBuffer()).byteLength);
       process.exit();`,
      );
      assert.match(textOfResult(await run('node two.mjs')), /"\/fast".* 3000000/);
    },
  );

  test('exit codes, signals, input and NODE_OPTIONS are the command’s own', { skip }, async (t) => {
    const { run } = await makeWorld(t, { rules: [openRule] });
    const text = textOfResult(
      await run('cat; (exit 7); echo code $?; node -p process.title; exit 9'),
    );
    assert.match(text, /code 7\nmine\n/);
    assert.match(text, /9/);
    const killed = await run('kill -9 $$');
    assert.equal(killed.detail?.['exitCode'] ?? 137, 137);
  });

  test(
    'without a rule for a domain no proxy is started, and nothing is changed',
    { skip },
    async (t) => {
      const before = proxies();
      const { run } = await makeWorld(t, { rules: [] });
      const text = textOfResult(await run('env | grep -ci proxy; curl -sS http://open.example/'));
      assert.match(text, /^0\n/);
      assert.match(text, /Could not resolve host/);
      assert.deepEqual(
        proxies().filter((one) => !before.includes(one)),
        [],
      );
    },
  );

  test(
    'what a plugin starts is judged like a tool’s command, and recorded; nobody is asked',
    { skip },
    async (t) => {
      const { host, reached } = await makeWorld(t, { rules: [openRule] });
      let output = '';
      const onOutput = (chunk: Uint8Array) => void (output += Buffer.from(chunk).toString());
      const argv = [
        'bash',
        '-c',
        'curl -sS http://open.example/a; curl -sS http://other.example/b',
      ] as const;
      const child = await host().effects.spawn({ argv, onOutput });
      await child.exited;
      assert.match(output, /"url":"\/a"/);
      assert.match(output, /spindle: other\.example: denied: .*nobody is there to ask/);
      assert.deepEqual(reached, ['93.184.216.34:80']);
    },
  );

  test(
    'a command sees neither its token nor where the proxy is, and has no connection of its own to it',
    { skip },
    async (t) => {
      const { run } = await makeWorld(t, { rules: [openRule] });
      const text = textOfResult(
        await run(
          'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr "\\0" "\\n" | grep -c "spindle-prox[y]"; ls /tmp | grep -c "spindle-prox[y]"; ls -l /proc/self/fd | grep -c socket; echo end',
        ),
      );
      // Its outputs are sockets of the machine: not one more.
      assert.match(text, /^0\n0\n[0-2]\nend/);
    },
  );

  test('nothing is left of the proxy when the kernel is disposed', { skip }, async (t) => {
    const before = proxies();
    const { run, thread } = await makeWorld(t, { rules: [openRule] });
    await run('curl -sS http://open.example/');
    const own = proxies().filter((one) => !before.includes(one));
    assert.equal(own.length >= 1, true);
    await thread.kernel[Symbol.asyncDispose]();
    assert.equal(
      own.every((one) => proxies().includes(one)),
      false,
    );
  });
});

test(
  'managed policy narrows the hosts that rules allow, and nobody else’s rule opens one',
  { skip },
  async (t) => {
    const place = await makeE2e(t, {
      answers: [],
      config: { rules: [{ action: 'allow', domain: '*' }] },
      files: { '.spindlerc.json': '{"rules":[{"action":"allow","domain":"*"}]}' },
    });
    const managed = join(place.cwd, '..', 'managed.json');
    writeFileSync(managed, '{"allow":{"domains":["open.invalid"]}}');
    Object.assign(place.env, { SPINDLE_MANAGED: managed });
    const script = 'curl -sS http://open.invalid/; curl -sS http://other.invalid/';
    const { stderr } = await place.run(['sandbox', '--', 'bash', '-c', script]);
    assert.match(stderr, /open\.invalid: there is no such host/);
    assert.match(stderr, /other\.invalid: denied: requests may only go to open\.invalid/);
  },
);

test('the rules of a repository that is not trusted open no host', { skip }, async (t) => {
  const place = await makeE2e(t, {
    answers: [],
    files: { '.spindlerc.json': '{"rules":[{"action":"allow","domain":"*"}]}' },
  });
  const { stderr } = await place.run(['sandbox', '--', 'curl', '-sS', 'http://open.invalid/']);
  assert.match(stderr, /Could not resolve host/);
});

const isRoot = process.getuid?.() === 0;
const user = isRoot ? whoElse() : undefined;
const whyAlone = user === undefined && 'it is no root, or nobody else can read this folder';

test('all of it holds for an ordinary user, too', { skip: skip || whyAlone }, async (t) => {
  const env = { ...process.env, HOME: temporaryFolder(t), NODE_TEST_CONTEXT: undefined };
  chmodSync(env.HOME, 0o777);
  const args = [...(user ?? []), process.execPath, '--test', import.meta.filename];
  const ran = await promisify(execFile)('setpriv', args, { env }).catch((error: unknown) => error);
  assert.ok(!(ran instanceof Error), JSON.stringify(ran));
});

function proxies(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('spindle-proxy-'));
}
