/** The commands beside `exec`, as the real binary runs them. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import type { Description } from '../../core/index.ts';
import { makeE2e } from './place.ts';

test('doctor finds the configuration, the state, the model and its host; nothing fails', async (t) => {
  const place = await makeE2e(t, { answers: [], config: { model: 'stand-in' } });
  const { code, stdout } = await place.run(['doctor']);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ok +config +\/.*config\.json \(user\) in force$/m);
  assert.match(stdout, /^ok +state +\//m);
  assert.match(stdout, /^ok +model +openai-responses stand-in, a key is set$/m);
  assert.ok(stdout.includes(`${place.server.url} answers (HTTP 200`), stdout);
  assert.doesNotMatch(stdout, /sk-canary/);
  assert.doesNotMatch(
    JSON.stringify(place.server.requests),
    /sk-canary/,
    'expected no key to be sent',
  );
});

test('doctor fails with 1 on a configuration that is not JSON, naming the file, and checks the rest', async (t) => {
  const place = await makeE2e(t, { answers: [], config: {} });
  writeFileSync(join(place.env['SPINDLE_HOME'] ?? '', 'config.json'), '{ "model": ');
  const { code, stdout } = await place.run(['doctor', '--json']);
  assert.equal(code, 1);
  const { ok, checks } = JSON.parse(stdout);
  assert.equal(ok, false);
  const failed = checks.filter(({ state }: { readonly state: string }) => state === 'fail');
  assert.match(JSON.stringify(failed), /config\.json: expected JSON/);
  const names = new Set(checks.map(({ name }: { readonly name: string }) => name));
  for (const name of ['node', 'config', 'state', 'git', 'shell', 'sandbox'])
    assert.ok(names.has(name), name);
});

test('doctor fails when the model cannot be reached, and says what to look at', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  await place.server.close();
  const { code, stdout } = await place.run(['doctor']);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /^fail +reach +http:\/\/127\.0\.0\.1:\d+\/v1: [\s\S]*\n +check the base URL/m,
  );
});

test('plugin list shows every slot of the default preset with its plugins', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  const { code, stdout, stderr } = await place.run(['plugin', 'list']);
  assert.equal(code, 0, stderr);
  for (const row of [
    /^stores \(choice\) +jsonl +jsonl +user /m,
    /^tools \(named\) +shell +shell /m,
    /^(?:policies \(list\))? +approval +approval +user /m,
  ])
    assert.match(stdout, row);
});

test('threads of exec are listed, shown and deleted; an empty list is no failure', async (t) => {
  const place = await makeE2e(t, { answers: [{ text: 'Hello.' }] });
  const none = await place.run(['thread', 'list']);
  assert.deepEqual([none.code, none.stderr], [0, '']);
  await place.run(['exec', 'say hello']);
  assert.match((await place.run(['thread', 'list'])).stdout, /say hello/);
  assert.match((await place.run(['thread', 'show', '--last'])).stdout, /^> say hello\n\nHello\.$/m);
  assert.equal((await place.run(['thread', 'delete', '--last'])).code, 0);
  assert.deepEqual(place.threads(), []);
  assert.equal((await place.run(['thread', 'show', '--last'])).code, 1);
});

test('docs/plugins.md names every request and every slot of the plugins that come with the program', async (t) => {
  const place = await makeE2e(t, { answers: [] });
  const added = ['explain', 'workspace', 'model-list', 'direct', 'offers'];
  const flags = added.flatMap((name) => ['-c', `plugins.${name}=true`]);
  flags.push('-c', 'mcpServers={"files":{"command":"node"}}');
  const { code, stdout, stderr } = await place.run(['plugin', 'list', '--json', ...flags]);
  assert.equal(code, 0, stderr);
  const { slots }: Description = JSON.parse(stdout);
  const requests = slots.find(({ slot }) => slot === 'requests')?.entries ?? [];
  const names = [...slots.map(({ slot }) => slot), ...requests.map(({ name }) => name)];
  for (const name of ['fs/copy', 'mcp/status', 'prompt/explain']) assert.ok(names.includes(name));
  const page = readFileSync(join(import.meta.dirname, '../../docs/plugins.md'), 'utf8');
  for (const name of names) assert.ok(page.includes(`\`${name}\``), name);
});
