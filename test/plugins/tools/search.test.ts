import assert from 'node:assert/strict';
import { test } from 'node:test';

import search from '../../../plugins/tools/search.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import { toolContract } from '../../contracts/tools.ts';

const files = {
  'src/a.ts': 'export const one = 1;\nexport const two = one + 1;\nlast\n',
  'src/b.js': 'const one = 1;\n',
  'dist/a.js': 'const one = 1;\n',
  '.gitignore': 'dist\n',
  '.github/ci.yml': 'run: one\n',
  '.git/config': 'one\n',
  '.env': 'KEY=one\n',
  '-rf': 'odd one\n',
};

toolContract('search', {
  plugin: () => search(),
  files,
  valid: { pattern: 'one' },
  invalid: [
    { args: { pattern: 1 }, names: 'pattern' },
    { args: { pattern: 'a\0b' }, names: 'NUL' },
    { args: { pattern: 'one', path: 'nowhere' }, names: 'nowhere' },
    { args: { pattern: 'one', glob: '{' }, names: '{' },
  ],
});

const find = async (t: Parameters<typeof openToolThread>[0], args: object) => {
  const thread = await openToolThread(t, { plugins: [search()], files });
  const result = await thread.call('search', args);
  assert.equal(result.isError, false, textOfResult(result));
  return textOfResult(result);
};

test('matches are grouped by file with line numbers, what is ignored or secret left out', async (t) => {
  assert.equal(
    await find(t, { pattern: 'one' }),
    [
      '-rf\n1:odd one\n',
      '.github/ci.yml\n1:run: one\n',
      'src/a.ts\n1:export const one = 1;\n2:export const two = one + 1;\n',
      'src/b.js\n1:const one = 1;\n',
    ].join('\n'),
  );
});

test('path, glob and context narrow and widen', async (t) => {
  assert.equal(await find(t, { pattern: 'one', path: 'src/b.js' }), 'src/b.js\n1:const one = 1;\n');
  assert.equal(await find(t, { pattern: 'one', glob: '*.js' }), 'src/b.js\n1:const one = 1;\n');
  assert.equal(await find(t, { pattern: 'KEY', glob: '.env' }), '.env\n1:KEY=one\n');
  assert.equal(
    await find(t, { pattern: 'two', path: 'src', context: 1 }),
    'src/a.ts\n1-export const one = 1;\n2:export const two = one + 1;\n3-last\n',
  );
});

test('files alone are listed, all or those that match', async (t) => {
  assert.equal(await find(t, { path: 'src' }), 'src/a.ts\nsrc/b.js\n');
  assert.equal(await find(t, { pattern: 'two', files: true }), 'src/a.ts\n');
  assert.equal(await find(t, { glob: '**/*.yml' }), '.github/ci.yml\n');
  assert.equal(await find(t, { glob: '*.rs' }), '[no file]');
});

test('nothing found is no error', async (t) => {
  assert.equal(await find(t, { pattern: 'absent' }), '[no match]');
});

test('what the model wrote is never an option of ripgrep', async (t) => {
  assert.equal(await find(t, { pattern: '--version' }), '[no match]');
  assert.equal(await find(t, { pattern: 'odd', path: '-rf' }), '-rf\n1:odd one\n');
  assert.equal(
    await find(t, { pattern: 'one', glob: '--pre=touch pwned', files: true }),
    '[no match]',
  );
});

test('a pattern that is no regular expression is searched as text, and said so', async (t) => {
  const thread = await openToolThread(t, { plugins: [search()], files: { a: 'call(one\n' } });
  assert.equal(
    textOfResult(await thread.call('search', { pattern: 'call(' })),
    'a\n1:call(one\n[not a valid regular expression, so it was searched as plain text]',
  );
});

test('lookahead and line ends in a pattern work', async (t) => {
  assert.match(await find(t, { pattern: 'one(?= \\+)', path: 'src' }), /2:export const two/);
  assert.match(await find(t, { pattern: '1;\\nexport', path: 'src' }), /1:export.*\n2:export/);
});

test('of many matches the first are shown, whole lines, and that there is more', async (t) => {
  const many = Array.from({ length: 20_000 }, (_, at) => `match ${at} é\n`).join('');
  const thread = await openToolThread(t, { plugins: [search()], files: { a: many, z: 'match\n' } });
  const text = textOfResult(await thread.call('search', { pattern: 'match' }));
  assert.ok(text.length < 20_200);
  assert.match(text, /\n\d+:match \d+ é\n\[there is more: narrow it by pattern, path or glob\]$/);
});

test('a very long line is shown in part', async (t) => {
  const thread = await openToolThread(t, {
    plugins: [search()],
    files: { 'a.min.js': `needle${'x'.repeat(100_000)}\n` },
  });
  const text = textOfResult(await thread.call('search', { pattern: 'needle' }));
  assert.ok(text.startsWith('a.min.js\n1:needlexxx') && text.length < 600);
});

test('without ripgrep the error says what to use instead', async (t) => {
  const thread = await openToolThread(t, { plugins: [search({ program: '/nowhere/rg' })] });
  const result = await thread.call('search', { pattern: 'x' });
  assert.ok(result.isError);
  assert.match(textOfResult(result), /tried \/nowhere\/rg\): use grep -rn through shell/);
});
