/** One server from its configuration to its end: started when needed, restarted when it crashes, gone with the kernel. */

import type { CallToolResult } from '@modelcontextprotocol/client';

import {
  aborted,
  type Confinement,
  type Host,
  invalid,
  messageOf,
  notFound,
  type SandboxMode,
  type ToolContext,
} from '../../core/index.ts';
import { ActiveCalls } from './active-calls.ts';
import { callTool, type WantedCall } from './call-tool.ts';
import { type Connection, type ConnectOptions, connect } from './connect.ts';
import { readOffer } from './offer.ts';
import { accept, compare } from './pins.ts';
import { type McpState, nothingRemembered, type Pin, type Remembered } from './remembered.ts';
import type { ServerConfig } from './server-config.ts';
import { spawnServer } from './spawn.ts';
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

const defaultStartMs = 30_000;
const defaultCallMs = 120_000;
/** Between a crash and the next start: doubled each time, and after this many in a row it stays down. */
const firstBackOffMs = 500;
const maxBackOffMs = 30_000;
const maxCrashes = 6;
/** A server that lived so long has not crashed in a row. */
const stableMs = 60_000;
/** For so long a server is taken to know no version from 2026 on. */
const legacyMs = 7 * 24 * 3600 * 1000;
const pingMs = 5000;

