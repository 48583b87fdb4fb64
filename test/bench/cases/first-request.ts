import type { Bench, Case } from '../case.ts';
import type { Program } from '../place.ts';
import { median, takeTurns } from '../rounds.ts';
import { startStandIn } from '../stand-in.ts';

/** From the spawn to the first request at the server, beside a Node that does nothing. */
export const firstRequest: Case = {
  name: 'first-request',
  run: async (bench) => {
    const { place, scale } = bench;
    const script = [{ text: 'Hello.', times: 4 * scale.rounds + 4 }];
    await using server = await startStandIn(script, place.fresh('script.json'));
    const untilAsked = (program: Program, home?: () => string) => async () => {
      const { spawnedAt } = await place.run(program, { url: server.url, home: home?.() });
      const [request] = await server.take();
      if (request === undefined) throw new Error(`expected a request of ${program}, but none came`);
      return request.at - spawnedAt;
    };
    const runs = await takeTurns(scale.rounds, {
      empty: () => untilEnded(bench),
      floor: untilAsked('floor'),
      spindle: untilAsked('spindle'),
      first: untilAsked('spindle', () => place.fresh('new-home')),
    });
    const empty = median(runs.empty);
    const [floor, spindle, first] = [runs.floor, runs.spindle, runs.first].map(median);
    const over = (ms = NaN) => ({
      value: ms - empty,
      unit: 'ms' as const,
      from: `${ms.toFixed(1)} − ${empty.toFixed(1)}`,
    });
    return [
      { what: 'spawn to first request, over `node -e 0`', ...over(spindle), target: 50 },
      { what: '… of the very first start, nothing compiled yet', ...over(first) },
      { what: '… of the bare floor', ...over(floor) },
    ];
  },
};

async function untilEnded({ place }: Bench): Promise<number> {
  const { spawnedAt, endedAt } = await place.run('empty');
  return endedAt - spawnedAt;
}
