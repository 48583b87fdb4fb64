import { mkdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

import { createKernel, type Effects, type Plugin, policies } from '../../../core/index.ts';
import local from '../../../plugins/machines/local.ts';
import bubblewrap from '../../../plugins/sandboxes/bubblewrap.ts';
import type { Case } from '../case.ts';
import { median, takeTurns } from '../rounds.ts';

/** Commands for each round of the scale: they are short. */
const commandsPerRound = 10;

/** What the sandbox adds to a command, from the request to its end: plan, start and end of `true` in a repository. */
export const sandbox: Case = {
  name: 'sandbox',
  run: async (bench) => {
    if (process.platform !== 'linux') return [];
    const cwd = bench.place.fresh('confined');
    mkdirSync(cwd);
    spawnSync('git', ['init', '--quiet', cwd]);
    await using bare = await startIn(cwd, 'danger-full-access');
    await using confined = await startIn(cwd, 'workspace-write');
    const runs = await takeTurns(commandsPerRound * bench.scale.rounds, {
      bare: () => timed(bare.effects),
      confined: () => timed(confined.effects),
    });
    const [fast, slow] = [median(runs.bare), median(runs.confined)];
    const from = `${slow.toFixed(1)} − ${fast.toFixed(1)}`;
    return [
      {
        what: 'a command in bubblewrap, over bare',
        value: slow - fast,
        unit: 'ms',
        target: 6,
        from,
      },
    ];
  },
};

type Mode = 'danger-full-access' | 'workspace-write';

/** The effects of a plugin in a kernel of its own, whose commands all run. */
async function startIn(cwd: string, mode: Mode): Promise<AsyncDisposable & { effects: Effects }> {
  let effects: Effects | undefined;
  const policy = {
    name: 'all',
    judge: () => ({ verdict: 'allow', reason: 'it is measured', rule: 'bench' }) as const,
  };
  const taker: Plugin = {
    name: 'taker',
    api: 1,
    setup: (host) => {
      effects = host.effects;
      host.add(policies, policy);
    },
  };
  const plugins = [local(), bubblewrap(), taker].map((plugin) => ({ plugin }));
  const settings = {
    cwd,
    roots: [cwd],
    provider: 'none',
    sandbox: mode,
    approval: 'never',
  } as const;
  const kernel = await createKernel({ plugins, settings });
  if (effects === undefined) throw new Error('expected the plugin to be set up');
  return { effects, [Symbol.asyncDispose]: () => kernel[Symbol.asyncDispose]() };
}

async function timed(effects: Effects): Promise<number> {
  const startedMs = performance.now();
  const child = await effects.spawn({ argv: ['true'] });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`expected exit code 0, but got ${code}`);
  return performance.now() - startedMs;
}
