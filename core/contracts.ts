/**
 * What plugins contribute: one small interface for each slot, in the order of a turn. Arguments and results are plain
 * data, but for `signal`, `next`, callbacks and streams. Paths are absolute, sizes bytes, times milliseconds.
 */

import type {
  Appended,
  Content,
  FragmentItem,
  Item,
  JsonSchema,
  Origin,
  Output,
  Part,
  SandboxMode,
  Settings,
  Stability,
  ToolDefinition,
  TurnStatus,
  Usage,
  WindowEntry,
} from './item.ts';
import type { Client, Event } from './protocol.ts';

/** A process to start: program and arguments, no shell between. The kernel adds roots, network, sandbox. */
export type SpawnRequest = Readonly<{
  argv: readonly [string, ...string[]];
  cwd?: string;
  /** Added to the allowed environment. */
  env?: Readonly<Record<string, string>>;
  /** Whether `write` will be used; otherwise its input is at its end from the start. */
  stdin?: boolean;
  /** After this time its whole process group is killed. */
  timeoutMs?: number;
  /** Output in order of arrival; all of it comes before `exited` resolves. */
  onOutput?: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void;
  /** Ends the process group when aborted. */
  signal?: AbortSignal;
}>;

/** How a process ended: a code or a signal; `timedOut` when its time limit did it. */
export type Exit = Readonly<{
  code: number | null;
  signal: string | null;
  timedOut: boolean;
  durationMs: number;
}>;

/** A running process. It ends with its call, unless `keep` makes it its thread's: then with that. */
export interface Process {
  /** Names it in this thread, for `Effects.process`. */
  readonly id: string;
  readonly exited: Promise<Exit>;
  /** An effect of its own, judged like any other. */
  readonly write: (data: string | Uint8Array) => Promise<void>;
  readonly end: () => void;
  /** Ends the whole process group: SIGTERM, then SIGKILL a moment later, unless a signal is named. */
  readonly kill: (signal?: 'SIGINT' | 'SIGTERM' | 'SIGKILL') => void;
  readonly keep: (onOutput: SpawnRequest['onOutput']) => void;
}

export type FetchRequest = Readonly<{
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  signal?: AbortSignal;
  /** Time until the answer's headers. */
  timeoutMs?: number;
  /** Instead of the environment's `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`. */
  proxy?: string;
  /** PEM certificates trusted beside the system's. */
  ca?: string;
}>;

/** An HTTP answer; redirects are not followed. Header names are lower case. Its body is read once, either way. */
export type FetchAnswer = Readonly<{
  status: number;
  headers: Readonly<Record<string, string>>;
  body: AsyncIterable<Uint8Array>;
  text: () => Promise<string>;
}>;

/** What is at a path, and where that is once links are resolved. `mode`: permission bits. */
export type FileInfo = Readonly<{
  path: string;
  kind: 'file' | 'directory' | 'other';
  bytes: number;
  modifiedMs: number;
  mode: number;
}>;

/**
 * The only door to processes, files and network. Each effect is judged by the gate, leaves a decision record, and throws
 * `denied` when the verdict is no. Relative paths start at the thread's cwd; a missing one throws `not_found`. Links are
 * resolved before the gate judges, and what is opened is what was judged. `result:CALL` reads a call's whole result.
 */
export interface Effects {
  readonly spawn: (request: SpawnRequest) => Promise<Process>;
  /** A kept process of this thread. */
  readonly process: (id: string) => Process | undefined;
  readonly stat: (path: string) => Promise<FileInfo>;
  readonly list: (path: string) => Promise<readonly (FileInfo & { readonly name: string })[]>;
  /** The bytes from `start` up to `end`, by default all. */
  readonly read: (path: string, range?: { start: number; end: number }) => Promise<Uint8Array>;
  /** Makes missing folders; an existing file keeps its mode unless one is given. */
  readonly write: (
    path: string,
    data: string | Uint8Array,
    options?: { readonly mode?: number },
  ) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
  /** Throws `unreachable` when there is no answer. */
  readonly fetch: (url: string, request?: FetchRequest) => Promise<FetchAnswer>;
  /** Runs `run` if this call of something that acts elsewhere, such as an MCP server's tool, is allowed. */
  readonly call: <T>(what: CallEffect, run: () => Promise<T>) => Promise<T>;
}

