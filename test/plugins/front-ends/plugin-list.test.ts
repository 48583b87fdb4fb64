import assert from 'node:assert/strict';
import { test } from 'node:test';

import { makePlace } from '../../fixtures/front-ends/run.ts';

test('slot by slot: what is in force, from which plugin and tier, and what its start cost', async (t) => {
  const { code, stdout, stderr } = await makePlace(t).run(['plugin', 'list']);
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^SLOT +ENTRY +PLUGIN +TIER +START$/m);
  assert.match(stdout, /^stores \(choice\) +jsonl +jsonl +user +[\d.]+ ms$/m);
  assert.match(
    stdout,
    /^tools \(named\) +shell +shell +user +[\d.]+ ms\n +shell_input +shell +user +/m,
  );
  assert.match(stdout, /^\d+ plugins started in [\d.]+ ms/m);
});

test('the same as JSON', async (t) => {
  const { code, stdout } = await makePlace(t).run(['plugin', '--json']);
  assert.equal(code, 0);
  const { slots, plugins } = JSON.parse(stdout);
  const tools = slots.find(({ slot }: { readonly slot: string }) => slot === 'tools');
  assert.deepEqual(tools.entries[0], { name: 'shell', plugin: 'shell', tier: 'user' });
  assert.ok(plugins.every(({ setupMs }: { readonly setupMs: number }) => setupMs >= 0));
});
