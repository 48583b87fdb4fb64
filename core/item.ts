/**
 * What a thread is made of. A thread is an append-only list of items; each item is plain data, one JSON line on disk.
 * The order of this file is the order in which a turn writes them.
 */

/** A piece of what users, models and tools say, in MCP's words (spec 2025-11-25, "Content"). `data` and `blob` are base64. */
export type Content =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly data: string; readonly mimeType: string }
  | { readonly type: 'audio'; readonly data: string; readonly mimeType: string }
  | { readonly type: 'resource'; readonly resource: Resource }
  | {
      readonly type: 'resource_link';
      readonly uri: string;
      readonly name: string;
      readonly mimeType?: string;
    };

/** An embedded MCP resource: text or base64 bytes under a URI. */
export interface Resource {
  readonly uri: string;
  readonly mimeType?: string;
  readonly text?: string;
  readonly blob?: string;
}

/** A tool as a model is told of it: MCP's `name`, `description` and JSON Schema of the arguments. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
}

/** A JSON Schema (2020-12) as plain data. */
export type JsonSchema = { readonly [key: string]: unknown };

/** What commands may do. `danger-full-access` is the only mode that runs without a sandbox. */
export type SandboxMode = 'read-only' | 'workspace-write' | 'danger-full-access';

/** When people are asked: for all but known reads, for leaving the sandbox, or never (what would need a yes is refused). */
export type ApprovalMode = 'untrusted' | 'on-request' | 'never';

/** A thread's settings: one frozen value per turn. An override sticks and is appended as an item. Paths are absolute. */
export interface Settings {
  readonly cwd: string;
  /** Folders in which files may be written, the workspace first. */
  readonly roots: readonly string[];
  /** A name in the `models` slot. */
  readonly provider: string;
  /** The provider's own name of the model; absent: the provider's default. */
  readonly model?: string;
  readonly effort?: string;
  readonly sandbox: SandboxMode;
  readonly approval: ApprovalMode;
  /** Whether confined commands may use the network. */
  readonly network: boolean;
  /** The user's own instructions, added to the system text. */
  readonly instructions?: string;
  /** The subset of tools that the model is offered; absent: all. */
  readonly tools?: readonly string[];
  /** Tools whose `run` is the question `tool/call`, answered by a client. */
  readonly clientTools?: readonly ToolDefinition[];
}

/** Bounds of one turn; whichever is reached first ends it with status `limit`. */
export interface Limits {
  /** Model calls. */
  readonly steps?: number;
  readonly timeoutMs?: number;
  /** Input and output tokens, summed over all steps. */
  readonly tokens?: number;
}

/** Who causes an effect. `name` is the tool, plugin, server, agent, client or hook. */
export interface Origin {
  readonly kind: 'tool' | 'plugin' | 'mcp' | 'agent' | 'client' | 'hook';
  readonly name: string;
}

/** How often a prompt source is asked: once per thread, each turn, each step. */
export type Stability = 'fixed' | 'thread' | 'turn';

/** Opaque provider data (encrypted reasoning, say) that only the provider which made it can use again. */
export interface Opaque {
  readonly provider: string;
  readonly data: unknown;
}

/** Token counts of one model call as the provider reports them; `cached` is part of `input`, `reasoning` part of `output`. */
export interface Usage {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
}

/** Why a turn ended. */
export type TurnStatus = 'completed' | 'interrupted' | 'failed' | 'limit';

/** An error as plain data: a public code (docs/errors.md), the message, and the plugin that caused it. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly plugin?: string;
}

/** The first item of every thread. `version` is the format's; a newer one than ours is refused. */
export interface ThreadItem {
  readonly type: 'thread';
  readonly version: number;
  readonly id: string;
  readonly settings: Settings;
  /** The thread (and call) that started this one as its sub-agent. */
  readonly parent?: { readonly thread: string; readonly call?: string };
  /** The thread this one was copied from, and the ordinal of the last item copied. */
  readonly fork?: { readonly thread: string; readonly after: number };
}

export interface MetaItem {
  readonly type: 'meta';
  readonly name?: string;
  readonly archived?: boolean;
}

export interface SettingsItem {
  readonly type: 'settings';
  readonly changes: Partial<Settings>;
}

