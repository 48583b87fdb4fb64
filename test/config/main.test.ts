import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test, type TestContext } from 'node:test';
import { findLocalModels } from '../../config/local-models.ts';
import { folderWith, homeWith, put, repositoryWith } from './folders.ts';

/** Compiled once for all runs of this file. */
const cache = mkdtempSync(join(tmpdir(), 'spindle-code-'));
after(() => rmSync(cache, { recursive: true }));

const program = join(import.meta.dirname, '../../config/spindle.cjs');

interface Where {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Flags of Node itself. */
  readonly node?: readonly string[];
}

function start(argv: readonly string[], { cwd, env, node = [] }: Where): ChildProcess {
  const { PATH = '' } = process.env;
  return spawn(process.execPath, [...node, program, ...argv], {
    cwd,
    env: { PATH, NODE_COMPILE_CACHE: cache, ...env },
  });
}

async function run(argv: readonly string[], where: Where) {
  const child = start(argv, where);
  child.stdin?.end();
  const { stdout, stderr } = child;
  assert.ok(stdout && stderr);
  const [out, err, [code]] = await Promise.all([text(stdout), text(stderr), once(child, 'close')]);
  return { out, err, code: Number(code) };
}

/** The next output; an error when there is none before the program ends. */
async function output({ stdout, stderr }: ChildProcess): Promise<string> {
  assert.ok(stdout && stderr);
  for await (const chunk of stdout.iterator({ destroyOnReturn: false })) return String(chunk);
  throw new Error(`it ended and said nothing but ${await text(stderr)}`);
}

/** A folder to work in and a home with this configuration. */
function place(
  t: TestContext,
  config: unknown = { provider: 'scripted' },
): Where & { home: string } {
  const { home, env } = homeWith(t, { 'config.json': config });
  return { home, cwd: repositoryWith(t), env };
}

test('--version prints the version of the package alone', async (t) => {
  const { out, err, code } = await run(['--version'], place(t, '{ broken'));
  assert.match(out, /^\d+\.\d+\.\d+\n$/);
  assert.deepEqual([err, code], ['', 0]);
});

test('exec runs a turn with what is configured, and flags reach the thread', async (t) => {
  const where = place(t, {
    provider: 'scripted',
    plugins: { scripted: { options: { closing: 'well done' } } },
  });
  const done = await run(['exec', '--sandbox', 'read-only', '-c', 'effort=low', 'do it'], where);
  assert.deepEqual([done.out, done.code], ['well done\n', 0], done.err);
  const { out } = await run(['thread', 'export', '--last'], where);
  const { items } = JSON.parse(out) as { items: [{ settings: Record<string, unknown> }] };
  const [{ settings }] = items;
  assert.equal(settings['sandbox'], 'read-only');
  assert.equal(settings['effort'], 'low');
  assert.equal(settings['cwd'], where.cwd);
});

test('flags of a resumed thread change it, those of its first run stay', async (t) => {
  const where = place(t);
  await run(['exec', '-m', 'first', '-s', 'read-only', 'go'], where);
  const resumed = await run(['exec', 'resume', '--last', '-c', 'model=second', 'on'], where);
  assert.equal(resumed.code, 0, resumed.err);
  const { out } = await run(['thread', 'export', '--last'], where);
  const changes = out.split('\n').filter((line) => line.includes('"type":"settings"'));
  assert.equal(changes.length, 1);
  assert.match(changes[0] ?? '', /"model":"second"/);
  assert.doesNotMatch(changes[0] ?? '', /sandbox/);
});

test('--cd works in another folder, whose configuration counts', async (t) => {
  const where = place(t);
  const other = repositoryWith(t, {
    '.spindlerc.json': { plugins: { scripted: { options: { closing: 'from there' } } } },
  });
  put(where.home, { 'config.json': { provider: 'scripted' } });
  const refused = await run(['exec', '--cd', other, 'go'], where);
  assert.match(refused.err, /\.spindlerc\.json is not trusted/);
  const { out, err } = await run(['exec', '-C', other, '--trust', 'go'], where);
  assert.match(`${out}${err}`, /plugins\.scripted\.options\.closing never comes from a repository/);
});

test('a limit that is configured ends the turn with exit code 4', async (t) => {
  const endless = {
    steps: [{ calls: [{ name: 'update_plan', args: { plan: [] } }], again: true }],
  };
  const where = place(t, {
    provider: 'scripted',
    limits: { steps: 2 },
    plugins: { scripted: { options: endless } },
  });
  const { code, err } = await run(['exec', 'go'], where);
  assert.equal(code, 4, err);
});

const usage: readonly (readonly [readonly string[], RegExp])[] = [
  [['exec', '--jsno', 'x'], /unknown flag --jsno\. Did you mean --json\?/],
  [['exce', 'x'], /unknown command "exce"/],
  [['config', 'explain', 'modle'], /Did you mean "model"/],
  [['exec', '-c', 'modle=x', 'go'], /--config: modle: unknown key\. Did you mean "model"\?/],
  [['exec', '-c', 'limits.steps=many', 'go'], /--config: limits\.steps: .*number/],
];

for (const [argv, message] of usage) {
  test(`"${argv.join(' ')}" exits with 2 and says what to do`, async (t) => {
    const { out, err, code } = await run(argv, place(t));
    assert.equal(code, 2);
    assert.match(err, message);
    assert.equal(out, '');
    assert.doesNotMatch(err, /\n\s+at /);
  });
}

test('an error before the front end runs is an event when events are asked for', async (t) => {
  const { out, err, code } = await run(['exec', '--json', 'x'], place(t, { modle: 'x' }));
  assert.equal(code, 2);
  assert.match(err, /modle: unknown key/);
  const event: unknown = JSON.parse(out);
  assert.deepEqual(Object.keys(event as object), ['type', 'message']);
});