/** `confined`: what the call runs in is itself in the sandbox. */
export type CallEffect = Readonly<{
  server: string;
  tool: string;
  args: unknown;
  confined: boolean;
}>;

/** How well what runs is confined. */
export type Confinement = 'full' | 'partial' | 'none';

type Owner = Readonly<{ origin: Origin; thread?: string; call?: string }>;

/** An effect as gate and policies see it. `inside`: the resolved path lies in the roots. */
export type EffectBody =
  | Readonly<{
      kind: 'spawn';
      argv: readonly string[];
      cwd: string;
      confined: Confinement;
      network: boolean;
    }>
  | Readonly<{ kind: 'input'; process: string; argv: readonly string[]; data: string }>
  | Readonly<{ kind: 'read'; path: string; inside: boolean }>
  | Readonly<{ kind: 'write'; path: string; inside: boolean; remove: boolean }>
  | Readonly<{ kind: 'fetch'; url: string; method: string }>
  | (Readonly<{ kind: 'call' }> & CallEffect);
export type Effect = EffectBody & Owner;

/** An effect on its way to the gate. A write without data removes. */
export type RequestBody =
  | Readonly<{ kind: 'spawn'; request: SpawnRequest }>
  | Readonly<{ kind: 'input'; process: string; data: string | Uint8Array }>
  | Readonly<{ kind: 'read'; path: string }>
  | Readonly<{ kind: 'write'; path: string; data?: string | Uint8Array; mode?: number }>
  | Readonly<{ kind: 'fetch'; url: string; request: FetchRequest }>
  | (Readonly<{ kind: 'call' }> & CallEffect);
export type EffectRequest = RequestBody & Owner & Readonly<{ settings: Settings }>;

/** Wraps every effect before the gate: it sees what passes, and may change it, but not into another kind. */
export type AroundEffect = <T>(
  what: EffectRequest,
  next: (what: EffectRequest) => Promise<T>,
) => Promise<T>;

/** What a model can do: the provider's name of it, tokens in its window and answer, accepted values of `effort`. */
export type Traits = Readonly<{
  model: string;
  window: number;
  output: number;
  images: boolean;
  tools: boolean;
  efforts: readonly string[];
}>;

/** A part of the window with its encoding, made once by `Model.encode`. */
export type EncodedPart = Readonly<{ part: Part; text: string }>;

/** One model call. `toolChoice` is `none` when it must answer in text while the tools stay in the prefix. */
export type ModelRequest = Readonly<{
  thread: string;
  settings: Settings;
  parts: readonly EncodedPart[];
  toolChoice: 'auto' | 'none';
  outputSchema?: JsonSchema;
}>;

/**
 * What a model answers, as it comes. A delta names the id of the output that will hold it (and, for `args`, the tool).
 * A stream without `done` was cut. `restart` comes from wrappers: what was shown does not count, the answer begins anew.
 */
export type ModelEvent =
  | Readonly<{
      type: 'delta';
      kind: 'text' | 'reasoning' | 'args';
      id: string;
      text: string;
      name?: string;
    }>
  | Readonly<{ type: 'output'; output: Output }>
  | Readonly<{ type: 'done'; stop: 'end' | 'length' | 'filter'; usage?: Usage; model?: string }>
  | Readonly<{ type: 'restart'; reason: string }>;

/** Tells people something, under the plugin's name. */
export type Notify = (level: 'info' | 'warning', message: string) => void;

export type ModelContext = Readonly<{ signal: AbortSignal; effects: Effects; notice: Notify }>;

export interface Model {
  /** The `provider` of the settings. */
  readonly name: string;
  /** Pure and cheap. Throws ModelError `model_config` when no model is named anywhere. */
  readonly traits: (settings: Settings) => Traits;
  /** A part as the provider's own text. Pure: the same part gives the same text on every machine. */
  readonly encode: (part: Part) => string;
  /** Throws ModelError; never tries again. Abort ends it at once. */
  readonly stream: (request: ModelRequest, context: ModelContext) => AsyncIterable<ModelEvent>;
}

