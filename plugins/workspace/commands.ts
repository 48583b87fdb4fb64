/** Commands: run to their end, with their output as it comes, input, and signals. */

import {
  type Argv,
  type Exit,
  invalid,
  type JsonSchema,
  newId,
  type RequestContext,
  type RequestHandler,
  type SandboxMode,
  type SpawnRequest,
} from '../../core/index.ts';
import { flag, number, type Params, request, text, texts } from './request.ts';
import {
  type Confinement,
  type Piece,
  type Running,
  RunningCommands,
  type Size,
} from './running.ts';
import type { ShellNotes } from './shell-notes.ts';
import { dataFrame, endFrame, inTerminal, resizeTerminal } from './terminal.ts';

interface Means {
  readonly confinement: Confinement | undefined;
  readonly notes: ShellNotes;
}

const defaultCap = 1024 * 1024;
const defaultTimeoutMs = 600_000;
/** What timers take. */
const maxTimeoutMs = 2 ** 31 - 1;

const executed: Readonly<Record<string, JsonSchema>> = {
  command: texts,
  processId: text,
  folder: text,
  env: { type: 'object' },
  size: { type: 'object' },
  tty: flag,
  timeoutMs: number,
  outputBytesCap: number,
  streamStdin: flag,
  streamStdoutStderr: flag,
};

/**
 * `command/exec` answers when the command has ended: `{exitCode, stdout, stderr}`. Of one with a `processId`,
 * `command/exec/output` gives what came since it was asked last, and waits for it: `{pieces, isOver}`; `command/exec/write`
 * and `terminate` reach it. `command/shell` runs a line of the user's in a thread's folder and lets its model know of it.
 */
export function commandRequests(means: Means): readonly RequestHandler[] {
  const running = new RunningCommands();
  const find = (params: Params, { client }: RequestContext) =>
    running.get(client.name, params.text('processId'));
  return [
    request('command/exec', executed, (params, context) =>
      execute({ params, context, running, means }),
    ),

    request('command/exec/output', { processId: text }, async (params, context) => {
      const { pieces, isOver } = await find(params, context).output.take(context.signal);
      return { pieces: pieces.map(pieceOf), isOver };
    }),

    request(
      'command/exec/write',
      { processId: text, deltaBase64: text },
      async (params, context) => {
        const { started, isTerminal } = find(params, context);
        const process = await started;
        const given = params.maybeText('deltaBase64');
        const data = Buffer.from(given ?? '', 'base64');
        if (given !== undefined) await process.write(isTerminal ? dataFrame(data) : data);
        if (!params.flag('closeStdin')) return {};
        if (isTerminal) await process.write(endFrame);
        else process.end();
        return {};
      },
    ),

    request(
      'command/exec/resize',
      { processId: text, size: { type: 'object' } },
      async (params, context) => {
        const { started, isTerminal } = find(params, context);
        if (!isTerminal) throw invalid`it has no terminal: start it with "tty"`;
        await resizeTerminal(await started, sizeOf(params));
        return {};
      },
    ),

    request('command/exec/terminate', { processId: text }, async (params, context) => {
      (await find(params, context).started).kill();
      return {};
    }),

    shellRequest(means.notes, running),
  ];
}

const pieceOf = ({ stream, bytes, isLast }: Piece) => {
  return { stream, dataBase64: Buffer.from(bytes).toString('base64'), isLast };
};

interface Execution {
  readonly params: Params;
  readonly context: RequestContext;
  readonly running: RunningCommands;
  readonly means: Means;
}

async function execute({ params, context, running, means }: Execution): Promise<object> {
  checkWishes(params, means.confinement);
  const { client, effects } = context;
  using own = running.add(client.name, params.maybeText('processId') ?? newId(), {
    isTerminal: params.flag('tty'),
  });
  const isStreamed = params.flag('streamStdoutStderr') || params.flag('tty');
  const cap = params.flag('disableOutputCap')
    ? Infinity
    : (params.number('outputBytesCap') ?? defaultCap);
  const output = new CappedOutput(cap, isStreamed ? own : undefined);
  const asked = spawnOf(params);
  const child = await effects.spawn({
    ...asked,
    onOutput: (chunk, stream) => output.add(chunk, stream),
  });
  own.begin(child);
  const exit = await child.exited;
  return { exitCode: exitCodeOf(exit), ...output.texts() };
}

