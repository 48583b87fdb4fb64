/** The direction of the design: core ← plugins ← config. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { parseSync } from 'rolldown/utils';

const root = join(import.meta.dirname, '..');

/** The order in which core is read and imported; files of one line may import each other's types. */
const ORDER = [
  'item',
  'errors',
  'race',
  'contracts protocol',
  'slot',
  'plugin',
  'slots',
  'redact',
  'registry',
  'processes',
  'window',
  'subscription',
  'thread',
  'gate',
  'effects',
  'turn',
  'step',
  'prompt',
  'compaction',
  'loop',
  'threads',
  'handlers',
  'kernel',
  'index',
].map((line) => line.split(' '));

/** What acts on the user's machine, and who may import it. */
const MACHINE = new Set([
  'node:fs',
  'node:fs/promises',
  'node:child_process',
  'node:net',
  'node:dgram',
]);
const MAY_ACT =
  /^(plugins\/(machines|stores|sandboxes|observers\/audit|checkpoints\/(files|git)|front-ends\/(serving|client))\/|config\/)/;

interface Import {
  readonly file: string;
  /** A path from the root, a package or a `node:` module. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly names: readonly string[];
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

function* walk(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) yield* walk(child);
  }
}

function specifierOf(node: Node, text: string): string | undefined {
  const isCall =
    node.type === 'CallExpression' && isNode(node['callee']) && Array.isArray(node['arguments']);
  const called = isCall && /(^require|\.getBuiltinModule)$/.test(textOf(node['callee'], text));
  const source: unknown = called ? (node['arguments'] as unknown[])[0] : node['source'];
  return isNode(source) && typeof source['value'] === 'string' ? source['value'] : undefined;
}

function textOf(node: unknown, text: string): string {
  return isNode(node) ? text.slice(Number(node['start']), Number(node['end'])) : '';
}

function place(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return normalize(join(dirname(file), specifier));
  return MACHINE.has(`node:${specifier}`) ? `node:${specifier}` : specifier;
}

const files = globSync('{core,plugins,config}/**/*.ts', { cwd: root });
const imports: Import[] = [];
const members: { readonly file: string; readonly text: string }[] = [];
for (const file of files) {
  const text = readFileSync(join(root, file), 'utf8');
  const { program, errors } = parseSync(file, text);
  assert.deepEqual(errors, [], `expected ${file} to parse`);
  for (const node of walk(program as unknown as Node)) {
    if (node.type === 'MemberExpression') members.push({ file, text: textOf(node, text) });
    const specifier = specifierOf(node, text);
    if (specifier === undefined) continue;
    const specifiers = Array.isArray(node['specifiers']) ? node['specifiers'].filter(isNode) : [];
    const typeOnly =
      node.type === 'TSImportType' ||
      node['importKind'] === 'type' ||
      node['exportKind'] === 'type' ||
      (specifiers.length > 0 && specifiers.every((one) => one['importKind'] === 'type'));
    const names = specifiers.map((one) => textOf(one['imported'], text));
    imports.push({ file, to: place(file, specifier), typeOnly, names });
  }
}

const from = (pattern: RegExp) => imports.filter(({ file }) => pattern.test(file));
const shown = (found: readonly Import[]) => found.map(({ file, to }) => `${file} imports ${to}`);
const isEdge = (file: string) =>
  file === 'config/main.ts' || file.startsWith('plugins/front-ends/');
const rank = (file: string) =>
  ORDER.findIndex((line) => line.some((name) => file === `core/${name}.ts`));

test('the imports of every folder were seen', () => {
  for (const folder of new Set(files.map((file) => file.split('/')[0]))) {
    const seen = imports.filter(({ file }) => file.startsWith(`${folder}/`)).length;
    assert.ok(seen > 0, `expected imports in ${folder}, but saw none in its files`);
  }
  assert.ok(members.length > 0);
});

test('core imports only itself and Node', () => {
  const strange = from(/^core\//).filter(({ to }) => !/^(core\/|node:)/.test(to));
  assert.deepEqual(shown(strange), []);
});

test('core is a list: each file imports only earlier ones', () => {
  const unlisted = files.filter((file) => file.startsWith('core/') && rank(file) < 0);
  assert.deepEqual(unlisted, [], 'expected every file of core in ORDER; add it where it is read');
  const backwards = from(/^core\//).filter(({ file, to, typeOnly }) => {
    if (!to.startsWith('core/')) return false;
    return typeOnly ? rank(to) > rank(file) : rank(to) >= rank(file);
  });
  assert.deepEqual(shown(backwards), []);
});

test('a plugin imports core/index.ts, its own folder, slots that another plugin exports, and library folders', () => {
  const strange = from(/^plugins\//).filter(({ file, to }) => {
    const isFrontEnd = file.startsWith('plugins/front-ends/');
    if (to.startsWith('core/')) {
      return !(to === 'core/index.ts' || (isFrontEnd && /^core\/(protocol|schemas)\.ts$/.test(to)));
    }
    const own = file.split('/').slice(0, 2).join('/');
    if (to.startsWith('plugins/'))
      return (
        !to.startsWith(`${own}/`) &&
        !/[/-]slots?\.ts$|^plugins\/(tools\/(run|patch)|policies\/(shell|rules)|markdown)\/|^plugins\/stores\/state-folder\.ts$/.test(
          to,
        )
      );
    return /^(config|test|examples)\//.test(to);
  });
  assert.deepEqual(shown(strange), []);
});

test('front ends reach the kernel through a client alone', () => {
  const strange = from(/^plugins\/front-ends\//).filter(({ names }) =>
    names.includes('createKernel'),
  );
  assert.deepEqual(shown(strange), []);
});

test('only machines, stores, sandboxes, the audit log, checkpoints, listeners and config reach for files, processes and sockets', () => {
  const acting = imports.filter(({ to, typeOnly }) => MACHINE.has(to) && !typeOnly);
  assert.ok(acting.length > 0, 'expected to see who acts on the machine');
  assert.deepEqual(shown(acting.filter(({ file }) => !MAY_ACT.test(file))), []);
});

test('only front ends and config/main.ts write to stdout, and only config/main.ts ends the process', () => {
  const writers = members.filter(({ file, text }) => text === 'process.stdout' && !isEdge(file));
  const enders = members.filter(
    ({ file, text }) => text === 'process.exit' && file !== 'config/main.ts',
  );
  assert.deepEqual([...writers, ...enders], []);
});
