import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { bundle } from '../../config/build.ts';
import type * as clientModule from '../../plugins/front-ends/client.ts';
import { folderWith, homeWith, put, repositoryWith } from './folders.ts';

const root = join(import.meta.dirname, '../..');
let program = '';

before(async (t) => {
  // The hook has what of a test is used here.
  const folder = folderWith(t as TestContext, {
    'package.json': readFileSync(join(root, 'package.json'), 'utf8'),
  });
  await bundle(undefined, join(folder, 'dist'));
  copyFileSync(join(root, 'config/spindle.cjs'), join(folder, 'dist/spindle.cjs'));
  program = join(folder, 'dist/spindle.cjs');
});

async function run(cwd: string, env: Record<string, string>, ...argv: readonly string[]) {
  const { PATH = '' } = process.env;
  const options = { cwd, env: { PATH, ...env } };
  return promisify(execFile)(process.execPath, [program, ...argv], options);
}

/** A plugin that works only with the program's own \`spindle\` and a zod that has \`strictObject\`. */
const proving = (word: string) => `
import { tools, type Tool } from 'spindle';
import { z } from 'zod';
export const options = z.strictObject({ word: z.string().default('${word}') });
const tool = { description: '', inputSchema: { type: 'object' }, run: () => ({ content: [] }) } as const;
export default ({ word }: { word: string }) => ({ name: word, api: 1, setup: (host) => void host.add(tools, { ...tool, name: word } satisfies Tool) });
`;

const wrongCopies = {
  'node_modules/spindle/index.js': 'throw new Error("the wrong spindle")',
  'node_modules/zod/index.js': 'throw new Error("the wrong zod")',
};

test('the packed program loads plugins from everywhere, and nothing else of theirs', async (t) => {
  const empty = folderWith(t, { 'plugin.ts': proving('from_empty') });
  const { env } = homeWith(t, {
    'plugins/mine.ts': proving('from_home'),
    'config.yaml': `plugins:\n  mine: { use: ./plugins/mine.ts }\n  empty: { use: ${join(empty, 'plugin.ts')} }\n`,
  });
  const repository = repositoryWith(t, {
    ...wrongCopies,
    'package.json': { name: 'spindle', type: 'commonjs' },
    'theirs.ts': proving('from_repository'),
    'node_modules/acme/package.json': { name: 'acme', exports: { import: './index.mjs' } },
    'node_modules/acme/index.mjs':
      "import { tools } from 'spindle';\nimport { z } from 'zod';\nvoid z.strictObject({});\nexport default () => ({ name: 'acme', api: 1, setup: (host) => void host.add(tools, { name: 'from_package', description: '', inputSchema: {}, run() {} }) });",
    '.spindlerc.json': { plugins: { theirs: { use: './theirs.ts' }, acme: true } },
  });
  const untrusted = await run(repository, env, 'plugin', 'list');
  assert.match(untrusted.stderr, /is not trusted/);
  assert.doesNotMatch(untrusted.stdout, /from_repository|from_package/);
  await run(repository, env, 'trust');
  const { stdout, stderr } = await run(repository, env, 'plugin', 'list');
  assert.equal(stderr, '');
  for (const name of ['from_empty', 'from_home', 'from_repository', 'from_package']) {
    assert.match(stdout, new RegExp(`${name} `));
  }
});

test('the packed program shows its help, its version and where a value is from', async (t) => {
  const { env, home } = homeWith(t, { 'config.yaml': 'model: mine\n' });
  const cwd = folderWith(t);
  assert.match((await run(cwd, env, 'exec', '--help')).stdout, /--output-schema/);
  assert.match((await run(cwd, env, '--version')).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match((await run(cwd, env, 'config', 'explain', 'model')).stdout, /wins .*config\.yaml/);
  assert.match((await run(cwd, env, 'config', 'schema')).stdout, /"openai-responses"/);
  rmSync(join(home, 'config.yaml'));
  put(home, { 'config.json': { provider: 'scripted' } });
  assert.match((await run(cwd, env, 'exec', 'go')).stdout, /end/);
  assert.ok(existsSync(join(home, 'stamps')));
});

test('the packed client library drives the packed program', async (t) => {
  const { env } = homeWith(t, { 'config.json': { provider: 'scripted' } });
  const file = join(dirname(program), 'client.js');
  const { connect } = (await import(file)) as typeof clientModule;
  const command = [process.execPath, program, 'app-server'] as const;
  const to = { command, cwd: folderWith(t), env: { PATH: process.env['PATH'], ...env } };
  await using client = await connect({ to, info: { name: 'packed' } });
  const { thread } = await client.request('thread/start', {});
  let status: string | undefined;
  for await (const event of client.turn({ threadId: thread.id, input: 'go' }))
    if (event.method === 'turn/completed') status = event.params.turn.status;
  assert.equal(status, 'completed');
});
