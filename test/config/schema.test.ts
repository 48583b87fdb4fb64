import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtins } from '../../config/builtin.ts';
import { isSection, valueAt } from '../../config/key-path.ts';
import { keyRules } from '../../config/keys.ts';
import { defaultPreset } from '../../config/presets/default.ts';
import { configJsonSchema } from '../../config/schema.ts';

const docs = readFileSync(join(import.meta.dirname, '../../docs/config.md'), 'utf8');

test('the JSON Schema describes every key, and the options of every built-in plugin that takes any', async () => {
  const schema = await configJsonSchema();
  for (const [key, { description }] of Object.entries(keyRules)) {
    assert.equal(valueAt(schema, ['properties', key, 'description']), description);
  }
  const plugins = valueAt(schema, ['properties', 'plugins', 'properties']);
  assert.ok(isSection(plugins));
  for (const [name, { load }] of Object.entries(builtins)) {
    const hasOptions = (await load()).options !== undefined;
    assert.equal(plugins[name] !== undefined, hasOptions, name);
  }
  const chat = valueAt(schema, [
    'properties',
    'providers',
    'properties',
    'openai-chat',
    'properties',
    'baseURL',
  ]);
  assert.ok(isSection(chat));
  assert.equal(schema['additionalProperties'], false);
});

test('docs/config.md has a line on every key', () => {
  for (const key of Object.keys(keyRules)) assert.ok(docs.includes(`\n| \`${key}\``), key);
});

test('docs/config.md names every built-in plugin', () => {
  for (const name of Object.keys(builtins)) assert.ok(docs.includes(`\`${name}\``), name);
});

test('the default preset names built-in plugins only, and each once', () => {
  assert.equal(new Set(defaultPreset).size, defaultPreset.length);
  for (const name of defaultPreset) assert.ok(Object.hasOwn(builtins, name), name);
});
