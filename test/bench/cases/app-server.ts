/** What the app server takes: to greet, to keep threads open, to run many turns, to carry many deltas. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AppClient } from '../../../plugins/front-ends/client.ts';
import { homeOf, startServer } from '../app-server/server.ts';
import type { Bench, Case, Figure } from '../case.ts';
import { median, takeTurns } from '../rounds.ts';

const hello = '{"id":1,"method":"initialize","params":{"clientInfo":{"name":"bench"}}}\n';

export const appServer: Case = {
  name: 'app-server',
  run: async (bench) => [
    await handshake(bench),
    await openThreads(bench),
    ...(await manyTurns(bench)),
    await flood(bench),
  ],
};

async function handshake({ place, scale }: Bench): Promise<Figure> {
  const { cwd, env } = homeOf(place);
  const greeted = async () => {
    const started = performance.now();
    const argv = [place.launcher, 'app-server'];
    const child = spawn(process.execPath, argv, { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.write(hello);
    await once(child.stdout, 'data');
    const took = performance.now() - started;
    child.stdin.end();
    child.stdout.resume();
    await once(child, 'exit');
    return took;
  };
  const empty = async () => {
    const { spawnedAt, endedAt } = await place.run('empty');
    return endedAt - spawnedAt;
  };
  const runs = await takeTurns(scale.rounds, { greeted, empty });
  const [whole, least] = [median(runs.greeted), median(runs.empty)];
  const what = 'app server: from spawn to the answer to initialize, over `node -e 0`';
  const from = `${whole.toFixed(1)} − ${least.toFixed(1)}`;
  return { what, value: whole - least, unit: 'ms', target: 40, from };
}

/** Starts a thread and says something in it; resolves when the turn has ended. */
async function said(client: AppClient, input: string): Promise<string> {
  const { thread } = await client.request('thread/start', {});
  for await (const _ of client.turn({ threadId: thread.id, input }));
  return thread.id;
}

async function openThreads({ place, scale: { threads } }: Bench): Promise<Figure> {
  await using server = await startServer(place);
  await using client = await server.connect();
  for (let count = 0; count < 20; count++) await said(client, 'warm');
  const before = await server.heldBytes();
  for (let count = 0; count < threads; count++) await said(client, 'hello');
  const value = (await server.heldBytes()) - before;
  const what = `app server: memory of an idle thread that is open, of ${threads} with a turn each`;
  return { what, value: value / threads, unit: 'bytes', target: 100 * 1024 };
}

const clients = 20;
const perSecond = 50;

/** Every client follows its own threads; what is late was on its way from the model's word to the client. */
async function manyTurns({ place, scale: { turns, seconds } }: Bench): Promise<readonly Figure[]> {
  await using server = await startServer(place);
  await using scope = new AsyncDisposableStack();
  const late: number[] = [];
  let words = 0;
  const all: AppClient[] = [];
  for (let count = 0; count < clients; count++) all.push(scope.use(await server.connect()));
  for (const client of all)
    client.on('item/agentMessage/delta', ({ delta }) => {
      const now = performance.timeOrigin + performance.now();
      for (const word of delta.split(' ').filter(Boolean)) {
        late.push(now - Number(word));
        words++;
      }
    });
  const running = Array.from({ length: turns }, (_, index) =>
    said(all[index % clients]!, `clock ${seconds} ${perSecond}`),
  );
  const ended = Promise.all(running);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, seconds * 300))]);
  const before = await server.heldBytes();
  await ended;
  const grown = (await server.heldBytes()) - before;
  const sorted = late.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
  const load = `${turns} turns at once, ${perSecond} deltas and a step a second each, ${clients} clients, ${seconds} s`;
  const from = `median ${at(0.5).toFixed(1)}, of ${words} deltas`;
  return [
    {
      what: `app server: delay of a delta, 99th of 100: ${load}`,
      value: at(0.99),
      unit: 'ms',
      target: 50,
      from,
    },
    { what: 'app server: memory grown meanwhile', value: grown / 1e6, unit: 'MB', target: 64 },
  ];
}

async function flood({ place, scale }: Bench): Promise<Figure> {
  const count = scale.deltas * 5;
  await using server = await startServer(place);
  await using client = await server.connect();
  await said(client, 'flood 1000');
  const { thread } = await client.request('thread/start', {});
  const wanted = Array.from({ length: count }, (_, index) => `${index} `).join('');
  let text = '';
  const started = performance.now();
  for await (const event of client.turn({ threadId: thread.id, input: `flood ${count}` }))
    if (event.method === 'item/agentMessage/delta') text += event.params.delta;
  const took = performance.now() - started;
  if (text !== wanted)
    throw new Error('expected every character of every delta, and some are missing');
  const what = 'app server: 100,000 deltas through one connection, every character';
  const value = (took * 100_000) / count;
  return { what, value, unit: 'ms', target: 1000, from: `${count} in ${took.toFixed(0)} ms` };
}
