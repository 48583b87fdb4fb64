/**
 * What plugins contribute: one small interface for each slot, in the order of a turn. Arguments and results are plain
 * data, but for `signal`, `next`, callbacks and streams. Paths are absolute, sizes bytes, times milliseconds.
 */

import type * as item from './item.ts';
import type { Client, Event } from './protocol.ts';

export type Maybe<T> = T | Promise<T>;
type Named = { readonly name: string };
export type Bytes = string | Uint8Array;
/** Environment variables, or HTTP headers (names in lower case). */
export type Strings = Readonly<Record<string, string>>;
/** A program and its arguments; no shell is put between. */
export type Argv = readonly [string, ...string[]];

/**
 * A process to start, under the settings' roots, network and sandbox. `env` is added to the allowed environment; without
 * `stdin` its input is at its end from the start. Its whole group is killed after `timeoutMs`, and when the signal (or the
 * turn's) aborts. `unconfined`: in no sandbox, and judged so. `server`: the MCP server that it is, the origin of its acts.
 */
export type SpawnRequest = Readonly<{ argv: Argv; cwd?: string; env?: Strings } & Spawning & As>;
type As = { unconfined?: boolean; server?: string };
type Spawning = { stdin?: boolean; timeoutMs?: number; signal?: AbortSignal; onOutput?: OnOutput };
/** Output in order of arrival; all of it comes before `exited` resolves. */
type OnOutput = (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void;

/** How a process ended: a code or a signal; `timedOut` when its time limit did it. */
export type Exit = Readonly<{ code: number | null; signal: string | null } & Duration>;
type Duration = { timedOut: boolean; durationMs: number };

/** A running process. It ends with its call, unless `keep` makes it its thread's: then with that. */
export interface Process {
  /** Names it in this thread, for `Effects.process`. */
  readonly id: string;
  readonly exited: Promise<Exit>;
  /** An effect of its own, judged like any other. */
  readonly write: (data: Bytes) => Promise<void>;
  readonly end: () => void;
  /** Ends the whole process group: SIGTERM, then SIGKILL a moment later, unless a signal is named. */
  readonly kill: (signal?: 'SIGINT' | 'SIGTERM' | 'SIGKILL') => void;
  readonly keep: (onOutput?: OnOutput) => void;
}

/**
 * A request over HTTP. `timeoutMs`: until the answer's headers. `proxy`: instead of the environment's `HTTPS_PROXY`,
 * `HTTP_PROXY`, `NO_PROXY`. `ca`: PEM certificates trusted beside the system's. CONNECT sends nothing: it is judged.
 */
export type FetchRequest = Readonly<{ method?: string; headers?: Strings; ca?: string } & Fetching>;
type Fetching = { body?: Bytes; signal?: AbortSignal; timeoutMs?: number; proxy?: string };

/** An HTTP answer; redirects are not followed. Its body is read once, either way. */
export type FetchAnswer = Readonly<{ status: number; headers: Strings } & FetchBody>;
type FetchBody = { body: AsyncIterable<Uint8Array>; text: () => Promise<string> };

/** What is at a path, and where that is once links are resolved. `mode`: permission bits. */
export type FileInfo = Readonly<{ path: string; kind: 'file' | 'directory' | 'other' } & FileStats>;
/** Bytes from `start` up to `end`. */
export type Bounds = Readonly<{ start: number; end: number }>;
type FileStats = { bytes: number; modifiedMs: number; mode: number };

/**
 * Carries out what the gate has let through. Paths come resolved, by its own `resolve`: without links; of what is
 * missing, the real path of its nearest folder and the rest. What it opens is what was judged, or it throws.
 */
export interface Machine extends Named {
  readonly resolve: (path: string, cwd: string) => string;
  readonly stat: (path: string) => Maybe<FileInfo>;
  readonly list: (path: string) => Maybe<readonly (FileInfo & Named)[]>;
  readonly read: (path: string, range?: Bounds) => Maybe<Uint8Array>;
  readonly write: (path: string, data: Bytes, mode?: number) => Maybe<void>;
  readonly remove: (path: string) => Maybe<void>;
  readonly fetch: (url: string, request: FetchRequest) => Promise<FetchAnswer>;
  /** In a group of its own, that ends with its leader. */
  readonly spawn: (plan: SpawnPlan, request: SpawnRequest) => Promise<Omit<Process, 'id'>>;
}

/**
 * The only door to processes, files and network. Each effect is judged by the gate, leaves a decision record, and throws
 * `denied` when the verdict is no. Relative paths start at the thread's cwd; a missing one throws `not_found`. Links are
 * resolved before the gate judges, and what is opened is what was judged. `result:CALL` reads a call's whole result.
 */
export interface Effects {
  readonly stat: (path: string) => Promise<FileInfo>;
  readonly list: (path: string) => Promise<readonly (FileInfo & Named)[]>;
  /** The bytes from `start` up to `end`, by default all. */
  readonly read: (path: string, range?: Bounds) => Promise<Uint8Array>;
  /** Makes missing folders; an existing file keeps its mode unless one is given. */
  readonly write: (path: string, data: Bytes, options?: { mode?: number }) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
  readonly spawn: (request: SpawnRequest) => Promise<Process>;
  /** A kept process of this thread. */
  readonly process: (id: string) => Process | undefined;
  /** Throws `unreachable` when there is no answer. */
  readonly fetch: (url: string, request?: FetchRequest) => Promise<FetchAnswer>;
  /** Runs `run` if this call of something that acts elsewhere, such as an MCP server's tool, is allowed. */
  readonly call: <T>(what: CallEffect, run: () => Promise<T>) => Promise<T>;
}

/** `confined`: what the call runs in is itself in the sandbox. */
export type CallEffect = Readonly<{ server: string; tool: string; args: unknown } & Place>;
type Place = { confined: boolean };
/** How well what runs is confined. */
export type Confinement = 'full' | 'partial' | 'none';
/** Who causes an effect, in which thread and call. */
export type Owner = Readonly<{ origin: item.Origin; thread?: string; call?: string }>;
type Where = { cwd: string; confined: Confinement; network: boolean };

/** An effect as gate and policies see it. `inside`: the resolved path lies in the roots. */
export type Effect = EffectBody & Owner;
export type EffectBody =
  | Readonly<{ kind: 'spawn'; argv: readonly string[] } & Where>
  | Readonly<{ kind: 'input'; process: string; argv: readonly string[]; data: string }>
  | Readonly<{ kind: 'read'; path: string; inside: boolean }>
  | Readonly<{ kind: 'write'; path: string; inside: boolean; remove: boolean }>
  | Readonly<{ kind: 'fetch'; url: string; method: string }>
  | Readonly<{ kind: 'call' } & CallEffect>;

/** An effect on its way to the gate. A write without data removes. */
export type EffectRequest = RequestBody & Owner & Readonly<{ settings: item.Settings }>;
export type RequestBody =
  | Readonly<{ kind: 'spawn'; request: SpawnRequest }>
  | Readonly<{ kind: 'input'; process: string; data: Bytes }>
  | Readonly<{ kind: 'read'; path: string }>
  | Readonly<{ kind: 'write'; path: string; data?: Bytes; mode?: number }>
  | Readonly<{ kind: 'fetch'; url: string; request: FetchRequest }>
  | Readonly<{ kind: 'call' } & CallEffect>;

/** Wraps every effect before the gate: it sees what passes, and may change it, but not into another kind. */
export type AroundEffect = <T>(what: EffectRequest, next: NextEffect<T>) => Promise<T>;
export type NextEffect<T> = (what: EffectRequest) => Promise<T>;

/** What a model can do: the provider's name of it, tokens in its window and answer, accepted values of `effort`. */
export type Traits = Readonly<{ model: string; window: number; output: number } & Abilities>;
type Abilities = { images: boolean; tools: boolean; efforts: readonly string[] };
/** A part of the window with its encoding, made once by `Model.encode`. */
export type EncodedPart = Readonly<{ part: item.Part; text: string }>;

/** One model call. `toolChoice` is `none` when it must answer in text while the tools stay in the prefix. */
export type ModelRequest = Readonly<{ thread: string; settings: item.Settings } & Prompt>;
type Prompt = { parts: readonly EncodedPart[]; toolChoice: 'auto' | 'none' } & Wish;
type Wish = { outputSchema?: item.JsonSchema };

/**
 * What a model answers, as it comes. A delta names the id of the output that will hold it (and, for `args`, the tool).
 * A stream without `done` was cut. `restart` comes from wrappers: what was shown does not count, the answer begins anew.
 */
export type ModelEvent =
  | Readonly<{ type: 'delta'; kind: DeltaKind; id: string; text: string; name?: string }>
  | Readonly<{ type: 'output'; output: item.Output }>
  | Readonly<{ type: 'done'; stop: item.Stop; usage?: item.Usage; model?: string }>
  | Readonly<{ type: 'restart'; reason: string }>;
type DeltaKind = 'text' | 'reasoning' | 'args';

/** Tells people something, under the plugin's name. */
export type Notify = (level: 'info' | 'warning', message: string) => void;
export type ModelContext = Readonly<{ signal: AbortSignal; effects: Effects; notice: Notify }>;
/** Effects have the asking client as their origin. */
export type RequestContext = Readonly<{ client: Client; effects: Effects; signal: AbortSignal }>;
/** What a plugin is lent within a turn. */
export type PluginContext = InThread & ModelContext & RequestContext;
/** A thread that plugins work in. The signal is aborted when the turn is interrupted. */
type InThread = Readonly<{ thread: string; settings: item.Settings; signal: AbortSignal }>;

/** Its name is the `provider` of the settings. */
export interface Model extends Named {
  /** Pure and cheap. Throws ModelError `model_config` when no model is named anywhere. */
  readonly traits: (settings: item.Settings) => Traits;
  /** A part as the provider's own text. Pure: the same part gives the same text on every machine. */
  readonly encode: (part: item.Part) => string;
  /** Throws ModelError; never tries again. Abort ends it at once. */
  readonly stream: StreamModel;
}
export type StreamModel = (request: ModelRequest, on: ModelContext) => AsyncIterable<ModelEvent>;
type ModelCall = [...Parameters<StreamModel>, next: StreamModel];
export type AroundModel = (...call: ModelCall) => ReturnType<StreamModel>;

export type ToolCall = Readonly<{ id: string; name: string; args: item.JsonSchema } & InTurn>;
type InTurn = { thread: string; turn: string; settings: item.Settings };

/** The signal is aborted when the turn is interrupted; the call has 400 ms then. What `progress` shows is not kept. */
export type ToolContext = RequestContext & Readonly<{ call: ToolCall; progress: Progress }>;
type Progress = (text: string) => void;

/** `detail` is for front ends; compaction keeps a `plan` in it, and its `tokens` (spent elsewhere) count for the turn. */
export type ToolResult = Readonly<{ content: readonly item.Content[]; isError?: boolean } & Detail>;
type Detail = { detail?: item.JsonSchema };
/** MCP's (spec 2025-11-25): they order calls (neighbouring reads run in parallel), inform people, widen nothing. */
export type ToolAnnotations = Readonly<{ title?: string } & Partial<Record<Hint, boolean>>>;
type Hint = 'readOnlyHint' | 'destructiveHint' | 'idempotentHint' | 'openWorldHint';

export interface Tool extends item.ToolDefinition {
  readonly annotations?: ToolAnnotations;
  /** Arguments come as a JSON object. What it throws becomes an error result: its message. */
  readonly run: (args: item.JsonSchema, context: ToolContext) => Maybe<ToolResult>;
}
export type AroundTool = (call: ToolCall, on: ToolContext, next: RunCall) => Promise<ToolResult>;
export type RunCall = (call: ToolCall) => Promise<ToolResult>;

/** What a prompt source adds: a text, or items that stay in the window. */
export type Appended = Readonly<Omit<item.Text, 'pinned'> & { pinned?: boolean }> | Refs;
type Refs = Readonly<{ refs: item.Range }>;

/**
 * `since`: the items appended since this source was last read, or what of the thread survives after a compaction. `own`:
 * what this source has in the window now. `tools`: what the model is offered.
 */
export type PromptContext = InThread &
  ModelContext &
  Readonly<{ since: readonly item.Item[] } & Has>;
type Has = { own: readonly item.FragmentItem[]; tools: readonly item.ToolDefinition[] };
export type PromptSource = Named & Readonly<{ stability: item.Stability; read: ReadPrompt }>;
type ReadPrompt = (context: PromptContext) => Maybe<readonly Appended[]>;

/** What a sandbox can do on this machine, and why not more. */
export type SandboxProbe = Readonly<{ level: Confinement; reasons: readonly string[] }>;
/** `roots`: the writable folders. */
export type SandboxRequest = Readonly<{ argv: Argv; cwd: string; env: Strings } & Reach>;
type Reach = { mode: item.SandboxMode; roots: readonly string[]; network: boolean };
/**
 * What to start instead. `cleanup`: paths; one ending in `/` is an empty folder that is made, and shared with others.
 * `descriptors`, from 3 on: bytes (base64) to read, or `unix:PATH\nTEXT`: a connection there, on which TEXT was sent.
 */
export type SpawnPlan = Readonly<{ file: string; args: readonly string[]; cwd: string } & Around>;
type Around = { env: Strings; descriptors?: readonly string[]; cleanup?: readonly string[] };
/** Probed once per kernel, when first needed. */
export type Sandbox = Named & Readonly<{ probe: () => Maybe<SandboxProbe>; plan: PlanSpawn }>;
export type PlanSpawn = (request: SandboxRequest) => Maybe<SpawnPlan>;

export type Verdict = Readonly<{ verdict: Strictness } & item.Grounds & item.Proposal>;
type Strictness = 'allow' | 'ask' | 'deny';
export type Policy = Named & Readonly<{ judge: Judge; answered?: Answered }>;
/** The strictest verdict of all wins; `undefined` has no opinion; what it throws denies. */
type Judge = (effect: Effect, settings: item.Settings) => Maybe<Verdict | undefined>;
/** Told what was answered when its `ask` won, so that it can remember. */
type Answered = (effect: Effect, how: 'thread' | 'project', on: item.Proposal) => void;

/**
 * `target`: tokens that the new window may have. `remark`: what the user wants kept. `ask` asks the thread's model with
 * the same prefix and tools, tool choice none; gives its text.
 */
export type CompactionJob = PluginContext &
  Readonly<{ reason: CompactionReason; parts: JobParts } & Aim>;
type CompactionReason = 'full' | 'asked' | 'refused';
type JobParts = readonly Readonly<{ part: item.Part; tokens: number; pinned: boolean }>[];
type Aim = { target: number; remark?: string; ask: (input: string) => Promise<string> };
/** Gives the new window. One that drops a pin, splits a call from its result, or does not shrink is refused. */
export interface Compactor extends Named {
  readonly compact: (job: CompactionJob, next: Compact) => Promise<readonly item.WindowEntry[]>;
}
type Compact = (job: CompactionJob) => Promise<readonly item.WindowEntry[]>;

/** A stored thread as lists show it; `preview` is the beginning of its first input. */
export type ThreadSummary = Readonly<{ id: string; name?: string; cwd: string } & Shown & Dates>;
type Shown = { archived: boolean; preview: string; parent?: string; bytes: number };
type Dates = { createdMs: number; updatedMs: number };
/** `cursor` is the `next` of an earlier answer. */
export type ThreadQuery = Readonly<{ cwd?: string; archived?: boolean; search?: string } & Page>;
type Page = { parent?: string; limit?: number; cursor?: string };
export type ThreadList = Readonly<{ threads: readonly ThreadSummary[]; next?: string }>;

/** A thread open for writing, by this process alone; a torn last line has been dropped. */
export type ThreadLog = Readonly<{ items: Items; append: Append; close: () => Maybe<void> }>;
/** Returns when the items would survive kill −9; with `durable`, also a power loss. */
type Append = (items: Items, durable: boolean) => Maybe<void>;
type Items = readonly item.Item[];
export interface Store extends Named {
  /** `create` makes a new thread, otherwise it must exist. Throws `conflict` when another process has it. */
  readonly open: (id: string, options: { create: boolean }) => Maybe<ThreadLog>;
  readonly read: (id: string) => Maybe<Items>;
  readonly list: (query: ThreadQuery) => Maybe<ThreadList>;
  readonly remove: (id: string) => Maybe<void>;
  readonly blobs: Blobs;
}
/** Bytes by the SHA-256 of their content. */
export type Blobs = Readonly<{ put: (bytes: Uint8Array) => Maybe<string>; get: GetBlob }>;
type GetBlob = (hash: string) => Maybe<Uint8Array | undefined>;

/** A macro over the protocol, typed by a user as `/name argument` in this thread; what it gives is told to them. */
export type Command = item.Described & Readonly<{ run: RunCommand }>;
type RunCommand = (argument: string, client: Client, thread: string) => Promise<string | void>;
export interface FrontEnd extends item.Described {
  /** Resolves to the exit code. Abort asks it to end soon; what it started is closed by the kernel. */
  readonly run: (client: Client, argv: readonly string[], signal: AbortSignal) => Promise<number>;
}
/** An extension of the protocol, reached by every front end as `name`, such as `mcp/status`. */
export type RequestHandler = Named & Readonly<{ params: item.JsonSchema } & Handling>;
type Handling = { result: item.JsonSchema; run: HandleRequest };
type HandleRequest = (params: unknown, context: RequestContext) => Promise<unknown>;

export type TurnContext = InThread & RequestContext & Readonly<{ turn: string; input: Said }>;
type Said = readonly item.Content[];
/** `text`: what the model said last. */
export type TurnOutcome = Readonly<{ status: item.TurnStatus; text: string }>;
/** `next` may be called again, with further input: the turn then goes on. What it throws fails the turn. */
export type AroundTurn = (context: TurnContext, next: RunTurn) => Promise<TurnOutcome>;
export type RunTurn = (input?: Said) => Promise<TurnOutcome>;

/** Pure text to text, applied where text enters: append, delta, log. */
export type Redactor = (text: string) => string;
export type Observer = (event: Event) => void;
