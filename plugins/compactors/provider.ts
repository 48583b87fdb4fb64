/**
 * Has the model's host make what goes into one item of its own, which only that host can read and which is sent back
 * unchanged. Pins, the newest answers and what the user said stay as in a summary.
 */

import {
  compactors,
  type Compactor,
  type Host,
  ModelError,
  type Plugin,
} from '../../core/index.ts';
import { fragmentOf, windowOf } from './parts/entries.ts';
import { splitFor, type SplitOptions } from './parts/split.ts';
import { unitsOf } from './parts/units.ts';
import { providerCompactions } from './provider-slot.ts';

/** The schema of SplitOptions. */
export const options = async () => {
  const { z } = await import('zod');
  const tokens = z.int().nonnegative().optional();
  return z.strictObject({
    tailTokens: tokens.describe('tokens of the newest answers that stay'),
    userTokens: tokens.describe("tokens of the user's earlier words that stay"),
  });
};

/** Stands before `summary`, and leaves the work to it where the model's host offers nothing, or failed. */
export default function provider(config: SplitOptions = {}): Plugin {
  return {
    name: 'provider',
    api: 1,
    setup: (host) => {
      host.add(compactors, compacting(config, host));
    },
  };
}

/** What goes is more than this, or what stands in its place would not be less. */
const leastTokens = 300;
/** What an HTTP server answers where it has no such address or method. */
const absent: readonly unknown[] = [404, 405, 501];

function compacting(config: SplitOptions, host: Host): Compactor {
  /** Providers that turned out to have no such way. */
  const without = new Set<string>();
  return {
    name: 'provider',
    compact: async (job, next) => {
      const { provider: name } = job.settings;
      const way = host.get(providerCompactions).get(name);
      // A host takes no remark, and what it has refused it cannot make smaller.
      const isOut = job.reason === 'refused' || (job.remark ?? '') !== '';
      if (way === undefined || without.has(name) || isOut) return next(job);
      const split = splitFor(unitsOf(job.parts), job, config);
      const goneTokens = [...split.gone].reduce((sum, unit) => sum + unit.tokens, 0);
      if (goneTokens < leastTokens) return next(job);
      const gone = new Set([...split.gone].flatMap((unit) => unit.at));
      const asked = job.parts.filter((_, at) => at < split.tailStart || gone.has(at));
      const { thread, settings } = job;
      try {
        const parts = asked.map(({ part }) => part);
        const opaque = await way.compact({ thread, settings, parts }, job);
        return windowOf(job, split, { ...fragmentOf('provider', words(name)), opaque });
      } catch (error) {
        if (error instanceof ModelError && absent.includes(error.status)) without.add(name);
        throw error;
      }
    },
  };
}

/** What people, and models of other hosts, read in its place. */
function words(host: string): string {
  return `What went before in this thread was compacted by ${host} into a form that only it can read. If you see this text, you do not have it: rely on what the user said, on the plan, and on the harness's list of what was done, and look at the files again.`;
}
