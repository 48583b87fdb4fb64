/** One server from its configuration to its end: started when needed, restarted when it crashes, gone with the kernel. */

import type { CallToolResult } from '@modelcontextprotocol/client';

import {
  aborted,
  type Host,
  invalid,
  messageOf,
  type SandboxMode,
  type ToolContext,
} from '../../core/index.ts';
import { Accepted } from './accepted.ts';
import { ActiveCalls, type Spent } from './active-calls.ts';
import { callTool } from './call-tool.ts';
import {
  type Connection,
  type ConnectOptions,
  connect,
  inPlainWords,
  stillAnswers,
} from './connect.ts';
import { readOffer } from './offer.ts';
import type { McpState, Remembered } from './remembered.ts';
import { callLimitOf, type ServerConfig, startLimitOf } from './server-config.ts';
import { type ServerConfinement, spawnServer } from './spawn.ts';
import { orAborted } from './waiting.ts';
import { Watches } from './watches.ts';
import { oneLine } from './text.ts';

export type ServerState = 'configured' | 'starting' | 'ready' | 'failed';

/** What servers share. */
export interface Shared extends Pick<ConnectOptions, 'host' | 'version' | 'roots' | 'auth'> {
  readonly state: McpState;
  /** The sandbox mode that processes outside threads are started in. */
  readonly mode: SandboxMode;
  /** Told when what a server offers has changed. */
  readonly onChanged: () => void;
  readonly notice: (message: string) => void;
}

/** Between a crash and the next start: doubled each time, and after this many in a row it stays down. */
const firstBackOffMs = 500;
const maxBackOffMs = 30_000;
const maxCrashes = 6;
/** A server that lived so long has not crashed in a row. */
const stableMs = 60_000;
/** For so long a server is taken to know no version from 2026 on. */
const legacyMs = 7 * 24 * 3600 * 1000;
const pingMs = 5000;

/** What a tool is called with, and where what it has the model answer is counted. */
interface Asked {
  readonly args: Record<string, unknown>;
  readonly spent: Spent;
}

/** Started when it is needed, until it is disposed. */
export class McpServer implements AsyncDisposable {
  readonly config: ServerConfig;
  readonly calls = new ActiveCalls();
  readonly watches = new Watches();
  state: ServerState = 'configured';
  why: string | undefined;
  /** How long its last start took. */
  startMs: number | undefined;
  /** What holds its process; unknown for a remote one and before its first start. */
  confinement: ServerConfinement | undefined;
  readonly #accepted: Accepted;
  readonly #shared: Shared;
  readonly #end = new AbortController();
  #connection: Connection | undefined;
  #starting: Promise<Connection> | undefined;
  #restart:
    | { readonly timer: NodeJS.Timeout; readonly done: Promise<void>; readonly wake: () => void }
    | undefined;
  #crashes = 0;
  #readyAt = 0;
  #retryAt = 0;
  #isListing: Promise<void> | undefined;

  constructor(config: ServerConfig, shared: Shared) {
    this.config = config;
    this.#shared = shared;
    this.#accepted = new Accepted(config, shared);
    this.why = config.fault;
  }

  get host(): Host {
    return this.#shared.host;
  }

  /** The version in use and what the server calls itself, while it runs. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** What it offers, as it was accepted. */
  get remembered(): Remembered {
    return this.#accepted.now;
  }

