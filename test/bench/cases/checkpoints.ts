import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createKernel, type Plugin, policies } from '../../../core/index.ts';
import checkpoints from '../../../plugins/checkpoints/checkpoints.ts';
import local from '../../../plugins/machines/local.ts';
import scripted from '../../../plugins/models/scripted.ts';
import shell from '../../../plugins/tools/shell.ts';
import type { Case } from '../case.ts';
import { median, takeTurns } from '../rounds.ts';

/** Files of the repository, ten in a folder. */
const files = 1000;
/** Steps of each turn: one command each, that may write. */
const steps = 20;

/** What checkpoints add to a step whose command may write: a look at all files before it and one after. */
export const checkpointsCase: Case = {
  name: 'checkpoints',
  run: async ({ scale, place }) => {
    const cwd = place.fresh('looked-at');
    makeRepository(cwd);
    const own = place.fresh('checkpoints');
    const runs = await takeTurns(Math.ceil(scale.rounds / 3), {
      without: () => stepMs(cwd, []),
      with: () => stepMs(cwd, [checkpoints({ directory: own })]),
    });
    const [bare, kept] = [median(runs.without), median(runs.with)];
    const from = `${kept.toFixed(1)} − ${bare.toFixed(1)}`;
    const what = `checkpoints of a command that may write, of ${files} files`;
    return [{ what, value: kept - bare, unit: 'ms', target: 15, from }];
  },
};

function makeRepository(cwd: string): void {
  for (let at = 0; at < files; at++) {
    const folder = join(cwd, `src/part-${at % (files / 10)}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${at}.ts`), `export const value = ${at};\n`);
  }
  const git = (...argv: readonly string[]) => void execFileSync('git', argv, { cwd });
  git('init', '--quiet');
  git('add', '--all');
  git('-c', 'user.name=B', '-c', 'user.email=b@example.org', 'commit', '--quiet', '-m', 'first');
}

const allow: Plugin = {
  name: 'allow',
  api: 1,
  setup: (host) =>
    void host.add(policies, {
      name: 'all',
      judge: () => ({ verdict: 'allow', reason: 'it is measured', rule: 'bench' }),
    }),
};

/** The time of one step, in a kernel of its own: the first look, which reads git's index, is part of it. */
async function stepMs(cwd: string, more: readonly Plugin[]): Promise<number> {
  const call = { calls: [{ name: 'shell', args: { command: 'exit 0' } }] };
  const script = [...Array.from({ length: steps }, () => call), { text: 'done' }];
  const plugins = [local(), allow, scripted({ steps: script }), shell(), ...more];
  const sandbox = 'danger-full-access';
  await using kernel = await createKernel({
    plugins: plugins.map((plugin) => ({ plugin })),
    settings: { cwd, roots: [cwd], provider: 'scripted', sandbox },
  });
  const client = kernel.client('bench');
  const { id: thread } = await client.request('thread/start', { ephemeral: true });
  using events = client.subscribe({ thread });
  const startedMs = performance.now();
  await client.request('turn/start', { thread, input: [{ type: 'text', text: 'go' }] });
  for await (const event of events)
    if (event.type === 'item/appended' && event.item.type === 'end') break;
  return (performance.now() - startedMs) / steps;
}
