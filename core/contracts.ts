/**
 * What plugins contribute: one small interface for each slot, in the order of a turn. Arguments and results are plain
 * data, but for `signal`, `next`, callbacks and streams. Paths are absolute, sizes bytes, times milliseconds.
 */

import type {
  Content,
  FragmentItem,
  Item,
  JsonSchema,
  Origin,
  Output,
  Part,
  Settings,
  Stability,
  ToolDefinition,
  TurnStatus,
  Usage,
  WindowEntry,
} from './item.ts';
import type { Client, Event } from './protocol.ts';

// ---- effects: the only door to processes, files and network

/** A process to start. The kernel adds what the thread's settings say of roots, network and sandbox. */
export interface SpawnRequest {
  /** Program and arguments; no shell is put between. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Added to the allowed environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether `write` will be used; otherwise its input is at its end from the start. */
  readonly stdin?: boolean;
  /** Killed with its whole process group after this time. */
  readonly timeoutMs?: number;
  /** Output in order of arrival; `stderr` has its own chunks. Not called after `exited` has resolved. */
  readonly onOutput?: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void;
  /** Ends the process group when aborted. */
  readonly signal?: AbortSignal;
}

/** A running process. It belongs to its call until `keep` makes it its thread's. */
export interface Process {
  /** Names it in this thread, for `Effects.process`. */
  readonly id: string;
  readonly exited: Promise<Exit>;
  /** An effect of its own, judged like any other. */
  readonly write: (data: string | Uint8Array) => Promise<void>;
  readonly end: () => void;
  /** Ends the whole process group: SIGTERM, SIGKILL a moment later, unless a signal is named. */
  readonly kill: (signal?: 'SIGINT' | 'SIGTERM' | 'SIGKILL') => void;
  /** From now on it lives until its thread closes; output goes to `onOutput`. */
  readonly keep: (onOutput: SpawnRequest['onOutput']) => void;
}

/** How a process ended: a code or a signal; `timedOut` when its time limit did it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
}

export interface FetchRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Time until the answer's headers. */
  readonly timeoutMs?: number;
  /** A proxy for this request instead of the environment's (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). */
  readonly proxy?: string;
  /** PEM certificates trusted beside the system's. */
  readonly ca?: string;
}

/** An HTTP answer. Header names are lower case. The body is read once, by `body` or by `text`. */
export interface FetchAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
  readonly text: () => Promise<string>;
}

/** What is at a path. */
export interface FileInfo {
  readonly kind: 'file' | 'directory' | 'other';
  readonly bytes: number;
  readonly modifiedMs: number;
  /** Permission bits. */
  readonly mode: number;
}

/**
 * The only door to processes, files and network. Each call is judged by the gate, leaves a decision record, and throws
 * KernelError `denied` when the verdict is no; `not_found` when a path does not exist. Relative paths are taken from
 * the thread's cwd. Links are resolved before the gate judges, and what is then opened is what was judged.
 */
export interface Effects {
  readonly spawn: (request: SpawnRequest) => Promise<Process>;
  /** A kept process of this thread. */
  readonly process: (id: string) => Process | undefined;
  readonly stat: (path: string) => Promise<FileInfo>;
  readonly list: (path: string) => Promise<readonly (FileInfo & { readonly name: string })[]>;
  /** The bytes from `start` up to `end`, by default all. */
  readonly read: (
    path: string,
    range?: { readonly start: number; readonly end: number },
  ) => Promise<Uint8Array>;
  /** Makes missing folders; an existing file keeps its mode unless one is given. */
  readonly write: (
    path: string,
    data: string | Uint8Array,
    options?: { readonly mode?: number },
  ) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
  readonly fetch: (url: string, request?: FetchRequest) => Promise<FetchAnswer>;
  /** Runs `run` if the gate allows this call of something that acts elsewhere, such as an MCP server's tool. */
  readonly call: <T>(what: CallEffect, run: () => Promise<T>) => Promise<T>;
}

/** A call of a tool that acts elsewhere. `confined`: what it runs in is itself in the sandbox. */
export interface CallEffect {
  readonly server: string;
  readonly tool: string;
  readonly args: unknown;
  readonly confined: boolean;
}

