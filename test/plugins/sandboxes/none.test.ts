import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createKernel, policies, requests, type Plugin } from '../../../core/index.ts';
import local from '../../../plugins/machines/local.ts';
import none from '../../../plugins/sandboxes/none.ts';
import { requestIn, sandboxContract, sandboxOf } from '../../contracts/sandboxes.ts';

sandboxContract('none', none);

test('the plan of none is the command as it is', async (t) => {
  const sandbox = await sandboxOf(none());
  const request = requestIn(t, ['ls', '-l', 'a b']);
  const { cwd, env } = request;
  assert.deepEqual(await sandbox.plan(request), { file: 'ls', args: ['-l', 'a b'], cwd, env });
});

test('none says that it confines nothing, so that it is never chosen by itself', async () => {
  assert.equal((await (await sandboxOf(none())).probe()).level, 'none');
});

test('through the kernel: chosen by name it runs a command, and the record says that it was not confined', async (t) => {
  const plugins = [local(), none(), runner].map((plugin) => ({ plugin }));
  const kernel = await createKernel({ plugins, choose: { sandboxes: 'none' } });
  t.after(() => kernel[Symbol.asyncDispose]());
  assert.deepEqual(await kernel.client('test').call('run', {}), { code: 0, judged: 'none' });
});

test('through the kernel: without being chosen it confines nothing, so that nothing runs', async (t) => {
  const plugins = [local(), none(), runner].map((plugin) => ({ plugin }));
  const kernel = await createKernel({ plugins });
  t.after(() => kernel[Symbol.asyncDispose]());
  await assert.rejects(kernel.client('test').call('run', {}), {
    code: 'sandbox',
    message: /danger-full-access/,
  });
});

/** Runs a command on request, and sees how the gate was told that it is confined. */
const runner: Plugin = {
  name: 'runner',
  api: 1,
  setup(host) {
    let judged = '';
    host.add(policies, {
      name: 'all',
      judge: (effect) => {
        if (effect.kind === 'spawn') judged = effect.confined;
        return { verdict: 'allow', reason: 'a test', rule: 'all' };
      },
    });
    host.add(requests, {
      name: 'run',
      params: {},
      result: {},
      run: async () => {
        const child = await host.effects.spawn({ argv: ['true'] });
        const { code } = await child.exited;
        return { code, judged };
      },
    });
  },
};
