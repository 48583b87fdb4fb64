/** Invariant 11: with no plugins the kernel starts and has no tool, no model, no prompt text. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { createKernel, frontEnds, models, prompts, tools } from '../../../core/index.ts';
import type { Plugin } from '../../../core/index.ts';
import { input, openKernel, plugin, typesOf, untilItem } from '../support/thread.ts';

suite(
  'invariant 11: with no plugins the kernel starts and has no tool, no model, no prompt text',
  () => {
    test('invariant 11: it starts and describes itself as empty', async (t) => {
      const kernel = await openKernel(t, { plugins: [] });
      const { slots, plugins, notices, threads } = await kernel
        .client('test')
        .request('kernel/describe', {});
      assert.deepEqual([slots, plugins, notices, threads], [[], [], [], []]);
    });

    test('invariant 11: it starts without any options', async () => {
      for (const started of [createKernel(), createKernel({}), createKernel({ plugins: [] })]) {
        await using kernel = await started;
        const { plugins } = await kernel.client('test').request('kernel/describe', {});
        assert.deepEqual(plugins, []);
      }
    });

    test('invariant 11: its slots hold nothing', async (t) => {
      const held: unknown[] = [];
      const looking: Plugin = plugin('looking', (host) => {
        held.push(host.get(tools).size, host.get(models).size, host.get(frontEnds).size);
        held.push(host.get(prompts).length);
      });
      await openKernel(t, { plugins: [{ plugin: looking }] });
      assert.deepEqual(held, [0, 0, 0, 0]);
    });

    test('invariant 11: a turn says that there is no model, having added no text of its own', async (t) => {
      const kernel = await openKernel(t, { plugins: [] });
      const client = kernel.client('test');
      const { id } = await client.request('thread/start', { ephemeral: true });
      await client.request('turn/start', { thread: id, input: input('hello') });
      const { status, error } = await untilItem(client, id, 'end');
      assert.deepEqual([status, error?.code], ['failed', 'model_config']);
      assert.match(error?.message ?? '', /no model provider "none"; there are: none/);
      const { items } = await client.request('thread/read', { thread: id });
      assert.deepEqual(typesOf(items), ['thread', 'turn', 'user', 'end']);
      await assert.rejects(client.request('thread/window', { thread: id }), {
        code: 'model_config',
      });
    });

    test('invariant 11: what needs a plugin says which: a store, a front end, a request', async (t) => {
      const kernel = await openKernel(t, { plugins: [] });
      const client = kernel.client('test');
      await assert.rejects(client.request('thread/start', {}), /no store is loaded.*ephemeral/);
      await assert.rejects(client.request('thread/list', {}), /no store is loaded/);
      await assert.rejects(kernel.run('exec', []), /no front end "exec"; there are: none/);
      await assert.rejects(client.call('mcp/status', {}), /no request "mcp\/status".*none/);
    });
  },
);
