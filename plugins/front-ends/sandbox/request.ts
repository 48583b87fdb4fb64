/** The request `sandbox/run`: a command in the sandbox, with the asking client as its origin. */

import { constants } from 'node:os';

import { invalid } from '../../../core/index.ts';
import type { Argv, Confinement, Event, Process, RequestHandler } from '../../../core/index.ts';

/** Where a front end in this process takes a command's output from and gives it its input. */
export interface Channel {
  /** Whether `started` gives it input. */
  readonly stdin: boolean;
  readonly confined: (level: Confinement, network: boolean) => void;
  readonly started: (child: Process) => void;
  readonly output: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void;
}

/** Asks for a command over a channel; resolves to the request's result. */
export type Run = (argv: Argv, channel: Channel, stop: AbortSignal) => Promise<unknown>;

/** Of each output, what a result without a channel holds. */
const maxBytes = 1_000_000;

/** Tells how confined a command is, from the decision that let it start. */
export class WatchedSpawns {
  readonly #waiting = new Map<string, Channel['confined']>();

  /** Until disposed, `tell` is called when this client's command is let through. */
  watch(client: string, argv: Argv, tell: Channel['confined']): Disposable {
    const key = JSON.stringify([client, argv]);
    this.#waiting.set(key, tell);
    return { [Symbol.dispose]: () => void this.#waiting.delete(key) };
  }

  readonly see = (event: Event): void => {
    if (event.type !== 'effect/decided' || event.decision.verdict !== 'allow') return;
    const { effect, origin } = event.decision;
    if (effect.kind !== 'spawn') return;
    const tell = this.#waiting.get(JSON.stringify([origin.name, effect['argv']]));
    // A spawn's data has its level, as the gate judged it.
    tell?.(effect['confined'] as Confinement, effect['network'] === true);
  };
}

/** Handles `sandbox/run`. With the name of a channel, output goes there as it comes; without, it is in the result. */
export function runRequest(
  channels: ReadonlyMap<string, Channel>,
  spawns: WatchedSpawns,
): RequestHandler {
  return {
    name: 'sandbox/run',
    params: {
      type: 'object',
      properties: {
        argv: { type: 'array', items: { type: 'string' }, minItems: 1 },
        channel: { type: 'string' },
      },
      required: ['argv'],
    },
    result: {
      type: 'object',
      properties: {
        exitCode: {
          type: 'integer',
          description: '128 and the number of the signal that ended it',
        },
        confined: { enum: ['full', 'partial', 'none'] },
        stdout: { type: 'string' },
        stderr: { type: 'string' },
      },
      required: ['exitCode', 'confined', 'stdout', 'stderr'],
    },
    run: async (params, { client, effects, signal }) => {
      const { argv, channel: name } = paramsOf(params);
      const collected = new Collected();
      const channel = name === undefined ? collected : channels.get(name);
      if (channel === undefined) throw invalid`expected a channel of this process, but got ${name}`;
      let confined: Confinement = 'none';
      using _watched = spawns.watch(client.name, argv, (level, network) => {
        confined = level;
        channel.confined(level, network);
      });
      const { output: onOutput, stdin } = channel;
      const child = await effects.spawn({ argv, stdin, onOutput, signal });
      channel.started(child);
      const { code, signal: killedBy } = await child.exited;
      const exitCode = code ?? 128 + numberOf(killedBy);
      return { exitCode, confined, stdout: collected.stdout, stderr: collected.stderr };
    },
  };
}

function paramsOf(params: unknown): { readonly argv: Argv; readonly channel?: string } {
  const { argv, channel } = { ...(params as { argv?: unknown; channel?: unknown }) }; // checked here
  const isArgv =
    Array.isArray(argv) && argv.length > 0 && argv.every((one) => typeof one === 'string');
  if (!isArgv) throw invalid`expected argv, a list of texts, but got ${JSON.stringify(argv)}`;
  return {
    argv: argv as [string, ...string[]],
    ...(typeof channel === 'string' ? { channel } : {}),
  }; // just checked
}

function numberOf(signal: string | null): number {
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return numbers[signal ?? ''] ?? 0;
}

/** Keeps the beginning of each output. */
class Collected implements Channel {
  readonly stdin = false;
  readonly #chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  readonly #bytes = { stdout: 0, stderr: 0 };

  readonly confined = (): void => {};
  readonly started = (): void => {};
  readonly output: Channel['output'] = (chunk, stream) => {
    if (this.#bytes[stream] >= maxBytes) return;
    this.#bytes[stream] += chunk.length;
    this.#chunks[stream].push(chunk);
  };

  get stdout(): string {
    return Buffer.concat(this.#chunks.stdout).toString();
  }

  get stderr(): string {
    return Buffer.concat(this.#chunks.stderr).toString();
  }
}
