/** What the docs say of core is so: codes, files, slots, and the plugins that stand in them. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';

import * as spindle from '../../core/index.ts';
import { createKernel } from '../../core/index.ts';
import type { ErrorCode, PluginFactory } from '../../core/index.ts';
import local from '../../plugins/machines/local.ts';
import memory from '../../plugins/stores/memory.ts';
import { temporaryFolder } from '../fixtures/folders.ts';

const root = join(import.meta.dirname, '..', '..');
const docs = join(root, 'docs');
const read = (name: string) => readFileSync(join(docs, name), 'utf8');

/** Every code there is: one that is missing here does not compile. */
const codes: Record<ErrorCode, true> = {
  invalid: true,
  not_found: true,
  conflict: true,
  denied: true,
  aborted: true,
  timeout: true,
  unreachable: true,
  plugin: true,
  sandbox: true,
  store: true,
  version: true,
  internal: true,
  model_config: true,
  model_busy: true,
  model_unreachable: true,
  model_refused: true,
  model_context: true,
  model_answer: true,
};

function isSlot(value: unknown): value is spindle.Slot<never> {
  return typeof value === 'object' && value !== null && 'combine' in value;
}

/** What stands in backquotes at the beginning of a table's rows. */
function firstCells(text: string): readonly string[] {
  return [...text.matchAll(/^\| `([\w.]+)` /gm)].map(([, cell = '']) => cell);
}

test('docs/errors.md has a line on every error code, and on no other', () => {
  assert.deepEqual(firstCells(read('errors.md')), Object.keys(codes));
});

test('docs/errors.md says of every code what it means, where it comes from and what to do', () => {
  for (const row of read('errors.md').match(/^\| `.*$/gm) ?? []) {
    const cells = row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    assert.equal(cells.length, 4, row);
    for (const cell of cells) assert.ok(cell.length > 3, row);
  }
});

test('docs/architecture.md has a paragraph on every file of core, in the order in which they are read', () => {
  const named = [...read('architecture.md').matchAll(/^\*\*`([\w-]+)\.ts`\*\*/gm)].map(
    ([, name = '']) => name,
  );
  const files = readdirSync(join(root, 'core')).map((name) => name.replace(/\.ts$/, ''));
  assert.deepEqual(named.toSorted(), files.toSorted());
  for (const [at, name] of named.entries()) {
    if (name === 'index') continue;
    const text = readFileSync(join(root, 'core', `${name}.ts`), 'utf8');
    const imported = [
      ...text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from '\.\/([\w-]+)\.ts';/gm),
    ];
    for (const [, other = ''] of imported)
      assert.ok(named.indexOf(other) < at, `${name} imports ${other}, so it is read after it`);
  }
});

test('the table of docs/plugins.md has every slot of the kernel, with its kind', () => {
  const exported: readonly unknown[] = Object.values(spindle);
  const slots = exported.filter(isSlot);
  assert.ok(slots.length > 10);
  const rows = [...read('plugins.md').matchAll(/^\| `(\w+)` +\| (choice|named|list|chain) +\|/gm)];
  const told = rows.map(([, name, kind]) => [name, kind]);
  assert.deepEqual(
    told.toSorted(([a = ''], [b = '']) => a.localeCompare(b)),
    slots
      .map(({ name, kind }) => [name, kind])
      .toSorted(([a = ''], [b = '']) => a.localeCompare(b)),
  );
});

/** The code of a page, one module for each block that exports a plugin. */
function modulesOf(page: string): readonly string[] {
  const blocks = [...read(page).matchAll(/^```ts\n([^]*?)^```/gm)].map(([, code = '']) => code);
  return blocks.filter((code) => code.includes('export default'));
}

/** Writes a block beside nothing else, with this program as its `spindle`. */
function written(t: TestContext, code: string): string {
  const folder = temporaryFolder(t);
  const index = pathToFileURL(join(root, 'core', 'index.ts')).href;
  const zod = import.meta.resolve('zod');
  const file = join(folder, 'plugin.ts');
  writeFileSync(file, code.replaceAll("'spindle'", `'${index}'`).replaceAll("'zod'", `'${zod}'`));
  return pathToFileURL(file).href;
}

suite('a plugin that stands in docs/plugins.md', () => {
  for (const [at, code] of modulesOf('plugins.md').entries()) {
    const name = /name: '([\w-]+)'/.exec(code)?.[1] ?? String(at);

    test(`${name} starts without options, adds something, and stops`, async (t) => {
      const module = (await import(written(t, code))) as { readonly default: PluginFactory };
      const plugin = module.default({});
      const kernel = await createKernel({
        plugins: [local(), memory(), plugin].map((one) => ({ plugin: one })),
      });
      const { slots } = await kernel.client('test').request('kernel/describe', {});
      const added = slots.filter(({ entries }) => entries.some((entry) => entry.plugin === name));
      assert.equal(added.length, 1, `expected ${name} to add to one slot`);
      await kernel[Symbol.asyncDispose]();
    });
  }

  test('greets, as its page and docs/testing.md say', async (t) => {
    const [code = ''] = modulesOf('plugins.md');
    const module = (await import(written(t, code))) as { readonly default: PluginFactory };
    assert.match(read('testing.md'), /greeter\(\{ word: 'Hello' \}\)/);
    await using kernel = await createKernel({
      plugins: [{ plugin: module.default({ word: 'Hello' }) }],
    });
    const answer = await kernel.client('test').call('greeter/greet', { name: 'Ada' });
    assert.deepEqual(answer, { text: 'Hello, Ada' });
  });
});

test('every link of the pages about core leads somewhere', () => {
  const pages = ['architecture', 'plugins', 'errors', 'testing'].map((name) => `${name}.md`);
  const decisions = readdirSync(join(docs, 'adr')).map((name) => join('adr', name));
  for (const page of [...pages, ...decisions]) {
    for (const [, link = ''] of read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(link)) continue;
      const target = join(docs, page, '..', link);
      assert.doesNotThrow(() => readdirOrFile(target), `${page} links to ${link}`);
    }
  }
});

function readdirOrFile(path: string): void {
  if (/\/$|\/[\w-]+$/.test(path)) readdirSync(path);
  else readFileSync(path);
}