export type AroundModel = (
  request: ModelRequest,
  context: ModelContext,
  next: (request: ModelRequest, context: ModelContext) => AsyncIterable<ModelEvent>,
) => AsyncIterable<ModelEvent>;

export type ToolCall = Readonly<{
  id: string;
  name: string;
  args: JsonSchema;
  thread: string;
  turn: string;
  settings: Settings;
}>;

/** `progress` shows output as it comes; it is not kept. The signal is aborted when the turn is interrupted. */
export type ToolContext = Readonly<{
  call: ToolCall;
  signal: AbortSignal;
  progress: (text: string) => void;
  client: Client;
  effects: Effects;
}>;

/** What a call gave. `detail` is for front ends; a `plan` in it is never lost to compaction. */
export type ToolResult = Readonly<{
  content: readonly Content[];
  isError?: boolean;
  detail?: JsonSchema;
}>;

/** MCP's (spec 2025-11-25): they order calls (neighbouring reads run in parallel), inform people, widen nothing. */
export type ToolAnnotations = Readonly<{
  title?: string;
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint?: boolean;
}>;

/** Arguments come checked against `inputSchema`. What `run` throws becomes an error result: its message. */
export type Tool = ToolDefinition &
  Readonly<{
    annotations?: ToolAnnotations;
    run: (args: JsonSchema, context: ToolContext) => Promise<ToolResult> | ToolResult;
  }>;

export type AroundTool = (
  call: ToolCall,
  context: ToolContext,
  next: (call: ToolCall) => Promise<ToolResult>,
) => Promise<ToolResult>;

/**
 * `since`: the items appended since this source was last read, or what of the thread survives after a compaction. `own`:
 * what it has in the window now.
 */
export type PromptContext = Readonly<{
  thread: string;
  settings: Settings;
  since: readonly Item[];
  own: readonly FragmentItem[];
  tools: readonly ToolDefinition[];
  signal: AbortSignal;
  effects: Effects;
  notice: Notify;
}>;

export interface PromptSource {
  readonly name: string;
  readonly stability: Stability;
  readonly read: (context: PromptContext) => readonly Appended[] | Promise<readonly Appended[]>;
}

/** What a sandbox can do on this machine, and why not more. */
export type SandboxProbe = Readonly<{ level: Confinement; reasons: readonly string[] }>;

export type SandboxRequest = Readonly<{
  argv: readonly [string, ...string[]];
  cwd: string;
  mode: SandboxMode;
  /** Writable folders. */
  roots: readonly string[];
  network: boolean;
  env: Readonly<Record<string, string>>;
}>;

/** What to start instead, as plain data. `descriptors`: bytes (base64) that it reads from 3 on. `cleanup`: paths. */
export type SpawnPlan = Readonly<{
  file: string;
  args: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  descriptors?: readonly string[];
  cleanup?: readonly string[];
}>;

export interface Sandbox {
  readonly name: string;
  /** Asked once per kernel, when first needed. */
  readonly probe: () => SandboxProbe | Promise<SandboxProbe>;
  readonly plan: (request: SandboxRequest) => SpawnPlan | Promise<SpawnPlan>;
}

/** `rule` as the user would write or recognise it, with its layer and file. `proposal`: a rule that allows its like. */
export type Verdict = Readonly<{
  verdict: 'allow' | 'ask' | 'deny';
  reason: string;
  rule: string;
  layer?: string;
  file?: string;
  proposal?: JsonSchema;
}>;

export interface Policy {
  readonly name: string;
  /** The strictest verdict of all wins; `undefined` has no opinion; what it throws denies. */
  readonly judge: (
    effect: Effect,
    settings: Settings,
  ) => Verdict | undefined | Promise<Verdict | undefined>;
  /** Told what was answered when its `ask` won, so that it can remember. */
  readonly answered?: (effect: Effect, how: 'thread' | 'project', proposal?: JsonSchema) => void;
}

