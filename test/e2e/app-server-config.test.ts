/** What the app server tells of models, configuration, skills, hooks and MCP servers. The real binary over stdio. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { z } from 'zod';

import { serverRequests } from '../../plugins/front-ends/app-server/schemas/server-requests.ts';
import { threadRequests } from '../../plugins/front-ends/app-server/schemas/thread-requests.ts';
import type { ClientRequests } from '../../plugins/front-ends/app-server/schemas/types.ts';
import { worldRequests } from '../../plugins/front-ends/app-server/schemas/world-requests.ts';
import { connectClient } from '../fixtures/front-ends/app-client.ts';
import { type E2eOptions, makeE2e } from './place.ts';

async function connected(
  t: TestContext,
  options: Partial<E2eOptions> = {},
  flags: readonly string[] = [],
) {
  const place = await makeE2e(t, { answers: [], ...options });
  const client = await connectClient(t, place.start('app-server', ...flags));
  const file = join(String(place.env['SPINDLE_HOME']), 'config.json');
  return { client, cwd: place.cwd, file };
}

test('a client learns of accounts, models and profiles without asking for more', async (t) => {
  const { client } = await connected(t);
  assert.deepEqual(await client.request('account/read', {}), {
    account: null,
    requiresOpenaiAuth: false,
    userId: null,
    workspaceRouting: null,
  });
  const { data: models } = await client.request('model/list', {});
  assert.deepEqual(
    models.filter(({ isDefault }) => isDefault).map(({ model }) => model),
    ['stand-in'],
  );
  const providers = await client.request('modelProvider/list', {});
  assert.equal(providers.defaultProviderId, 'openai-responses');
  assert.ok(providers.data.some(({ id }) => id === 'openai-responses'));
  const { data: profiles } = await client.request('permissionProfile/list', {});
  assert.deepEqual(
    profiles.map(({ id, allowed }) => [id, allowed]),
    [':read-only', ':workspace', ':danger-full-access'].map((id) => [id, true]),
  );
  assert.deepEqual((await client.request('collaborationMode/list', {})).data, []);
  assert.deepEqual((await client.request('experimentalFeature/list', {})).data, []);
  assert.equal((await client.request('configRequirements/read', {})).requirements, null);
});

test('without a model everything but a turn still answers', async (t) => {
  const { client } = await connected(t, {
    env: { OPENAI_API_KEY: '', OPENAI_BASE_URL: '', OPENAI_MODEL: '' },
  });
  await client.request('model/list', {});
  await client.request('modelProvider/list', {});
  await client.request('config/read', {});
  await client.request('account/read', {});
});

test('the configuration is read with its layers and the places of its values', async (t) => {
  const config = { model: 'mine', providers: { 'openai-responses': { apiKey: 'sk-hidden' } } };
  const { client, file } = await connected(t, { config }, ['--approval', 'never']);
  const {
    config: shown,
    origins,
    layers,
  } = await client.request('config/read', { includeLayers: true });
  assert.deepEqual([shown['model'], shown['approval_policy']], ['mine', 'never']);
  assert.deepEqual(origins['model']?.name, { type: 'user', file, profile: null });
  assert.deepEqual(origins['approval_policy']?.name, { type: 'sessionFlags' });
  assert.deepEqual(
    layers?.map(({ name }) => name.type),
    ['sessionFlags', 'user', 'sessionFlags'],
  );
  assert.doesNotMatch(JSON.stringify([shown, layers]), /sk-hidden/u);
});

test('values of the user’s own file are written, merged and taken away, if they are valid', async (t) => {
  const { client, file } = await connected(t);
  const first = await client.request('config/value/write', {
    keyPath: 'approval_policy',
    value: 'never',
    mergeStrategy: 'replace',
  });
  assert.deepEqual([first.status, first.filePath], ['ok', file]);
  const edits: ClientRequests['config/batchWrite']['params']['edits'] = [
    { keyPath: 'limits', value: { steps: 5 }, mergeStrategy: 'replace' },
    { keyPath: 'limits', value: { tokens: 9000 }, mergeStrategy: 'upsert' },
    { keyPath: 'approval_policy', value: null, mergeStrategy: 'replace' },
  ];
  const { version } = await client.request('config/batchWrite', {
    edits,
    expectedVersion: first.version,
  });
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { limits: { steps: 5, tokens: 9000 } });
  const stale = await client.refused('config/batchWrite', {
    edits,
    expectedVersion: first.version,
  });
  assert.equal(stale.data?.code, 'conflict');
  const value = {
    keyPath: 'sandbox',
    value: 'wide-open',
    mergeStrategy: 'replace',
    expectedVersion: version,
  };
  assert.equal((await client.refused('config/value/write', value)).data?.code, 'invalid');
  assert.match(
    (await client.refused('config/value/write', { ...value, keyPath: 'sandbx' })).message,
    /sandbx/u,
  );
  const elsewhere = { ...value, value: 'read-only', filePath: '/etc/passwd' };
  assert.match(
    (await client.refused('config/value/write', elsewhere)).message,
    /only the user's own file/u,
  );
  const hidden = {
    keyPath: 'providers.openai-responses.apiKey',
    value: '[redacted]',
    mergeStrategy: 'replace',
  };
  assert.match((await client.refused('config/value/write', hidden)).message, /redacted/u);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { limits: { steps: 5, tokens: 9000 } });
});

test('values that are written at the same time are all there, and a version that is past is refused', async (t) => {
  const { client, file } = await connected(t);
  const write = (keyPath: string, value: string, more: object = {}) =>
    client.request('config/value/write', { keyPath, value, mergeStrategy: 'replace', ...more });
  const [{ version: expectedVersion }] = await Promise.all([
    write('model', 'one'),
    write('effort', 'high'),
  ]);
  const values = JSON.parse(readFileSync(file, 'utf8')) as { model?: string; effort?: string }; // as it was written
  assert.deepEqual([values.model, values.effort], ['one', 'high']);
  const late = await client.refused('config/value/write', {
    keyPath: 'model',
    value: 'two',
    mergeStrategy: 'replace',
    expectedVersion,
  });
  assert.equal(late.code, -32600);
});

test('a value that a flag overrules is written, and the client is told', async (t) => {
  const { client, file } = await connected(t, {}, ['--sandbox', 'read-only']);
  assert.ok(!existsSync(file));
  const told = await client.request('config/value/write', {
    keyPath: 'sandbox_mode',
    value: 'danger-full-access',
    mergeStrategy: 'replace',
  });
  assert.equal(told.status, 'okOverridden');
  assert.equal(told.overriddenMetadata?.effectiveValue, 'read-only');
});

test('hooks are listed with what runs them; skills and MCP servers are truly none', async (t) => {
  const hooks = { Stop: [{ hooks: [{ type: 'command', command: 'true', timeout: 5 }] }] };
  const { client, cwd, file } = await connected(t, { config: { hooks } });
  const { data } = await client.request('hooks/list', { cwds: [cwd] });
  assert.deepEqual(
    data[0]?.hooks.map(({ eventName, command, timeoutSec, sourcePath }) => [
      eventName,
      command,
      timeoutSec,
      sourcePath,
    ]),
    [['stop', 'true', 5, file]],
  );
  const skills = await client.request('skills/list', { cwds: [cwd] });
  assert.deepEqual(skills.data, [{ cwd, skills: [], errors: [] }]);
  assert.deepEqual((await client.request('mcpServerStatus/list', {})).data, []);
  assert.deepEqual(await client.request('config/mcpServer/reload', {}), {});
});

test('what is wrong with a request is told with its place, and what is not there by its code', async (t) => {
  const { client } = await connected(t);
  const unknown = await client.refused('no/such');
  assert.equal(unknown.code, -32601);
  const wrong = await client.refused('config/batchWrite', { edits: [{ keyPath: 1 }] });
  assert.deepEqual([wrong.code, wrong.data?.path], [-32602, 'edits[0].keyPath']);
  const limit = await client.refused('model/list', { limit: 'many' });
  assert.deepEqual([limit.code, limit.data?.path], [-32602, 'limit']);
});

test('a wrong type in any field of any request is refused with its place, and the server goes on', async (t) => {
  const { client } = await connected(t);
  const tables = { ...threadRequests, ...serverRequests, ...worldRequests };
  let asked = 0;
  for (const [method, { params }] of Object.entries(tables)) {
    const schema: z.ZodObject = params;
    for (const [field, type] of Object.entries(schema.shape)) {
      const wrong = [7.5, [7.5], { a: [] }, ''].find(
        (value) => !(type as z.ZodType).safeParse(value).success,
      );
      if (wrong === undefined) continue; // it takes anything
      const { code, data } = await client.refused(method, { [field]: wrong });
      assert.equal(code, -32602, `${method} ${field}`);
      assert.equal(typeof data?.path, 'string', `${method} ${field}`);
      asked++;
    }
  }
  assert.ok(asked > 150, `only ${asked} fields were tried`);
  await client.request('account/read', {});
});
