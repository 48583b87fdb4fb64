/**
 * Confines commands on Linux with bubblewrap: the machine read-only, the home folder hidden, writable workspace and
 * private /tmp, no network, and a filter of system calls. docs/sandbox.md says what that holds and what it does not.
 */

import { resolve } from 'node:path';

import {
  aroundEffect,
  KernelError,
  type Plugin,
  type Sandbox,
  sandboxes,
} from '../../core/index.ts';
import type { Ground } from './bubblewrap/ground.ts';
import type { BubblewrapOptions } from './bubblewrap/options.ts';
import type * as planning from './bubblewrap/plan.ts';
import type { Planted } from './bubblewrap/planted.ts';
import type { Probed } from './bubblewrap/probe.ts';

/** The schema of BubblewrapOptions. */
export const options = async () => (await import('./bubblewrap/options.ts')).bubblewrapOptions();

export default function bubblewrap(given: BubblewrapOptions = {}): Plugin {
  return {
    name: 'bubblewrap',
    api: 1,
    setup: (host) => {
      const planted = lazily(async () => new (await import('./bubblewrap/planted.ts')).Planted());
      host.add(sandboxes, bubblewrapSandbox(given, planted));
      host.add(aroundEffect, async (what, next) => {
        const { cwd, roots, sandbox } = what.settings;
        if (what.kind !== 'spawn' || sandbox !== 'workspace-write' || what.request.unconfined)
          return next(what);
        const { watchPlanted } = await import('./bubblewrap/watch.ts');
        const { request } = what;
        const watched = { cwd: resolve(cwd, request.cwd ?? '.'), roots: [cwd, ...roots], request };
        return watchPlanted(await planted(), watched, (changed) =>
          next({ ...what, request: changed }),
        );
      });
    },
  };
}

/** Looks at the machine when first asked, and once. What that takes is loaded then. */
function bubblewrapSandbox(given: BubblewrapOptions, planted: () => Promise<Planted>): Sandbox {
  const look = lazily(() => lookAround(given));
  return {
    name: 'bubblewrap',
    probe: async () => (await look()).probe,
    plan: async (request) => {
      const [{ ground, probe, planSpawn }, known] = await Promise.all([look(), planted()]);
      const linked = (folder: string) => known.linked(folder);
      return planSpawn(request, { ...usable(ground, probe.reasons), linked });
    },
  };
}

/** Made when first asked for, and once. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

type Looked = Probed & Pick<typeof planning, 'planSpawn'>;

async function lookAround(given: BubblewrapOptions): Promise<Looked> {
  const [{ probeMachine }, { planSpawn }] = await Promise.all([
    import('./bubblewrap/probe.ts'),
    import('./bubblewrap/plan.ts'),
  ]);
  return { ...(await probeMachine(given)), planSpawn };
}

function usable(ground: Ground | undefined, reasons: readonly string[]): Ground {
  if (ground !== undefined) return ground;
  throw new KernelError('sandbox', `bubblewrap cannot confine commands: ${reasons.join('; ')}`);
}