/** What cannot be had is refused, not left out: a client that asks for less than there is relies on it. */
function checkWishes(params: Params, confinement: Confinement | undefined): void {
  const needsName = ['tty', 'streamStdin', 'streamStdoutStderr'].find((name) => params.flag(name));
  if (needsName !== undefined && params.maybeText('processId') === undefined)
    throw invalid`expected a "processId" with "${needsName}"`;
  const wish = wishOf(params);
  if (wish === undefined || confinement === undefined) return;
  if (order.indexOf(wish) < order.indexOf(confinement.sandbox))
    throw invalid`commands outside threads run as ${confinement.sandbox} here, and ${wish} is narrower: start the server with --sandbox ${wish}`;
}

const order: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
const wishes: Readonly<Record<string, SandboxMode>> = {
  readOnly: 'read-only',
  workspaceWrite: 'workspace-write',
  ':read-only': 'read-only',
  ':workspace': 'workspace-write',
};

function wishOf(params: Params): SandboxMode | undefined {
  const type = params.object('sandboxPolicy')?.['type'] ?? params.maybeText('permissionProfile');
  return typeof type === 'string' ? wishes[type] : undefined;
}

function spawnOf(params: Params): SpawnRequest {
  const { env, unset } = environmentOf(params.object('env') ?? {});
  const plain = [...unset, ...params.texts('command')] as unknown as Argv; // at least one
  const argv = params.flag('tty') ? inTerminal(plain, sizeOf(params)) : plain;
  const cwd = params.maybeText('folder');
  const timeoutMs = params.flag('disableTimeout')
    ? maxTimeoutMs
    : (params.number('timeoutMs') ?? defaultTimeoutMs);
  return {
    argv,
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdin: params.flag('streamStdin') || params.flag('tty'),
    timeoutMs: Math.min(timeoutMs, maxTimeoutMs),
  };
}

/** Variables to set, and before the command what unsets others. */
function environmentOf(given: JsonSchema) {
  const entries = Object.entries(given);
  const set = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const gone = entries.filter(([, value]) => value === null).flatMap(([name]) => ['-u', name]);
  return { env: Object.fromEntries(set), unset: gone.length === 0 ? [] : ['env', ...gone] };
}

/** As shells have it: 128 and the signal's number, 124 for a time limit. */
function exitCodeOf({ code, signal, timedOut }: Exit): number {
  if (timedOut) return 124;
  if (code !== null) return code;
  return 128 + (signals[signal ?? ''] ?? 0);
}

const signals: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

function sizeOf(params: Params): Size {
  const { rows, cols } = params.object('size') ?? {};
  return typeof rows === 'number' && typeof cols === 'number' ? { rows, cols } : usualSize;
}

const usualSize: Size = { rows: 24, cols: 80 };

/** Output up to a number of bytes for each stream: kept, or handed on. */
class CappedOutput {
  readonly #cap: number;
  readonly #to: Running | undefined;
  readonly #kept = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  readonly #bytes = { stdout: 0, stderr: 0 };

  constructor(cap: number, to: Running | undefined) {
    this.#cap = cap;
    this.#to = to;
  }

  add(chunk: Uint8Array, stream: 'stdout' | 'stderr'): void {
    const room = this.#cap - this.#bytes[stream];
    if (room <= 0) return;
    const bytes = chunk.subarray(0, room);
    this.#bytes[stream] += bytes.length;
    const isLast = chunk.length > room;
    if (this.#to === undefined) this.#kept[stream].push(bytes);
    else this.#to.output.push({ stream, bytes, isLast });
  }

  texts() {
    const { stdout, stderr } = this.#kept;
    return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
  }
}

const shellTimeoutMs = 3_600_000;

function shellRequest(notes: ShellNotes, running: RunningCommands): RequestHandler {
  const properties = {
    thread: text,
    command: text,
    folder: text,
    processId: text,
    timeoutMs: number,
  };
  return request('command/shell', properties, async (params, { client, effects }) => {
    const command = params.text('command');
    const cwd = params.maybeText('folder');
    using own = running.add(client.name, params.text('processId'));
    let said = '';
    const decoder = new TextDecoder();
    const child = await effects.spawn({
      argv: ['bash', '-c', command],
      ...(cwd === undefined ? {} : { cwd }),
      timeoutMs: params.number('timeoutMs') ?? shellTimeoutMs,
      onOutput: (bytes, stream) => {
        if (said.length < defaultCap) said += decoder.decode(bytes, { stream: true });
        own.output.push({ stream, bytes, isLast: false });
      },
    });
    own.begin(child);
    const exit = await child.exited;
    const exitCode = exitCodeOf(exit);
    notes.add(params.text('thread'), { command, output: said, exitCode });
    return { exitCode, output: said, durationMs: Math.round(exit.durationMs) };
  });
}