test('without a model exec says what to set, and exits with 1', async (t) => {
  const { err, code } = await run(['exec', 'x'], place(t, {}));
  assert.equal(code, 1);
  assert.match(err, /no model is configured: set OPENAI_API_KEY/);
});

test('an unknown provider names the ones there are', async (t) => {
  const { err, code } = await run(['exec', '--provider', 'openai-respnses', 'x'], place(t, {}));
  assert.equal(code, 1);
  assert.match(err, /openai-respnses/);
});

test('models of local servers are found, and the line that selects one is plain', async (t) => {
  const server = createServer((request, answer) => {
    answer.end(
      request.url === '/v1/models' ? '{"data":[{"id":"qwen3:8b"},{"id":"$(rm -rf /)"}]}' : '',
    );
  });
  const silent = createServer(() => {});
  for (const one of [server, silent]) {
    one.listen(0, '127.0.0.1');
    await once(one, 'listening');
    t.after(() => one.close().closeAllConnections());
  }
  const [port = 0, other = 0] = [server, silent].map((one) => (one.address() as AddressInfo).port);
  const startMs = performance.now();
  const found = await findLocalModels([port, other, 1]);
  assert.deepEqual(found, [{ url: `http://127.0.0.1:${port}/v1`, model: 'qwen3:8b' }]);
  assert.ok(performance.now() - startMs < 2000);
});

/** A home whose model takes a minute for its answer. */
function slow(t: TestContext): Where {
  return place(t, {
    provider: 'scripted',
    plugins: { scripted: { options: { delayMs: 60_000, deltas: 2, closing: 'a b' } } },
  });
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} in the middle of a turn ends it within a second and exits with ${code}`, async (t) => {
    const child = start(['exec', '--json', 'go'], slow(t));
    await output(child);
    const sentMs = performance.now();
    child.kill(signal);
    const [exit, by] = await once(child, 'close');
    assert.deepEqual([exit, by], [code, null]);
    assert.ok(performance.now() - sentMs < 1900);
  });
}

test('a front end that does not end is ended after a second, or at once by a second signal', async (t) => {
  const stuck = `
    import { frontEnds } from 'spindle';
    const run = async (client, argv, signal) => {
      process.stdout.write('up');
      signal.addEventListener('abort', () => process.stdout.write(signal.reason));
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    };
    export default () => ({ name: 'exec', api: 1, setup: (host) => void host.add(frontEnds, { name: 'exec', description: '', run }) });
  `;
  const where = place(t, { provider: 'scripted', plugins: { exec: { use: './stuck.mjs' } } });
  put(where.home, { 'stuck.mjs': stuck });
  for (const second of [undefined, 'SIGINT'] as const) {
    const child = start(['exec', 'go'], where);
    await output(child);
    const sentMs = performance.now();
    child.kill('SIGTERM');
    assert.equal(await output(child), 'SIGTERM');
    if (second !== undefined) child.kill(second);
    const [exit] = await once(child, 'close');
    assert.equal(exit, 143);
    const tookMs = performance.now() - sentMs;
    assert.ok(second === undefined ? tookMs > 900 && tookMs < 1900 : tookMs < 900, `${tookMs} ms`);
  }
});

test('a reader that leaves (| head) ends the output quietly', async (t) => {
  const where = place(t);
  for (const argv of [['config', 'schema'], ['--help'], ['completion']]) {
    const child = start(argv, where);
    child.stdout?.destroy();
    assert.ok(child.stderr);
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.deepEqual([err, code], ['', 0], argv.join(' '));
  }
});

test('the way to the first request evaluates neither zod, yargs, cosmiconfig nor hooks', async (t) => {
  const where = place(t);
  const log = `
    import { registerHooks } from 'node:module';
    import { appendFileSync } from 'node:fs';
    registerHooks({ load: (url, context, next) => { appendFileSync(${JSON.stringify(join(where.home, 'loaded'))}, url + '\\n'); return next(url, context); } });
  `;
  const node = ['--import', `data:text/javascript,${encodeURIComponent(log)}`];
  const loaded = join(where.home, 'loaded');
  await run(['exec', 'go'], { ...where, node });
  assert.match(
    readFileSync(loaded, 'utf8'),
    /node_modules\/zod\//,
    'the first time it is validated',
  );
  rmSync(loaded);
  const { out } = await run(['exec', 'go'], { ...where, node });
  assert.match(out, /./);
  const urls = readFileSync(loaded, 'utf8');
  assert.match(urls, /config\/load\.ts/);
  assert.doesNotMatch(
    urls,
    /node_modules|config\/(?:schema|usage|cosmiconfig|plugin-modules|local-models)\.ts/,
  );
});

test(
  'a folder that is gone since the shell went there is said to be',
  { skip: process.platform === 'win32' },
  async (t) => {
    const { cwd, env } = place(t);
    const line = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"';
    const argv = ['-c', line, 'sh', process.execPath, program, 'exec', 'hi'];
    const { PATH = '' } = process.env;
    const child = spawn('sh', argv, { cwd, env: { PATH, ...env } });
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.match(err, /^spindle: .*the one that this was started in is gone: go to another one/);
    assert.equal(code, 2);
  },
);

test('a folder that is not there is named', async (t) => {
  const { err, code } = await run(['exec', '--cd', join(folderWith(t), 'gone'), 'x'], place(t));
  assert.equal(code, 2);
  assert.match(err, /expected a folder to work in, but .*gone is not there/);
});
