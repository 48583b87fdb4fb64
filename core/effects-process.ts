/** Processes: one plain spawn in a group of its own, that ends with its leader. */

import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';

import type { Exit, SpawnPlan, SpawnRequest } from './contracts.ts';
import { KernelError } from './errors.ts';

/** Between SIGTERM and SIGKILL. */
const graceMs = 300;
/** How long pipes may stay open after the leader and its group have ended: someone outside the group holds them. */
const drainMs = 250;

/** The processes that one owner (call, turn, thread, plugin) answers for. */
export class Processes {
  readonly #running = new Map<string, RunningProcess>();
  readonly #changed: () => void;

  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  get ids(): readonly string[] {
    return [...this.#running.keys()];
  }

  get(id: string): RunningProcess | undefined {
    return this.#running.get(id);
  }

  /** From now on this owner's, until it ends. */
  adopt(child: RunningProcess): void {
    this.#running.set(child.id, child);
    this.#changed();
    void child.exited.then(() => this.#release(child));
  }

  /** No longer this owner's. */
  #release(child: RunningProcess): void {
    if (this.#running.delete(child.id)) this.#changed();
  }

  /** Hands one over to another owner. */
  move(child: RunningProcess, to: Processes): void {
    this.#release(child);
    to.adopt(child);
  }

  /** Ends all; resolves when they have ended. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    for (const child of all) child.kill();
    await Promise.all(all.map((child) => child.exited));
  }
}

/** A process as the operating system runs it. */
export class RunningProcess {
  readonly id: string;
  readonly argv: readonly string[];
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #startedMs = performance.now();
  #onOutput: SpawnRequest['onOutput'];
  #timedOut = false;
  #isKept = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(id: string, child: ChildProcess, request: SpawnRequest, plan: SpawnPlan) {
    this.id = id;
    this.argv = request.argv;
    this.#child = child;
    this.#onOutput = request.onOutput;
    child.stdout?.on('data', (chunk: Uint8Array) => this.#onOutput?.(chunk, 'stdout'));
    child.stderr?.on('data', (chunk: Uint8Array) => this.#onOutput?.(chunk, 'stderr'));
    child.stdin?.on('error', () => {}); // a program that does not read its input is no error of ours
    this.exited = this.#untilClosed(request, plan);
  }

  #untilClosed(request: SpawnRequest, plan: SpawnPlan): Promise<Exit> {
    const child = this.#child;
    const onAbort = () => {
      if (!this.#isKept) this.kill();
    };
    request.signal?.addEventListener('abort', onAbort, { once: true });
    if (request.signal?.aborted) onAbort();
    const limit =
      request.timeoutMs === undefined
        ? undefined
        : setTimeout(() => this.#expire(), request.timeoutMs);
    let drain: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      signalGroup(child, 'SIGKILL'); // what the leader left behind
      drain = setTimeout(() => destroyPipes(child), drainMs);
    });
    const { promise, resolve } = Promise.withResolvers<Exit>();
    child.once('close', (code, signal) => {
      request.signal?.removeEventListener('abort', onAbort);
      for (const timer of [limit, drain, this.#killTimer]) clearTimeout(timer);
      for (const path of plan.cleanup ?? []) rmSync(path, { recursive: true, force: true });
      const durationMs = performance.now() - this.#startedMs;
      resolve({ code, signal, timedOut: this.#timedOut, durationMs });
    });
    return promise;
  }

  #expire(): void {
    this.#timedOut = true;
    this.kill();
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends the group: with `signal` alone when named, else SIGTERM and, a moment later, SIGKILL. */
  kill(signal?: NodeJS.Signals): void {
    if (this.ended) return;
    signalGroup(this.#child, signal ?? 'SIGTERM');
    if (signal === undefined)
      this.#killTimer ??= setTimeout(() => signalGroup(this.#child, 'SIGKILL'), graceMs);
  }

  /** Outlives its call: abort does not end it any more, and output goes elsewhere. */
  keep(onOutput: SpawnRequest['onOutput']): void {
    this.#isKept = true;
    this.#onOutput = onOutput;
  }

  async write(data: string | Uint8Array): Promise<void> {
    const input = this.#child.stdin;
    if (input === null || input.destroyed || input.writableEnded || this.ended) {
      throw new KernelError(
        'conflict',
        `process ${this.id} takes no input: it has ended, or was started without stdin`,
      );
    }
    await new Promise<void>((resolve) => input.write(data, () => resolve()));
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

/** Starts what a plan says. Throws `not_found` when there is no such program or folder. */
export async function startProcess(
  id: string,
  request: SpawnRequest,
  plan: SpawnPlan,
): Promise<RunningProcess> {
  const extra = plan.descriptors ?? [];
  const child = start(plan, [
    request.stdin === true ? 'pipe' : 'ignore',
    'pipe',
    'pipe',
    ...extra.map(() => 'pipe' as const),
  ]);
  if (child.pid === undefined) {
    const error = await new Promise<Error>((resolve) => child.once('error', resolve));
    throw startError(plan, error);
  }
  child.on('error', () => {}); // a failed kill of a process that has just ended
  extra.forEach((data, index) => {
    const pipe = child.stdio[index + 3];
    if (pipe !== null && pipe !== undefined && 'end' in pipe) pipe.end(Buffer.from(data, 'base64'));
  });
  return new RunningProcess(id, child, request, plan);
}

function start(plan: SpawnPlan, stdio: ('pipe' | 'ignore')[]): ChildProcess {
  try {
    return spawn(plan.file, plan.args, { cwd: plan.cwd, env: plan.env, detached: true, stdio });
  } catch (error) {
    throw startError(plan, error);
  }
}

function startError(plan: SpawnPlan, error: unknown): KernelError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const isFolder = statSync(plan.cwd, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const message = isFolder
    ? `cannot start ${plan.file} (${code}): check that the program exists, is executable and on PATH`
    : `cannot start ${plan.file}: there is no folder ${plan.cwd}`;
  return new KernelError(code === 'ENOENT' ? 'not_found' : 'invalid', message, { cause: error });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // the group has ended
  }
}

function destroyPipes(child: ChildProcess): void {
  for (const pipe of child.stdio as (Readable | null)[]) pipe?.destroy(); // every pipe can be destroyed
}
