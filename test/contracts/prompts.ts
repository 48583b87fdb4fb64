/** What every prompt source must do; each implementation runs this suite, through the kernel. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isPart, prompts, type Plugin, type PromptSource } from '../../core/index.ts';
import {
  fragmentsOf,
  noticesOf,
  openPromptThread,
  type PromptThreadOptions,
} from './prompt-thread.ts';

export function promptContract(name: string, options: PromptThreadOptions): void {
  test(`${name}: its sources have names of their own`, async (t) => {
    const sources: PromptSource[] = [];
    const spy: Plugin = {
      name: 'spy',
      api: 1,
      setup: (host) =>
        void sources.push(...host.get<PromptSource, readonly PromptSource[]>(prompts)),
    };
    const both = (folder: string): Plugin => {
      const plugin = options.plugin(folder);
      return {
        ...plugin,
        setup: async (host) => {
          await plugin.setup(host);
          await spy.setup(host);
        },
      };
    };
    await openPromptThread(t, { ...options, plugin: both });
    assert.ok(sources.length > 0);
    assert.equal(new Set(sources.map((source) => source.name)).size, sources.length);
    for (const source of sources) assert.match(source.stability, /^(fixed|thread|turn)$/);
  });

  test(`${name}: the same inputs give the same bytes`, async (t) => {
    const texts: string[][] = [];
    for (let count = 0; count < 2; count++) {
      const thread = await openPromptThread(t, options);
      const fragments = fragmentsOf(await thread.turn());
      texts.push(
        fragments.map(({ text, source }) => `${source}\n${text}`.replaceAll(thread.folder, '')),
      );
    }
    assert.deepEqual(texts[0], texts[1]);
  });

  test(`${name}: fragments say where they are from, and are there before the first input`, async (t) => {
    const thread = await openPromptThread(t, options);
    const items = await thread.turn();
    const input = items.find((item) => item.type === 'user');
    for (const fragment of items.filter((item) => item.type === 'fragment')) {
      assert.notEqual(fragment.source, '');
      assert.notEqual(fragment.text.trim(), '');
      assert.ok(fragment.n < (input?.n ?? 0));
    }
    assert.deepEqual(noticesOf(items), []);
  });

  test(`${name}: what was told is told once, in later turns and steps, after a resume and a compaction`, async (t) => {
    const thread = await openPromptThread(t, options);
    const first = fragmentsOf(await thread.turn([{ note: 'one' }])).filter(
      (fragment) => fragment.pinned,
    );
    await thread.turn([{ note: 'two' }]);
    await thread.resume();
    await thread.turn([{ note: 'three' }]);
    await thread.compact();
    await thread.turn([{ note: 'four' }]);
    const all = fragmentsOf(await thread.items()).filter(
      (fragment) => fragment.pinned && fragment.plugin !== 'kernel',
    );
    assert.deepEqual(
      all.map((fragment) => fragment.text),
      first.map((fragment) => fragment.text),
    );
  });

  test(`${name}: references are to items of the thread that the model can be shown`, async (t) => {
    const thread = await openPromptThread(t, options);
    await thread.turn([{ note: 'one' }]);
    await thread.turn();
    const items = await thread.items();
    for (const refs of items.filter((item) => item.type === 'refs')) {
      for (const [from, to] of refs.ranges) {
        assert.ok(from <= to && to < refs.n);
        assert.ok(isPart(items[from]!) && isPart(items[to]!));
      }
    }
  });
}
