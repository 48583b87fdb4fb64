/**
 * Invariant 10: disposal is last-in-first-out and complete: afterwards no timer, process, socket or listener of ours is
 * left.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { createKernel, machines, observers, stores, tools } from '../../../core/index.ts';
import type { Host, Plugin, Store } from '../../../core/index.ts';
import local from '../../../plugins/machines/local.ts';
import { memoryStore } from '../../../plugins/stores/memory.ts';
import type { Left } from '../support/disposed.ts';
import { content, gate, input, openThread, plugin, tool, untilItem } from '../support/thread.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

/** Whether a process runs, and is not just a name that nobody has collected. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return true;
}

suite('invariant 10: disposal is last-in-first-out and complete', () => {
  test('invariant 10: a program that has disposed of its kernel ends by itself, and nothing of the kernel runs on', async (t) => {
    const [cwd, directory] = [temporaryFolder(t), temporaryFolder(t)];
    const server = createHttpServer((_request, response) => response.end('ok'));
    server.keepAliveTimeout = 60_000;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const program = join(import.meta.dirname, '..', 'support', 'disposed.ts');
    const args = [program, directory, cwd, `http://127.0.0.1:${port}/`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let written = '';
    child.stdout.on('data', (chunk: Buffer) => (written += chunk.toString()));
    const [code] = await once(child, 'close', { signal: AbortSignal.timeout(20_000) });
    assert.equal(code, 0);
    const { resources, before, pids, listeners } = JSON.parse(written) as Left; // disposed.ts wrote it
    const streams = /^(PipeWrap|TTYWrap|FSReqCallback|ConsoleWrap)$/; // of its own output
    const left = resources.filter((one) => !streams.test(one));
    assert.deepEqual(
      left,
      before.filter((one) => !streams.test(one)),
    );
    assert.equal(listeners, 0);
    assert.equal(pids.length, 3, 'of the plugin, of the thread, of the call');
    for (const pid of pids) assert.ok(!isRunning(pid), `expected process ${pid} to have ended`);
    const files = readdirSync(directory);
    assert.deepEqual(
      files.filter((name) => !name.endsWith('.jsonl')),
      [],
      'no lock is left',
    );
    const connections = await new Promise((resolve) =>
      server.getConnections((_error, count) => resolve(count)),
    );
    assert.equal(connections, 0);
  });

  test('invariant 10: plugins are undone last first, and within each what was deferred last first', async () => {
    const undone: string[] = [];
    const named = (name: string): Plugin =>
      plugin(name, (host) => {
        host.scope.defer(() => void undone.push(`${name} first`));
        host.scope.defer(async () => {
          await new Promise(setImmediate);
          undone.push(`${name} second, ${host.signal.aborted ? 'aborted' : 'running'}`);
        });
      });
    const kernel = await createKernel({
      plugins: ['a', 'b', 'c'].map((name) => ({ plugin: named(name) })),
    });
    await kernel[Symbol.asyncDispose]();
    assert.deepEqual(
      undone,
      ['c', 'b', 'a'].flatMap((name) => [`${name} second, running`, `${name} first`]),
    );
  });

  test('invariant 10: the signal of a plugin is aborted, and its slots are empty', async () => {
    const hosts: Host[] = [];
    const seen: number[] = [];
    const kernel = await createKernel({
      plugins: [
        {
          plugin: plugin('first', (host) => {
            host.scope.defer(() => void seen.push(host.get(tools).size));
          }),
        },
        {
          plugin: plugin('second', (host) => {
            hosts.push(host);
            host.add(
              tools,
              tool('of the second', () => content('')),
            );
            host.add(observers, () => {});
          }),
        },
      ],
    });
    const [host] = hosts;
    assert.equal(host?.get(tools).size, 1);
    await kernel[Symbol.asyncDispose]();
    assert.deepEqual(seen, [0], 'what the second added was gone when the first was undone');
    assert.equal(host?.signal.aborted, true);
    assert.deepEqual(host?.get(observers), []);
  });

  test('invariant 10: what was added can be taken back alone, once', async (t) => {
    let added: Disposable | undefined;
    const thread = await openThread(t, {
      plugins: [
        plugin('adding', (host) => {
          added = host.add(
            tools,
            tool('passing', () => content('')),
          );
        }),
      ],
    });
    const names = async () => {
      const { slots } = await thread.client.request('kernel/describe', {});
      return slots.find(({ slot }) => slot === 'tools')?.entries.map(({ name }) => name) ?? [];
    };
    assert.deepEqual(await names(), ['passing']);
    added?.[Symbol.dispose]();
    added?.[Symbol.dispose]();
    assert.deepEqual(await names(), []);
  });

  test('invariant 10: a plugin that throws or hangs when it stops does not keep others from stopping', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const warned: string[] = [];
    const onWarning = (warning: Error) => warned.push(warning.message);
    process.on('warning', onWarning);
    t.after(() => process.off('warning', onWarning));
    const undone: string[] = [];
    const hanging = gate();
    const stop: Record<string, () => unknown> = {
      a: () => undone.push('a'),
      throwing: () => {
        throw new Error('it will not');
      },
      hanging: () => {
        hanging.resolve();
        return new Promise(() => {});
      },
      b: () => undone.push('b'),
    };
    const kernel = await createKernel({
      plugins: Object.entries(stop).map(([name, run]) => ({
        plugin: plugin(name, (host) => host.scope.defer(async () => void (await run()))),
      })),
    });
    const disposing = kernel[Symbol.asyncDispose]();
    await hanging.promise;
    await new Promise(setImmediate);
    t.mock.timers.tick(3000);
    await disposing;
    await new Promise(setImmediate);
    assert.deepEqual(undone, ['b', 'a']);
    assert.deepEqual(warned, [
      'plugin hanging did not stop cleanly: its stop took longer than 3000 ms',
      'plugin throwing did not stop cleanly: it will not',
    ]);
  });

  test('invariant 10: closing a thread ends its kept processes, its turn and its subscriptions', async (t) => {
    const pids: number[] = [];
    const started = gate();
    const onOutput = (chunk: Uint8Array) => {
      pids.push(Number(Buffer.from(chunk).toString()));
      started.resolve();
    };
    const thread = await openThread(t, {
      replies: [[{ name: 'keep' }, { name: 'hang' }]],
      tools: [
        tool('keep', async (_args, { effects }) => {
          const argv = ['sh', '-c', 'echo $$; exec sleep 60'] as const;
          (await effects.spawn({ argv: [...argv], onOutput })).keep(onOutput);
          return content('kept');
        }),
        tool('hang', () => new Promise(() => {})),
      ],
    });
    const { client, id } = thread;
    await thread.start('go');
    await untilItem(client, id, 'result');
    await started.promise;
    const { threads } = await client.request('kernel/describe', {});
    assert.equal(threads[0]?.status.processes.length, 1, 'the kept one');
    const seen: string[] = [];
    const events = client.subscribe({ thread: id });
    await client.request('thread/close', { thread: id });
    for await (const event of events)
      if (event.type === 'item/appended') seen.push(event.item.type);
    assert.equal(seen.at(-1), 'end', 'the subscription gave all, and ended');
    assert.ok(!isRunning(pids[0] ?? 0));
  });

  test('invariant 10: a process that the machine starts too late for its call is ended at once', async (t) => {
    const [asked, goOn] = [gate(), gate()];
    const ended = gate<string | null>();
    const thread = await openThread(t, {
      replies: [[{ name: 'spawn' }]],
      choose: { machines: 'slow' },
      tools: [
        tool('spawn', async (_args, { effects }) => {
          await effects.spawn({ argv: ['sleep', '60'] });
          return content('started');
        }),
      ],
      plugins: [
        plugin('slow', (host) => {
          const [inner] = host.get(machines);
          if (inner === undefined) throw new Error('expected the local machine');
          host.add(machines, {
            ...inner,
            name: 'slow',
            spawn: async (plan, { signal: _late, ...request }) => {
              asked.resolve();
              await goOn.promise;
              const child = await inner.spawn(plan, request);
              void child.exited.then(({ signal }) => ended.resolve(signal));
              return child;
            },
          });
        }),
      ],
    });
    await thread.start('go');
    await asked.promise;
    await thread.client.request('turn/interrupt', { thread: thread.id });
    goOn.resolve();
    assert.match((await ended.promise) ?? '', /^SIG(TERM|KILL)$/);
  });

  test('invariant 10: an interrupt ends the processes of the turn and leaves the kept ones', async (t) => {
    const pids: Record<string, number> = {};
    const [started, begun] = [gate(), gate()];
    const spawning = (name: string, keep: boolean) =>
      tool(name, async (_args, { effects }) => {
        const onOutput = (chunk: Uint8Array) => {
          pids[name] = Number(Buffer.from(chunk).toString());
          (keep ? started : begun).resolve();
        };
        const child = await effects.spawn({
          argv: ['sh', '-c', 'echo $$; exec sleep 60'],
          onOutput,
        });
        if (keep) child.keep(onOutput);
        else await child.exited;
        return content(name);
      });
    const thread = await openThread(t, {
      replies: [[{ name: 'kept' }, { name: 'own' }]],
      tools: [spawning('kept', true), spawning('own', false)],
    });
    await thread.start('go');
    await Promise.all([started.promise, begun.promise]);
    await thread.client.request('turn/interrupt', { thread: thread.id });
    assert.deepEqual([isRunning(pids['kept'] ?? 0), isRunning(pids['own'] ?? 0)], [true, false]);
  });

  test('invariant 10: a store that fails to close does not keep plugins from being undone', async () => {
    const inner = memoryStore();
    const failing: Store = {
      ...inner,
      open: async (id, how) => ({
        ...(await inner.open(id, how)),
        close: () => {
          throw new Error('the disk is gone');
        },
      }),
    };
    const undone: string[] = [];
    const kernel = await createKernel({
      plugins: [
        {
          plugin: plugin('failing', (host) => {
            host.add(stores, failing);
            host.scope.defer(() => void undone.push('failing'));
          }),
        },
      ],
    });
    await kernel.client('test').request('thread/start', {});
    await assert.rejects(async () => await kernel[Symbol.asyncDispose](), /the disk is gone/);
    assert.deepEqual(undone, ['failing']);
  });

  test('invariant 10: a thread that is closed while input waits for its turn starts no other', async (t) => {
    const thread = await openThread(t, {
      replies: [[{ name: 'hang' }], 'never said'],
      tools: [tool('hang', () => new Promise(() => {}))],
    });
    const { client, id } = thread;
    await thread.start('go');
    await untilItem(client, id, 'call');
    await thread.start('queued');
    await client.request('turn/steer', { thread: id, input: input('steered') });
    const events = client.subscribe({ thread: id });
    await client.request('thread/close', { thread: id });
    const types: string[] = [];
    for await (const event of events)
      if (event.type === 'item/appended') types.push(event.item.type);
    await new Promise(setImmediate);
    assert.equal(types.filter((type) => type === 'turn').length, 1);
    assert.equal(thread.model.requests.length, 1);
  });

  test('invariant 10: a closed kernel refuses requests by name', async (t) => {
    const thread = await openThread(t);
    await thread.kernel[Symbol.asyncDispose]();
    await assert.rejects(thread.client.request('kernel/describe', {}), {
      code: 'conflict',
      message: /the kernel has been closed/,
    });
  });

  test('invariant 10: a kernel whose start fails has undone all that it had started', async (t) => {
    const folder = temporaryFolder(t);
    let server: ReturnType<typeof createServer> | undefined;
    const listening = plugin('listening', async (host) => {
      server = createServer().listen(join(folder, 'socket'));
      await once(server, 'listening');
      host.scope.defer(() => new Promise((resolve) => void server?.close(() => resolve())));
    });
    const failing = plugin('failing', () => {
      throw new Error('no');
    });
    const plugins = [local(), listening, failing].map((one) => ({ plugin: one }));
    await assert.rejects(createKernel({ plugins }), { code: 'plugin', plugin: 'failing' });
    assert.equal(server?.listening, false);
    assert.ok(!existsSync(join(folder, 'socket')));
  });
});