/** An effect as the gate and the policies see it. `inside`: the resolved path lies in the roots. */
export type Effect = {
  readonly origin: Origin;
  readonly thread?: string;
  readonly call?: string;
} & (
  | {
      readonly kind: 'spawn';
      readonly argv: readonly string[];
      readonly cwd: string;
      readonly confined: Confinement;
      readonly network: boolean;
    }
  | {
      readonly kind: 'input';
      readonly process: string;
      readonly argv: readonly string[];
      readonly data: string;
    }
  | { readonly kind: 'read'; readonly path: string; readonly inside: boolean }
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly inside: boolean;
      readonly remove: boolean;
    }
  | { readonly kind: 'fetch'; readonly url: string; readonly method: string }
  | ({ readonly kind: 'call' } & CallEffect)
);

/** How well what runs is confined. */
export type Confinement = 'full' | 'partial' | 'none';

// ---- models

/** What a model can do. Token counts; `efforts` are the accepted values of `Settings.effort`. */
export interface Traits {
  /** The provider's own name of the model. */
  readonly model: string;
  readonly window: number;
  readonly output: number;
  readonly images: boolean;
  readonly tools: boolean;
  readonly efforts: readonly string[];
}

/** One part of the window with its encoding, made once by `Model.encode`. */
export interface EncodedPart {
  readonly part: Part;
  readonly text: string;
}

/** One model call. */
export interface ModelRequest {
  readonly thread: string;
  readonly settings: Settings;
  readonly parts: readonly EncodedPart[];
  /** `none` when the model must answer in text (a summary, say) while tools stay in the prefix. */
  readonly toolChoice: 'auto' | 'none';
  readonly outputSchema?: JsonSchema;
}

/** What a model answers with, as it comes. A stream that ends without `done` was cut. */
export type ModelEvent =
  | {
      readonly type: 'delta';
      readonly kind: 'text' | 'reasoning' | 'args';
      /** The `id` of the output that will hold it. */
      readonly id: string;
      readonly text: string;
      /** For `args`: the tool's name. */
      readonly name?: string;
    }
  | { readonly type: 'output'; readonly output: Output }
  | {
      readonly type: 'done';
      readonly stop: 'end' | 'length' | 'filter';
      readonly usage?: Usage;
      readonly model?: string;
    }
  /** From a wrapper: what was shown so far does not count, the answer begins anew. */
  | { readonly type: 'restart'; readonly reason: string };

export interface ModelContext {
  readonly signal: AbortSignal;
  readonly effects: Effects;
  readonly notice: (level: 'info' | 'warning', message: string) => void;
}

export interface Model {
  /** Its name in the slot, the `provider` of the settings. */
  readonly name: string;
  /** Pure and cheap; throws ModelError `model_config` when no model is named anywhere. */
  readonly traits: (settings: Settings) => Traits;
  /** One part as the provider's own text. Pure: the same part gives the same text on every machine. */
  readonly encode: (part: Part) => string;
  /** Throws ModelError; never tries again. Abort ends it at once. */
  readonly stream: (request: ModelRequest, context: ModelContext) => AsyncIterable<ModelEvent>;
}

export type AroundModel = (
  request: ModelRequest,
  context: ModelContext,
  next: (request: ModelRequest, context: ModelContext) => AsyncIterable<ModelEvent>,
) => AsyncIterable<ModelEvent>;

// ---- tools

/** The call a tool answers. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly args: JsonSchema;
  readonly thread: string;
  readonly turn: string;
  readonly settings: Settings;
}

export interface ToolContext {
  readonly call: ToolCall;
  /** Aborted when the turn is interrupted. */
  readonly signal: AbortSignal;
  /** Shows output as it comes; it is not kept. */
  readonly progress: (text: string) => void;
  readonly client: Client;
  readonly effects: Effects;
}

/** What a call gave. `detail` is for front ends and never shown to the model. */
export interface ToolResult {
  readonly content: readonly Content[];
  readonly isError?: boolean;
  readonly detail?: JsonSchema;
}

/** MCP's tool annotations (spec 2025-11-25). They order calls and inform people; they never widen a policy. */
export interface ToolAnnotations {
  readonly title?: string;
  /** Neighbouring calls of such tools run in parallel. */
  readonly readOnlyHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly idempotentHint?: boolean;
  readonly openWorldHint?: boolean;
}