export interface TurnItem {
  readonly type: 'turn';
  readonly id: string;
  readonly limits?: Limits;
  readonly outputSchema?: JsonSchema;
}

/** The tools the model is offered, fixed for the thread until its window moves. */
export interface ToolsItem {
  readonly type: 'tools';
  readonly tools: readonly ToolDefinition[];
  readonly hash: string;
}

/** Text that a prompt source appended. `source` names where it is from: a file and line, a plugin, a server. */
export interface FragmentItem {
  readonly type: 'fragment';
  readonly plugin: string;
  readonly source: string;
  readonly stability: Stability;
  /** `system` fragments come before everything else, and only a thread's first step can add them. */
  readonly role: 'system' | 'developer' | 'user';
  readonly text: string;
  /** SHA-256 of the text, the first 16 hex digits. */
  readonly hash: string;
  /** Never lost to compaction. */
  readonly pinned: boolean;
}

/** Items of earlier turns that a prompt source keeps in the window, as inclusive ranges of ordinals. */
export interface RefsItem {
  readonly type: 'refs';
  readonly plugin: string;
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** What the user said: `start` began the turn, `steer` came while it ran, `queue` waited for its end. */
export interface UserItem {
  readonly type: 'user';
  readonly content: readonly Content[];
  readonly how: 'start' | 'steer' | 'queue';
  /** The client's own id for this input, given back so that it can tell it from others'. */
  readonly clientId?: string;
}

export interface ReasoningItem {
  readonly type: 'reasoning';
  readonly id: string;
  readonly summary: readonly string[];
  readonly text?: string;
  readonly opaque?: Opaque;
}

/** Text of the model. `cut`: the user interrupted it here. */
export interface AssistantItem {
  readonly type: 'assistant';
  readonly id: string;
  readonly text: string;
  readonly phase?: 'commentary' | 'final';
  readonly cut?: true;
}

/** A call the model asks for. `args` is the JSON text exactly as the model wrote it. `call` is unique in the thread. */
export interface CallItem {
  readonly type: 'call';
  readonly id: string;
  readonly call: string;
  readonly name: string;
  readonly args: string;
}

/** Something the provider ran itself, such as a web search; `opaque` is sent back to it. */
export interface HostedItem {
  readonly type: 'hosted';
  readonly id: string;
  readonly name: string;
  readonly summary: string;
  readonly opaque: Opaque;
}

/** The one result of a call. `detail` is for front ends (exit code, diff) and never shown to the model. */
export interface ResultItem {
  readonly type: 'result';
  readonly call: string;
  readonly name: string;
  readonly content: readonly Content[];
  readonly isError: boolean;
  readonly detail?: JsonSchema;
  /** The whole text, when `content` was cut to the cap: its blob and its size in bytes. */
  readonly full?: { readonly blob: string; readonly bytes: number };
  readonly durationMs: number;
}

/** The end of one model call. `estimate` is what the kernel had reckoned the input to be, in tokens. */
export interface StepItem {
  readonly type: 'step';
  readonly provider: string;
  readonly model: string;
  readonly usage?: Usage;
  readonly estimate: number;
  readonly stop: 'end' | 'length' | 'filter';
  readonly durationMs: number;
}

/** Text that had been shown and does not count: its answer was cut off, or retried. */
export interface DiscardedItem {
  readonly type: 'discarded';
  readonly id: string;
  readonly reason: string;
}

/** What the gate decided about one effect: who, what, verdict, rule, layer and file. Written before the effect happens. */
export interface DecisionItem {
  readonly type: 'decision';
  readonly id: string;
  readonly origin: Origin;
  readonly call?: string;
  /** The effect as plain data, without payloads. */
  readonly effect: { readonly kind: string; readonly [key: string]: unknown };
  readonly verdict: 'allow' | 'deny';
  readonly reason: string;
  readonly rule: string;
  readonly policy: string;
  readonly layer?: string;
  readonly file?: string;
  /** Who answered when it was asked: a client's name, or `nobody`. */
  readonly by?: string;
}

/** Something asked of a person or a client program. */
export interface QuestionItem {
  readonly type: 'question';
  readonly id: string;
  readonly call?: string;
  readonly question: Question;
}

/** What can be asked. `approval`: may this effect happen. `input`: a form for a person. `tool`: run a client's tool. */
export type Question =
  | {
      readonly kind: 'approval/ask';
      readonly effect: DecisionItem['effect'];
      readonly origin: Origin;
      readonly reason: string;
      readonly rule: string;
      /** A rule that would allow this and its like from now on, when one is safe to offer. */
      readonly proposal?: JsonSchema;
    }
  | {
      readonly kind: 'input/ask';
      readonly message: string;
      readonly schema: JsonSchema;
      readonly from: string;
    }
  | { readonly kind: 'tool/call'; readonly name: string; readonly args: unknown };

/** What a question may be answered with. `decision` is for approvals, `value` for the rest; absent `value` declines. */
export interface Answer {
  readonly decision?: 'once' | 'thread' | 'project' | 'deny' | 'stop';
  readonly remark?: string;
  readonly value?: unknown;
}

/** The end of a question. `by` is the client that answered first, `nobody`, or `closed` (the turn or process ended). */
export interface AnswerItem {
  readonly type: 'answer';
  readonly question: string;
  readonly answer: Answer;
  readonly by: string;
}

export interface NoticeItem {
  readonly type: 'notice';
  readonly level: 'info' | 'warning' | 'error';
  readonly plugin: string;
  readonly code: string;
  readonly message: string;
}

/**
 * The window moves. After a compaction it is `entries`; after a revert it is what it was at ordinal `to`. What is
 * appended later follows.
 */
export interface WindowItem {
  readonly type: 'window';
  readonly reason: 'compaction' | 'revert';
  /** The compactor, or the client that reverted. */
  readonly by: string;
  readonly entries?: readonly WindowEntry[];
  readonly to?: number;
  /** Estimated tokens before and after. */
  readonly before: number;
  readonly after: number;
}

/** An inclusive range of ordinals that stays, or a new fragment. */
export type WindowEntry =
  | { readonly keep: readonly [from: number, to: number] }
  | { readonly fragment: Omit<FragmentItem, 'type'> };

export interface EndItem {
  readonly type: 'end';
  readonly id: string;
  readonly status: TurnStatus;
  readonly limit?: keyof Limits;
  readonly error?: ErrorData;
  readonly durationMs: number;
}

/** Any item before it has its place. */
export type Body =
  | ThreadItem
  | MetaItem
  | SettingsItem
  | TurnItem
  | ToolsItem
  | FragmentItem
  | RefsItem
  | UserItem
  | ReasoningItem
  | AssistantItem
  | CallItem
  | HostedItem
  | ResultItem
  | StepItem
  | DiscardedItem
  | DecisionItem
  | QuestionItem
  | AnswerItem
  | NoticeItem
  | WindowItem
  | EndItem;

/** An item in its thread: ordinal `n` (0 is the `thread` item), time in ms since 1970, and the turn it belongs to. */
export type Item = Stamped<Body>;
export type Stamped<B> = B & { readonly n: number; readonly at: number; readonly turn?: string };

/** What the model can be shown. */
export type PartBody =
  | ToolsItem
  | FragmentItem
  | UserItem
  | ReasoningItem
  | AssistantItem
  | CallItem
  | HostedItem
  | ResultItem;
export type Part = Stamped<PartBody>;

/** What a model answers with. */
export type Output = ReasoningItem | AssistantItem | CallItem | HostedItem;

/** The format that this program writes; see docs/threads.md. */
export const threadVersion = 1;

const partTypes: ReadonlySet<string> = new Set<PartBody['type']>([
  'tools',
  'fragment',
  'user',
  'reasoning',
  'assistant',
  'call',
  'hosted',
  'result',
]);

/** Whether the model can be shown this item. */
export function isPart(item: Item): item is Part {
  return partTypes.has(item.type);
}

/** All text of some content, joined by line ends; what is not text is named in brackets. */
export function textOf(content: readonly Content[]): string {
  return content.map(textOfOne).join('\n');
}

function textOfOne(content: Content): string {
  switch (content.type) {
    case 'text':
      return content.text;
    case 'image':
    case 'audio':
      return `[${content.type} ${content.mimeType}]`;
    case 'resource':
      return content.resource.text ?? `[resource ${content.resource.uri}]`;
    case 'resource_link':
      return `[link ${content.uri}]`;
  }
}
