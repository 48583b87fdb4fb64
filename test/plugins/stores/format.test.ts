/** docs/threads.md and docs/thread.schema.json against the items that there are. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { z } from 'zod';

import type { Item } from '../../../core/index.ts';
import agentsMd from '../../../plugins/prompts/agents-md.ts';
import { openPromptThread } from '../../contracts/prompt-thread.ts';
import { sampleThread } from '../../contracts/sample-items.ts';

interface Definition {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

const docs = join(import.meta.dirname, '../../../docs');
const json = JSON.parse(readFileSync(join(docs, 'thread.schema.json'), 'utf8')) as {
  readonly $defs: Readonly<Record<string, Definition>>;
};
const schema = z.fromJSONSchema(json as Parameters<typeof z.fromJSONSchema>[0]);
const definitions = Object.entries(json.$defs).filter(([name]) => name.endsWith('Item'));
const samples = sampleThread('sample');

function fits(item: unknown): boolean {
  return schema.safeParse(item).success;
}

test('an item of every type fits the schema, and the schema has no type more', () => {
  for (const item of samples) {
    const parsed = schema.safeParse(item);
    assert.equal(parsed.success, true, `${item.type}: ${parsed.error?.message}`);
  }
  assert.deepEqual(
    definitions.map(([name]) => name.slice(0, -'Item'.length)).toSorted(),
    samples.map((item) => item.type).toSorted(),
  );
});

test('an item without a key that it needs, or with one that nobody knows, does not fit', () => {
  for (const item of samples) {
    for (const key of json.$defs[`${item.type}Item`]?.required ?? []) {
      assert.equal(fits({ ...item, [key]: undefined }), false, `${item.type} without ${key}`);
    }
    assert.equal(fits({ ...item, stray: 1 }), false, item.type);
  }
});

test('every key of the schema is in a sample, so that none outlives the item', () => {
  for (const item of samples) {
    const keys = new Set(Object.keys(item));
    const known = Object.keys(json.$defs[`${item.type}Item`]?.properties ?? {});
    assert.deepEqual(
      known.filter(
        (key) =>
          !keys.has(key) &&
          key !== 'turn' &&
          !(item.type === 'window' && key === 'to') &&
          key !== 'proposal',
      ),
      [],
      item.type,
    );
  }
});

test('the page explains every key of every item', () => {
  const page = readFileSync(join(docs, 'threads.md'), 'utf8');
  for (const [name, { properties = {} }] of definitions) {
    const type = name.slice(0, -'Item'.length);
    const section = page.split(`\n### \`${type}\`\n`)[1]?.split('\n### ')[0];
    assert.ok(section !== undefined, `expected a section on ${type}`);
    for (const key of Object.keys(properties)) {
      if (['type', 'n', 'at', 'turn'].includes(key)) continue;
      assert.ok(section.includes(`\`${key}\``), `expected ${type} to explain ${key}`);
    }
  }
});

test('what a thread with calls, notices, a resume and a compaction writes fits the schema', async (t) => {
  const files = { 'AGENTS.md': 'top\u200b', 'a/AGENTS.md': 'in a' };
  const thread = await openPromptThread(t, { plugin: () => agentsMd(), files });
  await thread.turn([{ path: 'a/x' }]);
  await thread.turn([], { effort: 'high' });
  await thread.resume();
  await thread.compact();
  await thread.turn();
  const items = JSON.parse(JSON.stringify(await thread.items())) as readonly Item[];
  for (const item of items) assert.ok(fits(item), JSON.stringify(item));
  const types = new Set(items.map((item) => item.type));
  for (const type of [
    'tools',
    'fragment',
    'call',
    'result',
    'decision',
    'notice',
    'settings',
    'window',
    'refs',
  ]) {
    assert.ok(types.has(type as Item['type']), type);
  }
});
