import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import applyPatch from '../../../plugins/tools/apply-patch.ts';
import toolchain, { options } from '../../../plugins/toolchain/toolchain.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import type { ToolThread } from '../../contracts/tool-thread.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A copy of an example, with the toolchain that its configuration declares. */
async function openExample(t: TestContext, name: string): Promise<ToolThread> {
  const folder = join(root, 'examples', name);
  const config = JSON.parse(readFileSync(join(folder, '.spindlerc.json'), 'utf8'));
  const schema = await options();
  const declared = schema.parse(config.toolchain);
  const thread = await openToolThread(t, { plugins: [applyPatch(), toolchain(declared)] });
  cpSync(folder, thread.cwd, { recursive: true });
  return thread;
}

const edit = async (thread: ToolThread, path: string, from: string, to: string) => {
  const patch = `*** Begin Patch\n*** Update File: ${path}\n-${from}\n+${to}\n*** End Patch`;
  return textOfResult(await thread.call('apply_patch', { patch }));
};

test('the TypeScript example formats, checks types and tests after an edit', async (t) => {
  const thread = await openExample(t, 'toolchain-typescript');
  symlinkSync(join(root, 'node_modules'), join(thread.cwd, 'node_modules'));
  const tested = textOfResult(await thread.call('test', { name: 'long title' }));
  assert.match(tested, /a long title ends at a word[^]*pass 1/u);

  const formatted = await edit(thread, 'src/slug.ts', "  let joined = '';", '  let joined="";');
  assert.match(formatted, /\[checks passed: format, types, tests\]/u);
  assert.match(formatted, /\[check format rewrote src\/slug\.ts: read them again/u);

  const wrong = await edit(thread, 'src/slug.ts', "  let joined = '';", '  let joined = 7;');
  assert.match(wrong, /\[check types failed\]\n.*slug\.ts.*error TS2322/su);
  assert.doesNotMatch(wrong, /check tests/u);

  await edit(thread, 'src/slug.ts', '  let joined = 7;', "  let joined = '';");
  const broken = await edit(thread, 'src/slug.ts', '  return joined;', '  return title;');
  assert.match(
    broken,
    /\[checks passed: format, types\]\n\[check tests failed\]\n.*hello-wörld-42/su,
  );
});

const hasPython = spawnSync('python3', ['--version']).status === 0;

test('the Python example compiles and tests after an edit', { skip: !hasPython }, async (t) => {
  const thread = await openExample(t, 'toolchain-python');
  const tested = textOfResult(await thread.call('test', { name: 'case' }));
  assert.match(tested, /Ran 1 test.*OK/su);

  const path = 'wordcount/__init__.py';
  const from = '    counted = count_words(text).items()';
  const invalid = await edit(thread, path, from, '    counted = count_words(text.items()');
  assert.match(invalid, /\[check syntax failed\]\n.*never closed/su);
  assert.doesNotMatch(invalid, /check tests/u);

  const good = await edit(thread, path, '    counted = count_words(text.items()', from);
  assert.match(good, /\n\[checks passed: syntax, tests\]$/u);

  const option = await thread.call('run_module', { module: '-c', arguments: ['--anything'] });
  assert.match(textOfResult(option), /module not to begin with "-"/u);
});
