/** What every tool must do; each implementation runs this suite, through the kernel. */

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { tools } from '../../core/index.ts';
import type { JsonSchema, NamedValues, Plugin, Tool } from '../../core/index.ts';
import { openToolThread, textOfResult } from './tool-thread.ts';
import type { Called, ToolThread, ToolThreadOptions } from './tool-thread.ts';

export interface ToolContractOptions extends Omit<ToolThreadOptions, 'plugins'> {
  readonly plugin: () => Plugin;
  /** A call that must have gone before. */
  readonly before?: Called;
  /** Arguments of a call that succeeds. */
  readonly valid: JsonSchema;
  /** Arguments of calls that fail, and the culprit that each error must name. */
  readonly invalid: readonly { readonly args: unknown; readonly names: string }[];
  /** Arguments of a call that would not end by itself, for tools that can run for long. */
  readonly endless?: JsonSchema;
}

/** What a definition may weigh: every byte is paid in each request. */
const maxDefinitionBytes = 1000;

export function toolContract(name: string, options: ToolContractOptions): void {
  const { plugin, before, ...rest } = options;
  const open = async (t: TestContext): Promise<ToolThread> => {
    const thread = await openToolThread(t, { plugins: [plugin()], ...rest });
    if (before !== undefined) await thread.call(before.name, before.args);
    return thread;
  };

  test(`${name}: its definition is short plain data that a model host takes`, async (t) => {
    const tool = (await toolsOf(t, plugin())).get(name);
    assert.ok(tool !== undefined, `expected a tool ${name}`);
    const { description, inputSchema } = tool;
    assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
    assert.ok(description !== '' && !description.startsWith(' '));
    assert.equal(inputSchema['type'], 'object');
    assert.equal(inputSchema['additionalProperties'], false);
    const definition = { name, description, inputSchema };
    assert.deepEqual(JSON.parse(JSON.stringify(definition)), definition);
    const bytes = Buffer.byteLength(JSON.stringify(definition));
    assert.ok(
      bytes <= maxDefinitionBytes,
      `expected at most ${maxDefinitionBytes} bytes, got ${bytes}`,
    );
  });

  test(`${name}: a good call has content, and a detail of plain data`, async (t) => {
    const thread = await open(t);
    const result = await thread.call(name, options.valid);
    assert.equal(result.isError, false, textOfResult(result));
    assert.ok(result.content.length > 0);
    assert.deepEqual(JSON.parse(JSON.stringify(result.detail ?? {})), result.detail ?? {});
  });

  test(`${name}: null stands for an argument that is left out`, async (t) => {
    const thread = await open(t);
    const tool = (await toolsOf(t, plugin())).get(name);
    const properties = Object.keys(tool?.inputSchema['properties'] ?? {});
    const nulls = Object.fromEntries(properties.map((key) => [key, null]));
    const required = (tool?.inputSchema['required'] ?? []) as readonly string[];
    const filled = Object.fromEntries(required.map((key) => [key, options.valid[key]]));
    const result = await thread.call(name, { ...nulls, ...options.valid, ...filled });
    assert.equal(result.isError, false, textOfResult(result));
  });

  test(`${name}: a bad call is an error that names the culprit`, async (t) => {
    const thread = await open(t);
    for (const { args, names } of [...options.invalid, { args: { stray: 1 }, names: '' }]) {
      const result = await thread.call(name, args);
      const text = textOfResult(result);
      assert.equal(
        result.isError,
        true,
        `expected an error of ${JSON.stringify(args)}, got: ${text}`,
      );
      assert.ok(text.includes(names), `expected "${names}" to be named in: ${text}`);
      assert.doesNotMatch(text, /\n\s+at /u, 'expected no stack');
    }
  });

  const { endless } = options;
  if (endless === undefined) return;
  test(`${name}: an interrupt ends the turn within a second, with a result`, async (t) => {
    const thread = await open(t);
    let interruptedMs = 0;
    const results = await thread.watch([{ name, args: endless }], (event) => {
      if (event.type !== 'item/appended' || event.item.type !== 'step') return;
      interruptedMs = performance.now();
      void thread.client.request('turn/interrupt', { thread: thread.id });
    });
    const tookMs = performance.now() - interruptedMs;
    assert.ok(tookMs < 1000, `expected the end within a second, took ${tookMs} ms`);
    assert.equal(results.length, 1);
    assert.equal(results[0]!.isError, true);
  });
}

/** The tools that a plugin adds. */
async function toolsOf(t: TestContext, plugin: Plugin): Promise<NamedValues<Tool>> {
  const { promise, resolve } = Promise.withResolvers<NamedValues<Tool>>();
  const reader: Plugin = {
    name: 'reader',
    api: 1,
    setup: (host) => resolve(host.get<Tool, NamedValues<Tool>>(tools)),
  };
  await openToolThread(t, { plugins: [plugin, reader] });
  return promise;
}
