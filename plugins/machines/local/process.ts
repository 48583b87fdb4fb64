/** Processes: one plain spawn in a group of its own, that ends with its leader. */

import type { ChildProcess, StdioOptions } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { resolve as resolvePath } from 'node:path';

import {
  conflict,
  type Exit,
  invalid,
  KernelError,
  messageOf,
  notFound,
  type Process,
  type SpawnPlan,
  type SpawnRequest,
} from '../../../core/index.ts';
import { codeOf } from './files.ts';
import { endLeftovers, signalGroup } from './group.ts';
import type { Inherited } from './inherited.ts';
import type { Keeper } from './keeper.ts';
import type { Leftovers } from './leftovers.ts';

/** Between SIGTERM and SIGKILL. */
const graceMs = 300;
/** How long pipes may stay open after the group has ended: someone outside it holds them. */
const drainMs = 250;

/** A process as the operating system runs it. */
class RunningProcess implements Omit<Process, 'id'> {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #timers: NodeJS.Timeout[] = [];
  #onOutput: SpawnRequest['onOutput'];
  #isKept = false;

  constructor(child: ChildProcess, request: SpawnRequest) {
    this.#child = child;
    this.#onOutput = request.onOutput;
    child.stdout?.on('data', (chunk: Uint8Array) => this.#onOutput?.(chunk, 'stdout'));
    child.stderr?.on('data', (chunk: Uint8Array) => this.#onOutput?.(chunk, 'stderr'));
    child.stdin?.on('error', () => {}); // a program that does not read its input is no error of ours
    child.on('error', () => {}); // nor is a signal that comes too late
    this.exited = this.#untilClosed(request);
  }

  async #untilClosed({ signal, timeoutMs }: SpawnRequest): Promise<Exit> {
    const startedMs = performance.now();
    let timedOut = false;
    const expire = () => {
      timedOut = true;
      this.kill();
    };
    const onAbort = () => this.#isKept || this.kill();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    if (timeoutMs !== undefined) this.#timers.push(setTimeout(expire, timeoutMs));
    this.#child.once('exit', () => {
      endLeftovers(this.#child.pid);
      const drained = () => this.#child.stdio.forEach((pipe) => pipe?.destroy());
      this.#timers.push(setTimeout(drained, drainMs));
    });
    const { promise, resolve } = Promise.withResolvers<Pick<Exit, 'code' | 'signal'>>();
    this.#child.once('close', (code, killedBy) => resolve({ code, signal: killedBy }));
    const end = await promise;
    signal?.removeEventListener('abort', onAbort);
    this.#timers.forEach(clearTimeout);
    return { ...end, timedOut, durationMs: performance.now() - startedMs };
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends the group: with `signal` alone when named, else SIGTERM and, a moment later, SIGKILL. */
  kill(signal?: NodeJS.Signals): void {
    if (this.#hasEnded) return;
    signalGroup(this.#child.pid, signal ?? 'SIGTERM');
    const force = () => signalGroup(this.#child.pid, 'SIGKILL');
    if (signal === undefined) this.#timers.push(setTimeout(force, graceMs));
  }

  /** Outlives its call: abort does not end it any more, and output goes elsewhere. */
  keep(onOutput: SpawnRequest['onOutput']): void {
    this.#isKept = true;
    this.#onOutput = onOutput;
  }

  async write(data: string | Uint8Array): Promise<void> {
    const { stdin } = this.#child;
    const isOpen = stdin?.writable === true && !this.#hasEnded;
    if (!isOpen)
      throw conflict`the process takes no input: it has ended, or was started without stdin`;
    await new Promise<void>((resolve) => stdin.write(data, () => resolve()));
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

/** What all processes of a machine share. */
export interface Shared {
  readonly leftovers: Leftovers;
  readonly inherited: Inherited;
  readonly keeper?: Keeper | undefined;
}

/** Starts what a plan says, and removes what it leaves. Throws `not_found` when there is no such program or folder. */
export async function startProcess(
  plan: SpawnPlan,
  request: SpawnRequest,
  { leftovers, inherited, keeper }: Shared,
): Promise<Omit<Process, 'id'>> {
  const { descriptors = [], cleanup = [] } = plan;
  using left = new DisposableStack();
  left.use(leftovers.add(cleanup));
  const covered = inherited.coveredFrom(3 + descriptors.length);
  const stdin = request.stdin === true ? 'pipe' : 'ignore';
  const links = await Promise.all(descriptors.map((one) => linkFor(one)));
  for (const link of links) left.defer(() => link?.destroy());
  const extra = links.map((link) => link ?? ('pipe' as const));
  let child: ChildProcess;
  try {
    // With so many descriptors libuv's child loses the pipe by which it tells that there is no such program.
    if (covered.length > 0) lookFor(plan);
    child = await spawned(plan, [stdin, 'pipe', 'pipe', ...extra, ...covered]);
  } catch (error) {
    throw startError(plan, error);
  }
  for (const link of links) link?.destroy(); // the program has its own
  feed(child, descriptors);
  if (keeper !== undefined) left.use(keeper.add(child.pid));
  const running = new RunningProcess(child, request);
  const owned = left.move();
  void running.exited.then(() => owned.dispose());
  return running;
}

async function spawned(
  { file, args, cwd, env }: SpawnPlan,
  stdio: StdioOptions,
): Promise<ChildProcess> {
  // Loaded when first used: a static import costs 4 ms at start.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(file, args, { cwd, env, detached: true, stdio });
  if (child.pid === undefined) throw await new Promise((resolve) => child.once('error', resolve));
  return child;
}

/** Throws ENOENT when there is no such folder, or the program is neither a file nor on the plan's PATH. */
function lookFor({ file, cwd, env }: SpawnPlan): void {
  const folders = file.includes('/') ? [cwd] : (env['PATH'] ?? '').split(':');
  const isThere =
    isFolder(cwd) && folders.some((folder) => existsSync(resolvePath(cwd, folder, file)));
  if (!isThere) throw Object.assign(new Error(file), { code: 'ENOENT' });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function startError({ file, cwd }: SpawnPlan, error: unknown): KernelError {
  if (!isFolder(cwd)) return notFound`cannot start ${file}: there is no folder ${cwd}`;
  const code = codeOf(error);
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  if (!isMissing) return invalid`cannot start ${file}: ${code || messageOf(error)}`;
  return notFound`cannot start ${file}: there is no such program, here or on PATH`;
}

const linkPrefix = 'unix:';

/** The connection that a descriptor of a plan asks for, once its greeting is sent. Throws `unreachable`. */
async function linkFor(descriptor: string): Promise<Socket | undefined> {
  if (!descriptor.startsWith(linkPrefix)) return undefined;
  const [path = ''] = descriptor.slice(linkPrefix.length).split('\n', 1);
  const greeting = descriptor.slice(linkPrefix.length + path.length + 1);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const link = process.getBuiltinModule('node:net').connect({ path });
  link.pause(); // what is answered is the program's to read
  link.on('error', (error) => {
    reject(new KernelError('unreachable', `cannot connect to ${path}: ${error.message}`));
  });
  link.write(greeting, () => resolve(link));
  await promise;
  blocking(link);
  return link;
}

/** A program that reads it waits for what comes, as it would on any other descriptor: Node's own sockets do not. */
function blocking(link: Socket): void {
  const { _handle: handle } = link as unknown as Handled; // no public name of Node reaches it
  handle?.setBlocking?.(true);
}

interface Handled {
  readonly _handle?: { readonly setBlocking?: (isBlocking: boolean) => number };
}

/** Gives the program what it reads on further descriptors. */
function feed(child: ChildProcess, descriptors: readonly string[]): void {
  for (const [index, data] of descriptors.entries()) {
    if (data.startsWith(linkPrefix)) continue;
    const pipe = child.stdio[index + 3];
    if (!pipe || !('end' in pipe)) continue;
    pipe.on('error', () => {}); // it ended before it read all: its exit code says why
    pipe.end(Buffer.from(data, 'base64'));
  }
}
