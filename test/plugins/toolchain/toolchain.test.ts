import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { createKernel, tools } from '../../../core/index.ts';
import type { Plugin } from '../../../core/index.ts';
import applyPatch from '../../../plugins/tools/apply-patch.ts';
import toolchain, { options as schemaOf } from '../../../plugins/toolchain/toolchain.ts';
import type { DeclaredCheck, ToolchainOptions } from '../../../plugins/toolchain/declaration.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import type { ToolThread } from '../../contracts/tool-thread.ts';
import { toolContract } from '../../contracts/tools.ts';

const print = 'console.log(JSON.stringify(process.argv.slice(1)))';

const declared: ToolchainOptions = {
  tools: {
    show: {
      description: 'Shows its arguments.',
      argv: ['node', '-e', print, '--', '{words}', '--mode={mode}', '{loud}'],
      arguments: {
        words: { type: 'array', required: true, description: 'What to show' },
        mode: { type: 'string', values: ['plain', 'fancy'] },
        loud: { type: 'boolean', flag: '--loud' },
      },
      readOnly: true,
    },
    wait: {
      description: 'Waits.',
      argv: ['sh', '-c', 'echo begun; sleep 1000'],
      timeoutMs: 100_000,
    },
  },
};

toolContract('show', {
  plugin: () => toolchain(declared),
  valid: { words: ['a'] },
  invalid: [
    { args: {}, names: 'words' },
    { args: { words: ['a'], mode: 'odd' }, names: 'mode' },
    { args: { words: ['a\0'] }, names: 'words' },
  ],
});

toolContract('wait', {
  plugin: () =>
    toolchain({ tools: { wait: { description: 'Waits.', argv: ['sh', '-c', 'true'] } } }),
  valid: {},
  invalid: [{ args: { x: 1 }, names: 'x' }],
});

const open = (t: TestContext, options: ToolchainOptions, files: Record<string, string> = {}) =>
  openToolThread(t, { plugins: [applyPatch(), toolchain(options)], files });

test('a declared tool is given its arguments as they are, through no shell', async (t) => {
  const thread = await open(t, declared);
  const words = ['$(touch pwned)', '; touch pwned', '\'"\n', '-rf', '{mode}'];
  const result = await thread.call('show', { words, mode: 'fancy', loud: true });
  assert.deepEqual(JSON.parse(textOfResult(result)), [...words, '--mode=fancy', '--loud']);
  assert.equal(existsSync(join(thread.cwd, 'pwned')), false);
  assert.deepEqual(result.detail?.['argv'], [
    'node',
    '-e',
    print,
    '--',
    ...words,
    '--mode=fancy',
    '--loud',
  ]);
});

test('the model is told of it in the schema that the declaration gives', async () => {
  let seen: unknown;
  const reader: Plugin = {
    name: 'reader',
    api: 1,
    setup: (host) => {
      seen = [...host.get(tools).values()];
    },
  };
  await using _kernel = await createKernel({
    plugins: [{ plugin: toolchain(declared) }, { plugin: reader }],
  });
  const [show] = JSON.parse(JSON.stringify(seen));
  assert.deepEqual(show, {
    name: 'show',
    description: 'Shows its arguments.',
    inputSchema: {
      type: 'object',
      properties: {
        words: { type: 'array', items: { type: 'string' }, description: 'What to show' },
        mode: { type: 'string', enum: ['plain', 'fancy'] },
        loud: { type: 'boolean' },
      },
      required: ['words'],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true },
  });
});

test('its exit code and its time limit are told, and it runs in the workspace', async (t) => {
  const thread = await open(
    t,
    {
      tools: {
        fail: {
          description: 'Fails.',
          argv: ['sh', '-c', 'pwd; echo $COLOUR; exit 3'],
          cwd: 'sub',
          env: { COLOUR: 'red' },
        },
        slow: { description: 'Is slow.', argv: ['sh', '-c', 'sleep 1000'], timeoutMs: 50 },
      },
    },
    { 'sub/file': '', 'elsewhere/file': '' },
  );
  await thread.client.request('thread/update', {
    thread: thread.id,
    settings: { cwd: join(thread.cwd, 'elsewhere'), roots: [thread.cwd] },
  });
  const failed = await thread.call('fail', {});
  assert.equal(textOfResult(failed), `${thread.cwd}/sub\nred\n[exit code 3]`);
  assert.equal(failed.isError, false);
  const slow = await thread.call('slow', {});
  assert.match(textOfResult(slow), /^\[timed out after \d+ ms and was killed\]$/);
  assert.equal(slow.isError, true);
});

