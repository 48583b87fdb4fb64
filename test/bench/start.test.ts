import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
  const { builtins, files } = await loadedAtStart(t);
  assert.ok(builtins.includes('NativeModule http'), 'expected to see what was loaded');
  assert.deepEqual(
    builtins.filter((name) => heavy.test(name)),
    [],
  );
  const chunks = files.filter((url) => url.endsWith('.js'));
  const names = chunks.map((url) => basename(url).replace(/(?:-[\w-]{8})?\.js$/u, ''));
  assert.deepEqual(names.toSorted(), ['main', 'openai', 'rolldown-runtime', 'spindle']);
});

/** What probe.cjs says. */
interface Loaded {
  readonly builtins: readonly string[];
  readonly files: readonly string[];
}

async function loadedAtStart(t: TestContext): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), 'spindle-start-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await bundle(undefined, folder);
  const built = join(folder, 'spindle.cjs');
  copyFileSync(launcher, built);
  await using server = await startStandIn([{ text: 'Hello.' }], join(folder, 'script.json'));
  const report = join(folder, 'probe.json');
  const { PATH } = process.env;
  const model = { OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test', OPENAI_MODEL: 'stand-in' };
  const env = { PATH, HOME: folder, SPINDLE_HOME: folder, PROBE: report, ...model };
  const argv = ['--require', probe, built, 'exec', '--sandbox', 'danger-full-access', 'hello'];
  await promisify(execFile)(process.execPath, argv, { cwd: folder, env });
  return JSON.parse(readFileSync(report, 'utf8')) as Loaded; // probe.cjs wrote it
}
