/** JSON-RPC over the input and output of a process that the kernel's effects have started. */

import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/client';

import {
  conflict,
  type Exit,
  messageOf,
  type Process,
  type SpawnRequest,
} from '../../core/index.ts';
import { Lines, type LongLine } from './lines.ts';
import { oneLine } from './text.ts';

/** The longest line of a server, and how much of an endless one is borne. */
const maxLineBytes = 10 * 1024 * 1024;
const maxWasteBytes = 128 * 1024 * 1024;
/** Between the end of its input and SIGTERM; SIGKILL follows 300 ms later. */
const graceMs = 200;
const maxErrorText = 4000;

export interface StdioOptions {
  /** Starts the process with these handlers. */
  readonly spawn: (request: Pick<SpawnRequest, 'stdin' | 'onOutput'>) => Promise<Process>;
  /** Throws for what is no message. */
  readonly parse: (data: unknown) => JSONRPCMessage;
  /** What is odd and harmless, for the log. */
  readonly log: (message: string) => void;
}

/**
 * The client's transport over stdio. What is no message is logged and passed over; an answer over 10 MB fails the call
 * that it is for and nothing else. `stderr` and `pid` tell the SDK what kind of transport this is.
 */
export class StdioTransport implements Transport {
  readonly stderr = null;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: Transport['onmessage'];
  readonly #options: StdioOptions;
  readonly #pending = new Set<RequestId>();
  readonly #lines = new Lines(maxLineBytes, {
    onLine: (line) => this.#hear(line),
    onLong: (line, isWhole) => this.#failLong(line, isWhole),
  });
  #process: Process | undefined;
  #exit: Exit | undefined;
  #errorText = '';
  /** The call that the over-long line under way is for. */
  #blamed: RequestId | undefined;
  #noise: string | undefined;
  #noiseCount = 0;
  #isClosed = false;

  constructor(options: StdioOptions) {
    this.#options = options;
  }

  get pid(): number | null {
    return null;
  }

  /** Whether the process is gone. */
  get hasEnded(): boolean {
    return this.#exit !== undefined;
  }

  /** How the process ended, what it said last on stderr, and what it wrote to stdout that is no message. */
  story(): string {
    const exit = this.#exit;
    const ended =
      exit === undefined
        ? []
        : [
            exit.signal === null
              ? `it ended with exit code ${exit.code}`
              : `it was ended by ${exit.signal}`,
          ];
    const noise =
      this.#noise === undefined
        ? []
        : [
            `it writes to stdout what is no JSON-RPC message: "${this.#noise}" (its log belongs on stderr)`,
          ];
    const said = oneLine(this.#errorText.slice(-600), 600);
    return [...ended, ...noise, ...(said === '' ? [] : [`stderr: ${said}`])].join('; ');
  }

  async start(): Promise<void> {
    const child = await this.#options.spawn({
      stdin: true,
      onOutput: (chunk, stream) => {
        if (stream === 'stdout') this.#read(chunk);
        else
          this.#errorText = (this.#errorText + Buffer.from(chunk).toString()).slice(-maxErrorText);
      },
    });
    this.#process = child;
    void child.exited.then((exit) => this.#ended(exit));
  }

  #ended(exit: Exit): void {
    this.#exit = exit;
    this.#closed();
  }

  #read(chunk: Uint8Array): void {
    try {
      this.#lines.add(chunk);
    } catch (error) {
      this.onerror?.(new Error(messageOf(error), { cause: error }));
    }
  }

  #hear(line: string): void {
    if (line.trim() === '') return;
    let data: unknown;
    try {
      data = JSON.parse(line);
      for (const one of Array.isArray(data) ? data : [data])
        this.#deliver(this.#options.parse(one));
    } catch {
      this.#noise ??= oneLine(line, 120);
      if (this.#noiseCount++ < 5)
        this.#options.log(`no JSON-RPC message on its stdout: ${oneLine(line)}`);
    }
  }

  #deliver(message: JSONRPCMessage): void {
    if (!('method' in message) && message.id !== undefined) this.#pending.delete(message.id);
    this.onmessage?.(message);
  }

  /** The call is known by the id at either end of the line, or by being the only one. */
  #failLong({ head, tail, bytes }: LongLine, isWhole: boolean): void {
    const blamed = this.#blamed ?? this.#callOf(isWhole ? tail : '', head);
    const isNews = this.#blamed === undefined && blamed !== undefined;
    this.#blamed = isWhole ? undefined : blamed;
    const limit = `${maxLineBytes / 1024 / 1024} MB`;
    if (bytes > maxWasteBytes) this.#process?.kill();
    this.#options.log(`a line over ${limit} (${bytes} bytes so far) was dropped`);
    if (!isNews) return;
    const message = `its answer is over ${limit}, which is the most: ask for less`;
    this.#deliver({ jsonrpc: '2.0', id: blamed, error: { code: -32000, message } });
  }

  #callOf(...samples: readonly string[]): RequestId | undefined {
    const named = samples.map(idIn).find((id) => id !== undefined && this.#pending.has(id));
    const [only, ...others] = this.#pending;
    return named ?? (others.length === 0 ? only : undefined);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const child = this.#process;
    if (child === undefined || this.#isClosed)
      throw conflict`the server has ended: ${this.story()}`;
    if ('method' in message && 'id' in message) this.#pending.add(message.id);
    await child.write(`${JSON.stringify(message)}\n`);
  }

  /** Ends its input, then the process if that is not enough; resolves when it is gone. */
  async close(): Promise<void> {
    const child = this.#process;
    this.#closed();
    if (child === undefined) return;
    child.end();
    const timer = setTimeout(() => child.kill(), graceMs);
    await child.exited;
    clearTimeout(timer);
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onclose?.();
  }
}

function idIn(text: string): RequestId | undefined {
  const [, id] = /"id"\s*:\s*(\d+|"[^"]*")/u.exec(text) ?? [];
  return id === undefined ? undefined : (JSON.parse(id) as RequestId); // a number or a text, as matched
}