  /**
   * The running server: starts it, or waits until it has started again. Throws why it does not; the signal ends the
   * waiting, not the start.
   */
  async ready(signal?: AbortSignal): Promise<Connection> {
    const { fault, name } = this.config;
    if (fault !== undefined) throw invalid`MCP server ${name} cannot be used: ${fault}`;
    if (this.#connection !== undefined) return this.#connection;
    const restart = this.#restart;
    if (restart !== undefined) await orAborted(restart.done, signal, name);
    const waitMs = this.#retryAt - Date.now();
    if (this.#starting === undefined && waitMs > 0)
      throw invalid`MCP server ${name} did not start: ${this.why} (tried again in ${Math.ceil(waitMs / 1000)} s)`;
    this.#starting ??= this.#start();
    return orAborted(this.#starting, signal, name);
  }

  async #start(): Promise<Connection> {
    const began = performance.now();
    this.state = 'starting';
    this.why = undefined;
    let connection: Connection | undefined;
    try {
      connection = await this.#connect();
      await this.#list(connection);
      this.#end.signal.throwIfAborted();
    } catch (error) {
      await connection?.close().catch(() => {});
      this.#starting = undefined;
      this.#failed(error);
      throw invalid`MCP server ${this.config.name} did not start: ${this.why}`;
    }
    this.#connection = connection;
    this.#starting = undefined;
    this.startMs = Math.round(performance.now() - began);
    this.state = 'ready';
    this.#readyAt = Date.now();
    const running = connection;
    running.onClose(() => this.#closed(running));
    this.host.log(`MCP server ${this.config.name} is ready`, { startMs: this.startMs });
    return connection;
  }

  async #connect(): Promise<Connection> {
    const { config } = this;
    const { host, version, roots, auth, mode } = this.#shared;
    const timeoutMs = startLimitOf(config);
    const legacyAt = this.remembered.legacyAt ?? 0;
    const connection = await connect(config, {
      host,
      version,
      roots,
      auth,
      timeoutMs,
      calls: this.calls,
      signal: this.#end.signal,
      spawn: async (server, request) => {
        const { process, confinement } = await spawnServer(host, server, request, mode);
        this.confinement = confinement;
        return process;
      },
      isLegacy: Date.now() - legacyAt < legacyMs,
      onListChanged: () => void this.#relist(),
      onResource: (uri) => {
        this.watches.updated.add(uri);
        host.log(`MCP server ${config.name}: a resource has changed: ${oneLine(uri)}`);
      },
      onLog: (message) => host.log(`MCP server ${config.name}: ${message}`),
    });
    const isLegacy = connection.client.getProtocolEra() === 'legacy';
    if (isLegacy && Date.now() - legacyAt >= legacyMs)
      this.#accepted.keep({ legacyAt: Date.now() });
    return connection;
  }

  #failed(error: unknown): void {
    const isEnded = this.#end.signal.aborted;
    this.state = isEnded ? 'configured' : 'failed';
    this.why = isEnded ? undefined : oneLine(messageOf(error), 1000);
    this.#retryAt = Date.now() + this.#backOff();
    if (!isEnded) this.host.log(`MCP server ${this.config.name} failed: ${this.why}`);
  }

  /** How long to wait now, longer each time. */
  #backOff(): number {
    return Math.min(maxBackOffMs, firstBackOffMs * 2 ** this.#crashes++);
  }

  /** It ended by itself: what was called has failed, and it is started again. */
  #closed(connection: Connection): void {
    if (this.#connection !== connection || this.#end.signal.aborted) return;
    this.#connection = undefined;
    if (Date.now() - this.#readyAt > stableMs) this.#crashes = 0;
    this.#failed(new Error(connection.story() || 'the connection was closed'));
    if (this.#crashes > maxCrashes) return;
    const { promise: done, resolve: wake } = Promise.withResolvers<void>();
    const timer = setTimeout(wake, this.#retryAt - Date.now());
    const restart = { timer, done, wake };
    this.#restart = restart;
    void done.then(() => this.#restart === restart && this.#startAgain());
  }

  #startAgain(): void {
    this.#restart = undefined;
    this.#retryAt = 0;
    void this.ready().catch(() => {});
  }

  async #relist(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#isListing ??= this.#list(connection)
      .catch((error: unknown) =>
        this.host.log(`MCP server ${this.config.name}: ${messageOf(error)}`),
      )
      .finally(() => (this.#isListing = undefined));
    await this.#isListing;
  }

  /** Reads what the server offers and compares it with what was accepted. */
  async #list({ client }: Connection): Promise<void> {
    const bounds = { timeout: startLimitOf(this.config), signal: this.#end.signal };
    this.#accepted.take(await readOffer(client, bounds));
  }

  /** Accepts what has changed of these tools, or of all; gives the names. */
  accept(tools?: readonly string[]): readonly string[] {
    return this.#accepted.accept(tools);
  }

  /**
   * Calls a tool by its own name. Throws when it is not the tool that was accepted, and what the server throws. Where a
   * server elsewhere has forgotten the connection, it is made anew once.
   */
  async call(tool: string, { args, spent }: Asked, context: ToolContext): Promise<CallToolResult> {
    const wanted = { name: tool, args, spent };
    const connection = await this.ready(context.signal);
    try {
      return await this.#call(connection, wanted, context);
    } catch (error) {
      const { SdkHttpError } = connection.sdk;
      const isForgotten = error instanceof SdkHttpError && error.status === 404;
      if (!isForgotten) throw inPlainWords(error, connection.sdk);
      if (this.#connection === connection) await this.stop();
      return this.#call(await this.ready(context.signal), wanted, context);
    }
  }

  async #call(
    connection: Connection,
    { name: tool, args, spent }: Asked & { readonly name: string },
    context: ToolContext,
  ): Promise<CallToolResult> {
    const { name } = this.config;
    const timeout = callLimitOf(this.config);
    await this.#isListing;
    const { task } = this.#accepted.usable(tool).definition;
    const what = `${tool} of ${name}`;
    const active = this.calls.begin(context, { what, timeoutMs: timeout, spent });
    try {
      return await callTool(connection, { name: tool, args, task }, active);
    } catch (error) {
      if (active.isLate) void this.#probe(connection);
      // It would go on asking, in the name of the next call.
      if (active.isRunaway && this.#connection === connection) void this.stop();
      if (active.isLate)
        throw invalid`${tool} of MCP server ${name} took longer than its limit of ${timeout} ms and was cancelled`;
      if (active.signal.aborted) throw active.signal.reason;
      throw this.#connection === connection
        ? error
        : invalid`MCP server ${name} ended during the call: ${this.why ?? messageOf(error)}`;
    } finally {
      this.calls.end(active);
    }
  }

  /** One that does not answer at all is started anew. */
  async #probe(connection: Connection): Promise<void> {
    const hangs = !(await stillAnswers(connection, pingMs));
    if (hangs && this.#connection === connection) await connection.close().catch(() => {});
  }

  /** Ends it, if it runs or is to be started again after a crash; it is started when it is needed. */
  async stop(): Promise<void> {
    const restart = this.#restart;
    this.#restart = undefined;
    clearTimeout(restart?.timer);
    restart?.wake();
    const connection = this.#connection ?? (await this.#starting?.catch(() => undefined));
    this.#connection = undefined;
    this.#crashes = 0;
    this.#retryAt = 0;
    this.state = 'configured';
    this.why = this.config.fault;
    await connection?.close().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(aborted`the kernel has been closed`);
    await this.stop();
  }
}
