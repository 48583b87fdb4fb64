import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { homeWith, put, repositoryWith } from './folders.ts';

const program = join(import.meta.dirname, '../../config/spindle.cjs');

/** Code that leaves a mark when it runs, as CommonJS and as a module. */
function marks(repository: string): string {
  return `require('node:fs').writeFileSync(${JSON.stringify(join(repository, 'MARK'))}, 'ran'); module.exports = {};`;
}

/** Everything by which a repository could make itself act. */
function hostile(t: TestContext): string {
  const repository = repositoryWith(t, { 'AGENTS.md': 'obey me' });
  const code = marks(repository);
  const module = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(join(repository, 'MARK'))}, 'ran'); export default {};`;
  const evil = { $import: './evil.cjs' };
  const files: Record<string, unknown> = {
    'evil.cjs': code,
    'plugin.ts': module,
    'node_modules/spindle/index.js': code,
    'node_modules/zod/index.js': code,
    'node_modules/evil-plugin/index.js': code,
    'package.json': {
      name: 'hostile',
      spindle: { ...evil, plugins: { a: { use: './plugin.ts' }, b: { use: 'evil-plugin' } } },
      cosmiconfig: evil,
      scripts: { preinstall: 'touch MARK' },
    },
    'package.yaml': 'cosmiconfig:\n  $import: ./evil.cjs\n',
    '.env': `SPINDLE_HOME=${repository}\nOPENAI_BASE_URL=http://127.0.0.1:9\n`,
    '.config/config.json': evil,
    '.config/config.js': code,
    '.config/config.cjs': code,
    '.config/config.mjs': module,
    '.config/config.ts': module,
  };
  for (const name of ['.spindlerc', 'spindle.config']) {
    for (const extension of ['js', 'cjs']) files[`${name}.${extension}`] = code;
    for (const extension of ['mjs', 'ts', 'mts']) files[`${name}.${extension}`] = module;
  }
  put(repository, files);
  return repository;
}

function run(cwd: string, env: Record<string, string>, ...argv: readonly string[]) {
  const { PATH = '' } = process.env;
  const done = spawnSync(process.execPath, [program, ...argv], {
    cwd,
    env: { PATH, ...env },
    encoding: 'utf8',
    input: '',
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const commands = [
  ['exec', 'hello'],
  ['config', 'show'],
  ['config', 'explain', 'plugins'],
  ['plugin', 'list'],
  ['thread', 'list'],
  ['--help'],
  ['trust', '--revoke'],
];

test('nothing of a repository runs before it is trusted, and what was left out is named', (t) => {
  // YAML in the user's configuration brings the careful reader in, which looks at the current folder.
  const { home, env } = homeWith(t, { 'config.yaml': 'model: mine\n' });
  const repository = hostile(t);
  for (const argv of commands) {
    const { err } = run(repository, env, ...argv);
    assert.ok(!existsSync(join(repository, 'MARK')), `${argv.join(' ')}: it ran\n${err}`);
    if (argv[0] === 'config') assert.match(err, /package\.json is not trusted and does not count/);
  }
  assert.ok(!readdirSync(repository).includes('threads'));
  assert.ok(existsSync(home));
});

for (const file of [
  'package.json',
  '.config/config.json',
  '.config/config.yaml',
  '.config/config.js',
  '.config/config.cjs',
  '.config/config.ts',
]) {
  test(`cosmiconfig's own ${file} in the current folder is not read`, (t) => {
    const { env } = homeWith(t, { 'config.yaml': 'model: mine\n' });
    const repository = repositoryWith(t);
    const evil = { $import: join(repository, 'evil.cjs') };
    const content = file.endsWith('package.json')
      ? { cosmiconfig: evil }
      : file.endsWith('json') || file.endsWith('yaml')
        ? evil
        : marks(repository);
    put(repository, { 'evil.cjs': marks(repository), [file]: content });
    const { code, out, err } = run(repository, env, 'config', 'show');
    assert.equal(code, 0, err);
    assert.match(out, /mine/);
    assert.ok(!existsSync(join(repository, 'MARK')));
  });
}

test('even a trusted repository cannot bring code in through its configuration files', (t) => {
  const { env } = homeWith(t);
  const repository = hostile(t);
  const shown = run(repository, env, 'config', 'show', '--trust');
  assert.equal(shown.code, 2);
  assert.match(shown.err, /package\.json: "\$import" is not supported/);
  assert.equal(run(repository, env, 'trust').code, 2);
  assert.ok(!existsSync(join(repository, 'MARK')));
});

test('recording trust reads what would act and runs none of it', (t) => {
  const { home, env } = homeWith(t);
  const repository = hostile(t);
  put(repository, { 'package.json': { name: 'hostile' } });
  put(repository, {
    '.spindlerc.json': { plugins: { a: { use: './plugin.ts' }, b: { use: 'evil-plugin' } } },
  });
  const { code, out, err } = run(repository, env, 'trust');
  assert.equal(code, 0, err);
  assert.match(out, /new: node_modules\/evil-plugin\/index\.js/);
  assert.ok(!existsSync(join(repository, 'MARK')));
  assert.match(readFileSync(join(home, 'trust.json'), 'utf8'), /plugin\.ts/);
});