/** What a server's process runs in: how well it is confined, what it may write, whether it has the network. */
export interface ServerConfinement {
  readonly level: Confinement;
  readonly mode: SandboxMode;
  readonly network: boolean;
}

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
  remembered: Remembered;
  readonly #shared: Shared;
  readonly #signal: AbortSignal;
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
    this.#signal = AbortSignal.any([shared.host.signal, this.#end.signal]);
    this.remembered = shared.state.read(config.key) ?? nothingRemembered;
    this.why = config.fault;
  }

  get host(): Host {
    return this.#shared.host;
  }

  /** The version in use and what the server calls itself, while it runs. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** A pin by the tool's own name. */
  pin(tool: string): Pin | undefined {
    return this.remembered.tools.find(({ definition }) => definition.name === tool);
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
      this.#signal.throwIfAborted();
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
    const timeoutMs = config.startTimeout ?? defaultStartMs;
    const legacyAt = this.remembered.legacyAt ?? 0;
    const connection = await connect(config, {
      host,
      version,
      roots,
      auth,
      timeoutMs,
      calls: this.calls,
      signal: this.#signal,
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
    if (isLegacy && Date.now() - legacyAt >= legacyMs) this.#remember({ legacyAt: Date.now() });
    return connection;
  }

  #failed(error: unknown): void {
    const isEnded = this.#signal.aborted;
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
    if (this.#connection !== connection || this.#signal.aborted) return;
    this.#connection = undefined;
    if (Date.now() - this.#readyAt > stableMs) this.#crashes = 0;
    this.#failed(new Error(connection.story() || 'the connection was closed'));
    if (this.#crashes > maxCrashes) return;
    const { promise: done, resolve: wake } = Promise.withResolvers<void>();
    const timer = setTimeout(wake, this.#retryAt - Date.now());
    this.#restart = { timer, done, wake };
    void done.then(() => this.#startAgain());
  }

  #startAgain(): void {
    this.#restart = undefined;
    this.#retryAt = 0;
    if (!this.#signal.aborted) void this.ready().catch(() => {});
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
    const timeout = this.config.startTimeout ?? defaultStartMs;
    const { tools, ...offered } = await readOffer(client, { timeout, signal: this.#signal });
    const { pins, added, changed } = compare(this.remembered.tools, tools);
    const isFirst = this.remembered.tools.length === 0;
    this.#remember({ ...offered, tools: pins });
    this.#tell(isFirst ? [] : added, changed);
  }

  #tell(added: readonly string[], changed: readonly string[]): void {
    const { name } = this.config;
    if (added.length > 0) this.#shared.notice(`MCP server ${name} has new tools: ${listed(added)}`);
    if (changed.length === 0) return;
    this.#shared.notice(
      `MCP server ${name} describes ${listed(changed)} differently than before, so they are disabled: see "spindle mcp diff ${name}", then "spindle mcp accept ${name}"`,
    );
  }

  #remember(changes: Partial<Remembered>): void {
    const before = JSON.stringify(this.remembered);
    this.remembered = { ...this.remembered, ...changes };
    if (JSON.stringify(this.remembered) === before) return;
    try {
      this.#shared.state.write(this.config.key, this.remembered);
    } catch (error) {
      this.host.log(`what MCP server ${this.config.name} offers was not kept: ${messageOf(error)}`);
    }
    this.#shared.onChanged();
  }

  /** Accepts what has changed of these tools, or of all; gives the names. */
  accept(tools?: readonly string[]): readonly string[] {
    const isMeant = ({ changed, definition }: Pin) =>
      changed !== undefined && (tools?.includes(definition.name) ?? true);
    const names = this.remembered.tools.filter(isMeant).map(({ definition }) => definition.name);
    this.#remember({ tools: accept(this.remembered.tools, tools) });
    return names;
  }

  /**
   * Calls a tool by its own name. Throws when it is not the tool that was accepted, and what the server throws. Where a
   * server elsewhere has forgotten the connection, it is made anew once.
   */
  async call(
    tool: string,
    args: Record<string, unknown>,
    context: ToolContext,
  ): Promise<CallToolResult> {
    const connection = await this.ready(context.signal);
    try {
      return await this.#call(connection, { name: tool, args }, context);
    } catch (error) {
      const { SdkHttpError } = connection.sdk;
      const isForgotten = error instanceof SdkHttpError && error.status === 404;
      if (!isForgotten) throw error;
      if (this.#connection === connection) await this.stop();
      return this.#call(await this.ready(context.signal), { name: tool, args }, context);
    }
  }

  async #call(
    connection: Connection,
    wanted: Omit<WantedCall, 'task'>,
    context: ToolContext,
  ): Promise<CallToolResult> {
    const { name, timeout = defaultCallMs } = this.config;
    await this.#isListing;
    const { task } = this.#usable(wanted.name).definition;
    const what = `${wanted.name} of ${name}`;
    const active = this.calls.begin(context, { what, timeoutMs: timeout });
    try {
      return await callTool(connection, { ...wanted, task }, active);
    } catch (error) {
      if (active.isLate) void this.#ping(connection);
      if (active.isLate)
        throw invalid`${wanted.name} of MCP server ${name} took longer than its limit of ${timeout} ms and was cancelled`;
      if (active.signal.aborted) throw active.signal.reason;
      throw this.#connection === connection
        ? error
        : invalid`MCP server ${name} ended during the call: ${this.why ?? messageOf(error)}`;
    } finally {
      this.calls.end(active);
    }
  }

  #usable(tool: string): Pin {
    const { name } = this.config;
    const pin = this.pin(tool);
    if (pin === undefined || pin.isGone === true)
      throw notFound`MCP server ${name} has no tool ${tool}`;
    if (pin.changed === undefined) return pin;
    throw invalid`${tool} of MCP server ${name} is disabled: its description is another than the one that was accepted. A person has to look at it with "spindle mcp diff ${name}"`;
  }

  /** One that does not answer a ping either is started anew. */
  async #ping(connection: Connection): Promise<void> {
    const hangs = await connection.client.ping({ timeout: pingMs }).then(
      () => false,
      () => this.#connection === connection,
    );
    if (hangs) await connection.close().catch(() => {});
  }

  /** Ends it, if it runs; it is started again when it is needed. */
  async stop(): Promise<void> {
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
    if (this.#restart) clearTimeout(this.#restart.timer);
    this.#restart?.wake();
    await this.stop();
  }
}

function listed(names: readonly string[]): string {
  return names.map((one) => oneLine(one, 64)).join(', ');
}
