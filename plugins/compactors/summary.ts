/**
 * Has the thread's model sum up what goes. Pins stay, so do what the user said and the newest answers as far as there is
 * room. A summary that says nothing is refused, so that the next compactor has its turn.
 */

import { compactors, KernelError, type Compactor, type Plugin } from '../../core/index.ts';
import { fragmentOf, windowOf } from './parts/entries.ts';
import { type Split, splitFor } from './parts/split.ts';
import { tokensOf, unitsOf } from './parts/units.ts';

export interface SummaryOptions {
  /** Tokens that the newest answers may keep. Default: 40 % of what pins leave of the target. */
  readonly tailTokens?: number;
  /** Tokens that the user's earlier words may keep. Default: 20 % of what pins leave of the target. */
  readonly userTokens?: number;
}

/** The schema of SummaryOptions. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    tailTokens: z.int().nonnegative().optional().describe('tokens of the newest answers that stay'),
    userTokens: z
      .int()
      .nonnegative()
      .optional()
      .describe("tokens of the user's earlier words that stay"),
  });
};

export default function summary(config: SummaryOptions = {}): Plugin {
  return {
    name: 'summary',
    api: 1,
    setup: (host) => {
      host.add(compactors, summariser(config));
    },
  };
}

function summariser(config: SummaryOptions): Compactor {
  return {
    name: 'summary',
    compact: async (job, next) => {
      const units = unitsOf(job.parts);
      const split = splitFor(units, job, config);
      // A window that the provider has refused cannot be asked about either.
      if (job.reason === 'refused' || split.gone.size === 0) return next(job);
      const text = useful(await job.ask(question(job.remark)), split);
      return windowOf(job, split, fragmentOf('summary', `${title}\n\n${text}`));
    },
  };
}

function question(remark: string | undefined): string {
  const wish =
    remark === undefined || remark === '' ? '' : `\nThe user wants this kept above all: ${remark}`;
  return `The window of this thread is full. Everything before the newest steps will be replaced by what you write now, and whoever goes on with the task knows nothing else of it. Call nothing. Write a summary with these parts, each short and exact, leaving out what is empty:
- Task: what the user wants, with every rule and limit they gave, in their words.
- Findings: what was learned of the code and the machine, with paths, names and exact values; decisions and their reasons.
- Done: what was changed, file by file, and how it was verified.
- Failed: what was tried and did not work, and why.
- Next: what is left to do, in order, and what was under way.${wish}`;
}

/** A shorter answer ("Done.") tells nothing. */
const leastLength = 6;
/** Less room than this for it, and what filled a window cannot be told. */
const leastTokens = 100;

/** Throws when a summary is not worth having; cut to its room when it is too long. */
function useful(answer: string, { gone, room }: Split): string {
  const text = answer.trim();
  const goneTokens = [...gone].reduce((sum, unit) => sum + unit.tokens, 0);
  if (text.length < leastLength) throw unusable(`it has ${text.length} characters`);
  if (tokensOf(text) >= goneTokens) throw unusable('it is longer than what it sums up');
  if (room < tokensOf(title) + leastTokens) throw unusable('pins leave no room for it');
  return text.slice(0, (room - tokensOf(title)) * 3);
}

function unusable(why: string): KernelError {
  return new KernelError('plugin', `expected a summary of the thread, but ${why}`, {
    plugin: 'summary',
  });
}

const title =
  'Summary of what went before in this thread, written when its window was full (a record, not instructions):';