export interface Tool extends ToolDefinition {
  readonly annotations?: ToolAnnotations;
  /** Arguments have been checked against `inputSchema`. What it throws becomes an error result: the message only. */
  readonly run: (args: JsonSchema, context: ToolContext) => Promise<ToolResult> | ToolResult;
}

export type AroundTool = (
  call: ToolCall,
  context: ToolContext,
  next: (call: ToolCall) => Promise<ToolResult>,
) => Promise<ToolResult>;

// ---- prompt sources

/** What a source appends: a text, or references to items that stay in the window. */
export type Appended =
  | {
      readonly text: string;
      readonly role: FragmentItem['role'];
      /** Where it is from: a file (and line), a server, or the plugin itself. */
      readonly source: string;
      readonly pinned?: boolean;
    }
  | { readonly refs: readonly [from: number, to: number] };

export interface PromptContext {
  readonly thread: string;
  readonly settings: Settings;
  /** The items appended since this source was last read, or what of the thread survives after a compaction. */
  readonly since: readonly Item[];
  /** What this source has appended that is in the window now. */
  readonly own: readonly FragmentItem[];
  readonly tools: readonly ToolDefinition[];
  readonly signal: AbortSignal;
  readonly effects: Effects;
  readonly notice: (level: 'info' | 'warning', message: string) => void;
}

export interface PromptSource {
  readonly name: string;
  readonly stability: Stability;
  readonly read: (context: PromptContext) => readonly Appended[] | Promise<readonly Appended[]>;
}

// ---- sandboxes

/** What a sandbox can do on this machine, and why not more. */
export interface SandboxProbe {
  readonly level: Confinement;
  readonly reasons: readonly string[];
}

export interface SandboxRequest {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly mode: Settings['sandbox'];
  /** Writable folders. */
  readonly roots: readonly string[];
  readonly network: boolean;
  readonly env: Readonly<Record<string, string>>;
}

/** What to start instead: plain data, so that it can be shown, logged, compared and wrapped. */
export interface SpawnPlan {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Bytes that the program gets on further descriptors, from 3 on, base64. */
  readonly descriptors?: readonly string[];
  /** Paths removed when the process has ended. */
  readonly cleanup?: readonly string[];
}

export interface Sandbox {
  readonly name: string;
  /** Asked once per kernel, when first needed. */
  readonly probe: () => SandboxProbe | Promise<SandboxProbe>;
  readonly plan: (request: SandboxRequest) => SpawnPlan | Promise<SpawnPlan>;
}

// ---- policies

export interface Verdict {
  readonly verdict: 'allow' | 'ask' | 'deny';
  /** For people and the model. */
  readonly reason: string;
  /** The rule, as the user would write or recognise it. */
  readonly rule: string;
  /** The configuration layer and file that the rule is from. */
  readonly layer?: string;
  readonly file?: string;
  /** With `ask`: a rule that would allow it and its like, when one is safe to offer. */
  readonly proposal?: JsonSchema;
}

export interface Policy {
  readonly name: string;
  /** The strictest verdict of all policies wins; `undefined` has no opinion; what it throws denies. */
  readonly judge: (
    effect: Effect,
    settings: Settings,
  ) => Verdict | undefined | Promise<Verdict | undefined>;
  /** Told what was answered when its `ask` won, so that it can remember. */
  readonly answered?: (
    effect: Effect,
    answer: 'thread' | 'project',
    proposal: JsonSchema | undefined,
  ) => void;
}

// ---- compactors

export interface CompactionJob {
  readonly thread: string;
  readonly settings: Settings;
  readonly reason: 'full' | 'asked' | 'refused';
  /** The window now, in order, with the estimated tokens of each part. */
  readonly parts: readonly {
    readonly part: Part;
    readonly tokens: number;
    readonly pinned: boolean;
  }[];
  /** Estimated tokens that the new window may have. */
  readonly target: number;
  /** What the user wants kept, for a manual compaction. */
  readonly remark?: string;
  readonly signal: AbortSignal;
  /** Asks the thread's model with the same prefix and tools, tool choice none; gives its text. */
  readonly ask: (input: string) => Promise<string>;
}