const start = (options: ToolchainOptions) =>
  createKernel({ plugins: [{ plugin: toolchain(options) }] });

test('a declaration that cannot work stops the start and names the plugin', async () => {
  await assert.rejects(
    start({ tools: { 'no good': { description: 'x', argv: ['x'] } } }),
    /tool's name .* "no good"/,
  );
  await assert.rejects(
    start({ tools: { t: { description: 'x', argv: ['x', '{y}'] } } }),
    /tool t: .*\{y\}/,
  );
  await assert.rejects(
    start({ checks: [{ name: 'c', argv: ['x', '{y}'], when: ['*'] }] }),
    /check c: .*\{y\}/,
  );
});

test('the schema takes a declaration and refuses what is unknown or missing', async () => {
  const schema = await schemaOf();
  const check = {
    name: 'lint',
    argv: ['lint', '{files}'],
    when: ['*.ts'],
    onFailure: 'stop',
    rewrites: true,
  };
  const whole = { ...declared, checks: [check] };
  assert.deepEqual(schema.parse(whole), whole);
  for (const bad of [
    { tool: {} },
    { tools: { t: { argv: ['x'] } } },
    { tools: { t: { description: 'x', argv: [] } } },
    { tools: { t: { description: 'x', argv: ['x'], shell: true } } },
    { checks: [{ ...check, when: [] }] },
  ])
    assert.equal(schema.safeParse(bad).success, false, JSON.stringify(bad));
});

// ---- checks

/** A check that notes in the file `log` that it ran and on what, then ends with what `code` says. */
const noting = (name: string, more: Partial<DeclaredCheck> = {}, code = 0): DeclaredCheck => ({
  name,
  argv: [
    'sh',
    '-c',
    `echo ${name} "$@" >> log; echo "${name} says no"; exit ${code}`,
    'sh',
    '{files}',
  ],
  when: ['*.ts'],
  ...more,
});

const patchOf = (...lines: readonly string[]) => ({
  patch: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n'),
});

const add = (path: string) => patchOf(`*** Add File: ${path}`, '+text');

const log = ({ cwd }: ToolThread) => {
  const path = join(cwd, 'log');
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
};

test('checks run on the edited files that match, and say in a line that they passed', async (t) => {
  const thread = await open(t, {
    checks: [
      noting('types'),
      noting('docs', { when: ['docs/**', '!docs/old/**'] }),
      noting('all', { when: ['**'] }),
      { name: 'any', argv: ['sh', '-c', 'echo any >> log'] },
    ],
  });
  const result = await thread.call(
    'apply_patch',
    patchOf('*** Add File: src/a.ts', '+a', '*** Add File: docs/b.md', '+b'),
  );
  assert.equal(
    textOfResult(result),
    'Success. Updated the following files:\nA src/a.ts\nA docs/b.md\n[checks passed: types, docs, all, any]',
  );
  assert.deepEqual(log(thread), [
    'types src/a.ts',
    'docs docs/b.md',
    'all src/a.ts docs/b.md',
    'any',
  ]);
  const checks = result.detail?.['checks'] as readonly { name: string; passed: boolean }[];
  assert.deepEqual(
    checks.map(({ name, passed }) => [name, passed]),
    [
      ['types', true],
      ['docs', true],
      ['all', true],
      ['any', true],
    ],
  );
  await thread.call('apply_patch', add('docs/old/c.md'));
  assert.deepEqual(log(thread).slice(4), ['all docs/old/c.md', 'any']);
});

test('what a failing check says is appended, and the rest runs unless it stops them', async (t) => {
  const going = await open(t, { checks: [noting('lint', {}, 1), noting('test')] });
  const result = await going.call('apply_patch', add('a.ts'));
  assert.equal(
    textOfResult(result),
    'Success. Updated the following files:\nA a.ts\n[checks passed: test]\n[check lint failed]\nlint says no\n[exit code 1]',
  );
  assert.equal(result.isError, false);
  const stopping = await open(t, {
    checks: [noting('lint', { onFailure: 'stop' }, 1), noting('test')],
  });
  await stopping.call('apply_patch', add('a.ts'));
  assert.deepEqual(log(stopping), ['lint a.ts']);
});

test('checks run once for several edits in one answer', async (t) => {
  const thread = await open(t, { checks: [noting('lint')] });
  const results = await thread.calls([
    { name: 'apply_patch', args: add('a.ts') },
    { name: 'apply_patch', args: add('b.ts') },
    { name: 'apply_patch', args: patchOf('*** Update File: gone.ts', '-x', '+y') },
  ]);
  assert.deepEqual(log(thread), ['lint a.ts b.ts']);
  assert.doesNotMatch(textOfResult(results[0]!), /checks/);
  assert.match(textOfResult(results[2]!), /^Nothing was changed\..*\n\[checks passed: lint\]$/su);
  assert.equal(results[2]!.isError, true);
  await thread.call('apply_patch', add('c.ts'));
  assert.deepEqual(log(thread), ['lint a.ts b.ts', 'lint c.ts']);
});

