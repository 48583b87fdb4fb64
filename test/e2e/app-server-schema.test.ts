/** `spindle app-server schema` writes the protocol for other programs. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import Ajv from 'ajv/dist/2020.js';
import { parseSync } from 'rolldown/utils';
import { makeE2e } from './place.ts';

test('the protocol is written as JSON Schemas that tell right messages from wrong ones, and as TypeScript', async (t) => {
  const { run, cwd } = await makeE2e(t, { answers: [] });
  const { code, stdout, stderr } = await run(['app-server', 'schema', '--out', 'deep/protocol']);
  assert.deepEqual([code, stderr], [0, '']);
  const folder = join(cwd, 'deep/protocol');
  const names = readdirSync(folder).toSorted();
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((path) => path.split('/').at(-1)),
    names,
  );
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const ajv = new Ajv.Ajv2020({ strict: false, validateFormats: false });
  const schemas = names.filter((name) => name.endsWith('.json'));
  assert.equal(schemas.length, 5);
  for (const name of schemas) ajv.compile(JSON.parse(read(name)) as object);
  const isRequest = ajv.compile(JSON.parse(read('ClientRequest.json')) as object);
  const input = [{ type: 'text', text: 'hi' }];
  assert.ok(isRequest({ id: 1, method: 'turn/start', params: { threadId: 't', input } }));
  assert.ok(!isRequest({ id: 1, method: 'turn/start', params: { threadId: 7, input } }));
  assert.ok(!isRequest({ id: 1, method: 'turn/begin', params: {} }));
  assert.deepEqual(parseSync('protocol.ts', read('protocol.ts')).errors, []);
  assert.match(read('protocol.ts'), /"thread\/start": \{/u);
});

test('without a folder to write to, or with one that cannot be, nothing is written and the reason is told', async (t) => {
  const { run } = await makeE2e(t, { answers: [], files: { file: '' } });
  const without = await run(['app-server', 'schema']);
  assert.equal(without.code, 2);
  assert.match(without.stderr, /--out DIR/u);
  const wrong = await run(['app-server', 'schema', '--out', 'file']);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /file/u);
});