/** `target`: tokens that the new window may have. `remark`: what the user wants kept. */
export type CompactionJob = Readonly<{
  thread: string;
  settings: Settings;
  reason: 'full' | 'asked' | 'refused';
  parts: readonly Readonly<{ part: Part; tokens: number; pinned: boolean }>[];
  target: number;
  remark?: string;
  signal: AbortSignal;
  /** Asks the thread's model with the same prefix and tools, tool choice none; gives its text. */
  ask: (input: string) => Promise<string>;
}>;

/** Gives the new window. One that drops a pin, splits a call from its result, or does not shrink is refused. */
export interface Compactor {
  readonly name: string;
  readonly compact: (
    job: CompactionJob,
    next: (job: CompactionJob) => Promise<readonly WindowEntry[]>,
  ) => Promise<readonly WindowEntry[]>;
}

/** A stored thread as lists show it; `preview` is the beginning of its first input. */
export type ThreadSummary = Readonly<{
  id: string;
  name?: string;
  cwd: string;
  createdMs: number;
  updatedMs: number;
  archived: boolean;
  preview: string;
  parent?: string;
  bytes: number;
}>;

/** `cursor` is the `next` of an earlier answer. */
export type ThreadQuery = Readonly<{
  cwd?: string;
  archived?: boolean;
  search?: string;
  parent?: string;
  limit?: number;
  cursor?: string;
}>;
export type ThreadList = Readonly<{ threads: readonly ThreadSummary[]; next?: string }>;

/** A thread open for writing, by this process alone; a torn last line has been dropped. */
export interface ThreadLog {
  readonly items: readonly Item[];
  /** Returns when the items would survive kill −9; with `durable`, also a power loss. */
  readonly append: (items: readonly Item[], durable: boolean) => void | Promise<void>;
  readonly close: () => void | Promise<void>;
}

export interface Store {
  readonly name: string;
  /** `create` makes a new thread, otherwise it must exist. Throws `conflict` when another process has it. */
  readonly open: (id: string, options: { create: boolean }) => ThreadLog | Promise<ThreadLog>;
  readonly read: (id: string) => readonly Item[] | Promise<readonly Item[]>;
  readonly list: (query: ThreadQuery) => ThreadList | Promise<ThreadList>;
  readonly remove: (id: string) => void | Promise<void>;
  readonly blobs: Blobs;
}

/** Bytes by the SHA-256 of their content. */
export interface Blobs {
  readonly put: (bytes: Uint8Array) => string | Promise<string>;
  readonly get: (hash: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** A macro over the protocol, typed by a user as `/name argument`. */
export interface Command {
  readonly name: string;
  readonly description: string;
  readonly run: (argument: string, client: Client) => Promise<void>;
}

export interface FrontEnd {
  readonly name: string;
  readonly description: string;
  /** Resolves to the exit code. Abort asks it to end soon; what it started is closed by the kernel. */
  readonly run: (client: Client, argv: readonly string[], signal: AbortSignal) => Promise<number>;
}

/** `effects` have the asking client as their origin, in this thread when one is named. */
export type RequestContext = Readonly<{
  client: Client;
  effects: (thread?: string) => Effects;
  signal: AbortSignal;
}>;

/** An extension of the protocol, reached by every front end as `name`, such as `mcp/status`. */
export interface RequestHandler {
  readonly name: string;
  readonly params: JsonSchema;
  readonly result: JsonSchema;
  readonly run: (params: unknown, context: RequestContext) => Promise<unknown>;
}

export type TurnContext = Readonly<{
  thread: string;
  turn: string;
  settings: Settings;
  input: readonly Content[];
  signal: AbortSignal;
  client: Client;
  effects: Effects;
}>;

/** `text`: what the model said last. */
export type TurnOutcome = Readonly<{ status: TurnStatus; text: string }>;

/** `next` may be called again, with further input: the turn then goes on. What it throws fails the turn. */
export type AroundTurn = (
  context: TurnContext,
  next: (input?: readonly Content[]) => Promise<TurnOutcome>,
) => Promise<TurnOutcome>;

/** Pure text to text, applied where text enters: append, delta, log. */
export type Redactor = (text: string) => string;

export type Observer = (event: Event) => void;