test('a check does not run when nothing that matches was edited, or only deleted', async (t) => {
  const thread = await open(
    t,
    { checks: [noting('lint'), noting('count', { argv: ['sh', '-c', 'echo count >> log'] })] },
    { 'a.ts': 'x\n' },
  );
  await thread.call('apply_patch', add('a.md'));
  await thread.call('apply_patch', patchOf('*** Update File: a.ts', '-absent', '+y'));
  assert.deepEqual(log(thread), []);
  await thread.call('apply_patch', patchOf('*** Delete File: a.ts'));
  assert.deepEqual(log(thread), ['count']);
});

test('a file that a check rewrites is named', async (t) => {
  const check: DeclaredCheck = {
    name: 'format',
    argv: ['sed', '-i', 's/text/TEXT/', '--', '{files}'],
    when: ['*.ts'],
    rewrites: true,
  };
  const quiet: DeclaredCheck = { ...check, name: 'idle', argv: ['true', '{files}'] };
  const thread = await open(t, { checks: [check, quiet] });
  const result = await thread.call('apply_patch', add('a.ts'));
  assert.match(
    textOfResult(result),
    /\n\[checks passed: format, idle\]\n\[check format rewrote a\.ts: read them again before you patch them\]$/,
  );
  assert.equal(readFileSync(join(thread.cwd, 'a.ts'), 'utf8'), 'TEXT\n');
});

test('a check that cannot start or takes too long has failed, with the reason', async (t) => {
  const thread = await open(t, {
    checks: [
      { name: 'absent', argv: ['no-such-program'], when: ['*'] },
      { name: 'slow', argv: ['sleep', '1000'], when: ['*'], timeoutMs: 50 },
    ],
  });
  const text = textOfResult(await thread.call('apply_patch', add('a.ts')));
  assert.match(
    text,
    /\[check absent could not run: .*no-such-program.*\]\n\[check slow failed\]\n\[timed out after \d+ ms and was killed\]$/,
  );
});

test('of a flood of output the beginning and the end are appended', async (t) => {
  const argv: DeclaredCheck['argv'] = ['sh', '-c', 'echo begin; seq 100000; echo end; exit 1'];
  const thread = await open(t, { checks: [{ name: 'loud', argv, when: ['*'] }] });
  const text = textOfResult(await thread.call('apply_patch', add('a.ts')));
  assert.match(
    text,
    /\[check loud failed\]\nbegin\n1\n2\n.*characters of output left out.*\n100000\nend\n\[exit code 1\]$/su,
  );
  assert.ok(text.length < 8500);
});

test('a file name that begins with a dash is no option', async (t) => {
  const thread = await open(t, { checks: [noting('lint')] });
  await thread.call('apply_patch', add('-x.ts'));
  assert.deepEqual(log(thread), ['lint ./-x.ts']);
});

test('edits of any tool count, also of one that fails afterwards', async (t) => {
  const editor: Plugin = {
    name: 'editor',
    api: 1,
    setup: (host) =>
      void host.add(tools, {
        name: 'edit',
        description: 'Edits.',
        inputSchema: { type: 'object' },
        run: async (_args, { effects }) => {
          await effects.write('made.ts', 'x');
          throw new Error('broke down');
        },
      }),
  };
  const thread = await openToolThread(t, {
    plugins: [editor, toolchain({ checks: [noting('lint')] })],
  });
  const result = await thread.call('edit', {});
  assert.equal(textOfResult(result), 'broke down\n[checks passed: lint]');
  assert.equal(result.isError, true);
});

test('an interrupt ends a running check within a second', async (t) => {
  const thread = await open(t, {
    checks: [{ name: 'endless', argv: ['sh', '-c', 'echo begun; sleep 1000'], when: ['*'] }],
  });
  let startedMs = Infinity;
  const [result] = await thread.watch([{ name: 'apply_patch', args: add('a.ts') }], (event) => {
    if (event.type !== 'item/delta' || event.text !== 'begun\n') return;
    startedMs = performance.now();
    void thread.client.request('turn/interrupt', { thread: thread.id });
  });
  assert.ok(performance.now() - startedMs < 1000);
  assert.match(textOfResult(result!), /\[check endless failed\]\nbegun\n\[interrupted by the user/);
});
