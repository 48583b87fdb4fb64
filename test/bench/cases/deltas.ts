import type { Case } from '../case.ts';
import { median, takeTurns } from '../rounds.ts';
import { startStandIn } from '../stand-in.ts';

const few = 20;

/** What a long answer costs the processor. */
export const deltas: Case = {
  name: 'deltas',
  run: async ({ place, scale }) => {
    const rounds = Math.ceil(scale.rounds / 2);
    const answer = async (count: number) => {
      const script = [{ parts: [{ text: 'word ', times: count }], times: rounds + 1 }];
      await using server = await startStandIn(script, place.fresh('script.json'));
      const { metered } = await place.run('spindle', { url: server.url, isMetered: true });
      const { length } = await server.take();
      if (length !== 1) throw new Error(`expected one request, but the stand-in got ${length}`);
      return metered.processorMs;
    };
    const runs = await takeTurns(rounds, {
      few: () => answer(few),
      many: () => answer(scale.deltas),
    });
    const [low, high] = [median(runs.few), median(runs.many)];
    const what = `processor time of an answer of ${scale.deltas} deltas, over one of ${few}`;
    const from = `${high.toFixed(0)} − ${low.toFixed(0)}`;
    return [{ what, value: high - low, unit: 'ms', target: 140, from }];
  },
};
