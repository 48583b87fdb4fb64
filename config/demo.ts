/** `spindle` without arguments: a task played for real, with nothing of the user's configuration. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createKernel } from '../core/index.ts';
import type { Plugin } from '../core/index.ts';
import { demoSteps } from '../plugins/front-ends/demo/script.ts';
import { builtins } from './builtin.ts';

/** What the task needs, by built-in name. */
const needed: readonly string[] = ['local', 'shell', 'read-file', 'apply-patch', 'approval'];

/** Plays it in a temporary folder, which `--keep` keeps; resolves to the exit code. */
export async function runDemo(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const keep = argv.includes('--keep');
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-demo-')));
  const program = process.env['npm_lifecycle_event'] === 'start' ? 'npm start --' : 'spindle';
  try {
    const plugins = await Promise.all([
      load('scripted', { steps: demoSteps, delayMs: 100 }),
      ...[...needed, ...sandboxNames()].map((name) => load(name, {})),
      load('demo', { folder, keep, program }),
    ]);
    await using kernel = await createKernel({
      plugins: plugins.map((plugin) => ({ plugin })),
      // What the demonstration itself does in its folder, git above all, is not confined; what the model does may be.
      settings: {
        cwd: folder,
        roots: [folder],
        provider: 'scripted',
        sandbox: 'danger-full-access',
        approval: 'never',
      },
      env: environment(),
    });
    return await kernel.run('demo', argv, signal);
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
}

/** What could confine the task's commands. */
function sandboxNames(): readonly string[] {
  const names = Object.keys(builtins).filter((name) => builtins[name]?.slot === 'sandboxes');
  return names.filter((name) => name !== 'none');
}

async function load(name: string, options: object): Promise<Plugin> {
  const make = (await builtins[name]?.load())?.default;
  return (make as (options: object) => Plugin)(options); // a plugin module of ours
}

/** This very Node first, so that the tests run on it; and git without the user's hooks, signing and templates. */
function environment(): Readonly<Record<string, string>> {
  const { PATH = '', HOME = '' } = process.env;
  return {
    PATH: [dirname(process.execPath), PATH].join(delimiter),
    HOME,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
}