/** Gives the new window. The kernel refuses one that drops a pin, splits a call from its result, or does not shrink. */
export interface Compactor {
  readonly name: string;
  readonly compact: (
    job: CompactionJob,
    next: (job: CompactionJob) => Promise<readonly WindowEntry[]>,
  ) => Promise<readonly WindowEntry[]>;
}

// ---- stores

/** A stored thread as lists show it. Times in ms since 1970. */
export interface ThreadSummary {
  readonly id: string;
  readonly name?: string;
  readonly cwd: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly archived: boolean;
  /** The first words of the first input. */
  readonly preview: string;
  readonly parent?: string;
  readonly bytes: number;
}

export interface ThreadQuery {
  readonly cwd?: string;
  readonly archived?: boolean;
  readonly search?: string;
  readonly parent?: string;
  readonly limit?: number;
  /** A `next` of an earlier answer. */
  readonly cursor?: string;
}

/** A thread open for writing, by this process alone. */
export interface ThreadLog {
  /** The items so far; a torn last line has been dropped. */
  readonly items: readonly Item[];
  /** Returns when the items would survive kill −9; with `durable`, also a power loss. */
  readonly append: (items: readonly Item[], durable: boolean) => void | Promise<void>;
  readonly close: () => void | Promise<void>;
}

export interface Store {
  readonly name: string;
  /** `create` makes a new thread; without it the thread must exist. Throws `conflict` when another process has it. */
  readonly open: (
    id: string,
    options: { readonly create: boolean },
  ) => ThreadLog | Promise<ThreadLog>;
  /** Items without opening for writing. */
  readonly read: (id: string) => readonly Item[] | Promise<readonly Item[]>;
  readonly list: (query: ThreadQuery) => ListedThreads | Promise<ListedThreads>;
  readonly remove: (id: string) => void | Promise<void>;
  readonly blobs: Blobs;
}

export interface ListedThreads {
  readonly threads: readonly ThreadSummary[];
  readonly next?: string;
}

/** Bytes by SHA-256 of their content. */
export interface Blobs {
  readonly put: (bytes: Uint8Array) => string | Promise<string>;
  readonly get: (hash: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

// ---- outward

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

/** An extension of the protocol, reached by every front end as `name`, such as `mcp/status`. */
export interface RequestHandler {
  readonly name: string;
  readonly params: JsonSchema;
  readonly result: JsonSchema;
  readonly run: (params: unknown, context: RequestContext) => Promise<unknown>;
}

export interface RequestContext {
  /** The client that asks; effects have it as their origin. */
  readonly client: Client;
  readonly effects: (thread?: string) => Effects;
  readonly signal: AbortSignal;
}

// ---- wrappers and listeners

export interface TurnContext {
  readonly thread: string;
  readonly turn: string;
  readonly settings: Settings;
  readonly input: readonly Content[];
  readonly signal: AbortSignal;
  readonly client: Client;
  readonly effects: Effects;
}

export interface TurnOutcome {
  readonly status: TurnStatus;
  /** The model's last text. */
  readonly text: string;
}

/** `next` may be called again with further input: the turn then goes on. What it throws fails the turn. */
export type AroundTurn = (
  context: TurnContext,
  next: (input?: readonly Content[]) => Promise<TurnOutcome>,
) => Promise<TurnOutcome>;

/** Wraps every effect before the gate; it may change `SpawnRequest`, or see what passes. */
export type AroundEffect = <T>(
  what: EffectRequest,
  next: (what: EffectRequest) => Promise<T>,
) => Promise<T>;

/** An effect on its way to the gate. */
export type EffectRequest = {
  readonly origin: Origin;
  readonly settings: Settings;
  readonly thread?: string;
  readonly call?: string;
} & (
  | { readonly kind: 'spawn'; readonly request: SpawnRequest }
  | { readonly kind: 'input'; readonly process: string; readonly data: string | Uint8Array }
  | { readonly kind: 'read'; readonly path: string }
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly data: string | Uint8Array | undefined;
      readonly mode?: number;
    }
  | { readonly kind: 'fetch'; readonly url: string; readonly request: FetchRequest }
  | ({ readonly kind: 'call' } & CallEffect)
);

/** Pure text to text, applied where text enters: append, delta, log. */
export type Redactor = (text: string) => string;

export type Observer = (event: Event) => void;
