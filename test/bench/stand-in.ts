/** The stand-in for a model's server, as a process of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Answer, ModelRequest } from '../fixtures/model-server.ts';

const fixture = join(import.meta.dirname, '../fixtures/model-server.ts');
/** Requests before the first that counts: a server that is still being compiled would be measured with its client. */
const warmUps = 100;

/** A running stand-in. Disposing ends its process. */
export interface StandIn extends AsyncDisposable {
  /** What OPENAI_BASE_URL must be. */
  readonly url: string;
  /** The requests since the last time, in order, with the times of the server's clock. */
  readonly take: () => Promise<readonly ModelRequest[]>;
}

/** Starts one that gives these answers in order; `file` is where the script is put. */
export async function startStandIn(script: readonly Answer[], file: string): Promise<StandIn> {
  const warm: Answer = { text: 'warm', times: warmUps };
  // Whether the requests are ones a provider would take is for the tests to see, and costs more with each step.
  writeFileSync(file, JSON.stringify({ lenient: true, script: [warm, ...script] }));
  const child = spawn(process.execPath, [fixture, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string]; // its only line
  const ask = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).text();
  const body = JSON.stringify({ model: 'warm', stream: true, input: 'warm' });
  for (let count = 0; count < warmUps; count++) await ask('/responses', { method: 'POST', body });
  let taken = warmUps;
  return {
    url,
    take: async () => {
      const address = new URL('/_requests', url);
      const all = (await (await fetch(address)).json()) as readonly ModelRequest[]; // the fixture's
      const fresh = all.slice(taken);
      taken = all.length;
      return fresh;
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
