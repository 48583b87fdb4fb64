import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { bundle } from '../../config/build.ts';
import { startStandIn } from './stand-in.ts';

const launcher = join(import.meta.dirname, '../../config/spindle.cjs');
const probe = join(import.meta.dirname, 'probe.cjs');

/** Modules of Node that cost milliseconds each; what a start needs of them is got another way, or later. */
const heavy =
  /^NativeModule (?:child_process|crypto|dgram|fs\/promises|http2|https|readline|tls|tty|worker_threads|zlib|internal\/(?:deps|webstreams)\/.*)$/u;

test('before its first request the built program loads nothing heavy', async (t) => {
  const { folder, run } = await built(t);
  await using server = await startStandIn([{ text: 'Hello.' }], join(folder, 'script.json'));
  const model = { OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test', OPENAI_MODEL: 'stand-in' };
  const { builtins, chunks } = await run(
    ['exec', '--sandbox', 'danger-full-access', 'hello'],
    model,
  );
  assert.ok(builtins.includes('NativeModule http'), 'expected to see what was loaded');
  assert.deepEqual(
    builtins.filter((name) => heavy.test(name)),
    [],
  );
  assert.deepEqual(chunks, ['main', 'openai', 'rolldown-runtime', 'spindle']);
});

test('a client of the app server is greeted before anything heavy is loaded, whatever is configured', async (t) => {
  const { folder, run } = await built(t);
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ provider: 'scripted' }));
  const hello = { id: 1, method: 'initialize', params: { clientInfo: { name: 'test' } } };
  const greet = () => run(['app-server'], {}, `${JSON.stringify(hello)}\n`);
  const first = await greet();
  assert.ok(first.chunks.includes('schema'), 'expected a new configuration to be validated');
  const { builtins, chunks } = await greet();
  assert.ok(builtins.includes('NativeModule net'), 'expected to see what was loaded');
  assert.deepEqual(
    builtins.filter((name) => heavy.test(name)),
    [],
  );
  assert.deepEqual(chunks, ['app-server', 'main', 'rolldown-runtime', 'spindle', 'wire']);
});

/** What probe.cjs says. */
interface Loaded {
  readonly builtins: readonly string[];
  readonly files: readonly string[];
}

/** The program, built into a folder that is its home, too; `run` gives what a start of it loaded. */
async function built(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'spindle-start-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await bundle(undefined, folder);
  const program = join(folder, 'spindle.cjs');
  copyFileSync(launcher, program);
  const report = join(folder, 'probe.json');
  const run = async (words: readonly string[], given: NodeJS.ProcessEnv, input = '') => {
    rmSync(report, { force: true });
    const { PATH } = process.env;
    const env = { PATH, HOME: folder, SPINDLE_HOME: folder, PROBE: report, ...given };
    const argv = ['--require', probe, program, ...words];
    const running = promisify(execFile)(process.execPath, argv, { cwd: folder, env });
    running.child.stdin?.end(input);
    await running;
    const { builtins, files } = JSON.parse(readFileSync(report, 'utf8')) as Loaded; // probe.cjs wrote it
    const chunks = files.filter((url) => url.endsWith('.js')).map(chunkOf);
    return { builtins, chunks: chunks.toSorted() };
  };
  return { folder, run };
}

const chunkOf = (url: string) => basename(url).replace(/(?:-[\w-]{8})?\.js$/u, '');
