import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Case } from '../case.ts';
import { median, takeTurns } from '../rounds.ts';
import { startStandIn } from '../stand-in.ts';

const fixture = join(import.meta.dirname, '../../fixtures/mcp/raw.ts');
const count = 20;

/** What twenty configured MCP servers with 300 tools cost a thread that uses none of them. */
export const servers: Case = {
  name: 'servers',
  run: async (bench) => {
    const { place, scale } = bench;
    const rounds = 2 * scale.rounds;
    const script = [{ text: 'Hello.', times: 4 * rounds + 8 }];
    await using server = await startStandIn(script, place.fresh('script.json'));
    const { url } = server;
    const homes = { without: homeWith(bench, 0), with: homeWith(bench, count) };
    // Their tools are known from an earlier start.
    await place.run('spindle', { url, home: homes.with, argv: ['mcp', 'list', '-c', unconfined] });
    const run = (home: string) => async () => {
      const { spawnedAt, metered } = await place.run('spindle', { url, home, isMetered: true });
      const [request] = await server.take();
      if (request === undefined) throw new Error('expected a request, but none came');
      const bytes = Buffer.byteLength(request.body);
      return { ms: request.at - spawnedAt, bytes, peak: metered.peakBytes / 1e6 };
    };
    const runs = await takeTurns(rounds, { without: run(homes.without), with: run(homes.with) });
    const over = (pick: (one: Ran) => number) => {
      const [more, less] = [runs.with, runs.without].map((all) => median(all.map(pick)));
      const [a, b] = [more ?? Number.NaN, less ?? Number.NaN];
      return { value: a - b, from: `${a.toFixed(1)} − ${b.toFixed(1)}` };
    };
    return [
      {
        what: 'first request with 20 MCP servers and 300 tools, over none',
        ...over(({ ms }) => ms),
        unit: 'ms',
        target: 10,
      },
      {
        what: '… bytes of the request',
        ...over(({ bytes }) => bytes),
        unit: 'bytes',
        target: 3072,
      },
      { what: '… peak memory', ...over(({ peak }) => peak), unit: 'MB', target: 10 },
    ];
  },
};

interface Ran {
  readonly ms: number;
  readonly bytes: number;
  readonly peak: number;
}

const unconfined = 'sandbox=danger-full-access';

function homeWith({ place }: Bench, many: number): string {
  const home = place.fresh(`home-${many}`);
  mkdirSync(home);
  const entries = Array.from({ length: many }, (_, at) => [
    `server-${at}`,
    { command: process.execPath, args: [fixture, 'many'] },
  ]);
  const mcpServers: unknown = Object.fromEntries(entries);
  writeFileSync(join(home, 'config.json'), JSON.stringify({ mcpServers }));
  return home;
}
