/** An app server of the program that is measured, with a model that tells the time. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type AppClient } from '../../../plugins/front-ends/client.ts';
import type { Place } from '../place.ts';

const gauge = join(import.meta.dirname, 'gauge.cjs');
const clock = join(import.meta.dirname, 'clock.js');

/** A server on a Unix socket. Disposing kills it. */
export interface Server extends AsyncDisposable {
  readonly connect: () => Promise<AppClient>;
  /** What memory it holds once its garbage is gone, in bytes. */
  readonly heldBytes: () => Promise<number>;
}

/** The environment and folder of a server, and its configuration. */
export function homeOf(place: Place) {
  const [home, cwd] = [place.fresh('home'), place.fresh('work')];
  for (const folder of [home, cwd]) mkdirSync(folder);
  copyFileSync(clock, join(home, 'clock.js'));
  const plugins = { clock: { use: './clock.js' } };
  writeFileSync(
    join(home, 'config.json'),
    JSON.stringify({ provider: 'clock', plugins, approval: 'never' }),
  );
  const { PATH } = process.env;
  return { cwd, env: { PATH, HOME: home, SPINDLE_HOME: home, GAUGE: join(home, 'gauge.json') } };
}

/** Starts one and waits until it listens. */
export async function startServer(place: Place): Promise<Server> {
  const { cwd, env } = homeOf(place);
  const socket = place.fresh('s.sock');
  const argv = ['--require', gauge, place.launcher, 'app-server', '--listen', `unix://${socket}`];
  const child = spawn(process.execPath, argv, { cwd, env, stdio: ['ignore', 'inherit', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr })) {
    if (line.includes('listening on')) break;
    console.error(line);
  }
  child.stderr.resume();
  return {
    connect: () => connect({ to: { socket }, info: { name: 'bench' }, reconnectForMs: 0 }),
    heldBytes: () => read(child, env.GAUGE),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function read(child: ChildProcess, file: string): Promise<number> {
  rmSync(file, { force: true });
  child.kill('SIGUSR2');
  while (!existsSync(file)) await wait(20);
  const usage = JSON.parse(readFileSync(file, 'utf8')) as NodeJS.MemoryUsage; // gauge.cjs wrote it
  return usage.heapUsed + usage.external;
}
