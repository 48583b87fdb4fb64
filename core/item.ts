/**
 * What a thread is made of: an append-only list of items. Each is plain data and one JSON line on disk; docs/threads.md
 * shows them all. Below they stand in the order in which a turn writes them. Times are ms, sizes bytes, paths absolute.
 */

/** A piece of what users, models and tools say, in MCP's words (spec 2025-11-25, "Content"). `data` is base64. */
export type Content =
  | Readonly<{ type: 'text'; text: string }>
  | Readonly<{ type: 'image' | 'audio'; data: string; mimeType: string }>
  | Readonly<{ type: 'resource'; resource: Resource }>
  | Readonly<{ type: 'resource_link'; uri: string; name: string; mimeType?: string }>;

/** An embedded MCP resource: text, or base64 bytes in `blob`. */
export type Resource = Readonly<{ uri: string; mimeType?: string; text?: string; blob?: string }>;

/** A JSON Schema (2020-12), or any JSON object, as plain data. */
export type JsonSchema = { readonly [key: string]: unknown };

/** A tool as a model is told of it: MCP's `name`, `description`, and JSON Schema of the arguments. */
export type ToolDefinition = Readonly<{
  name: string;
  description: string;
  inputSchema: JsonSchema;
}>;

/** A thread's settings: one frozen value per turn. An override sticks and is appended as an item. */
export type Settings = Readonly<{
  cwd: string;
  /** Folders in which files may be written, the workspace first. */
  roots: readonly string[];
  /** A name in the `models` slot, and the provider's own name of the model (absent: the provider's default). */
  provider: string;
  model?: string;
  effort?: string;
  /** What commands may do. `danger-full-access` alone runs without a sandbox. */
  sandbox: 'read-only' | 'workspace-write' | 'danger-full-access';
  /** When people are asked: for all but known reads, for leaving the sandbox, or never (what needs a yes is refused). */
  approval: 'untrusted' | 'on-request' | 'never';
  /** Whether confined commands may use the network. */
  network: boolean;
  /** The user's own instructions, added to the system text. */
  instructions?: string;
  /** The subset of tools that the model is offered; absent: all. */
  tools?: readonly string[];
  /** Tools whose `run` is the question `tool/call`, answered by a client. */
  clientTools?: readonly ToolDefinition[];
}>;
export type SandboxMode = Settings['sandbox'];
export type ApprovalMode = Settings['approval'];

/** Bounds of a turn: model calls, time, and tokens in and out over all steps. The first reached ends it (`limit`). */
export type Limits = Readonly<{ steps?: number; timeoutMs?: number; tokens?: number }>;

/** Who causes an effect; `name` is the tool's, plugin's, server's, agent's, client's or hook's. */
export type Origin = Readonly<{
  kind: 'tool' | 'plugin' | 'mcp' | 'agent' | 'client' | 'hook';
  name: string;
}>;

/** How often a prompt source is asked: once per thread, each turn, each step. */
export type Stability = 'fixed' | 'thread' | 'turn';

/** Data (encrypted reasoning, say) that only the provider which made it can use again. */
export type Opaque = Readonly<{ provider: string; data: unknown }>;

/** Tokens of one model call as the provider reports them; `cached` is part of `input`, `reasoning` of `output`. */
export type Usage = Readonly<{ input: number; cached: number; output: number; reasoning: number }>;

/** An error as plain data: a public code (docs/errors.md), the message, the plugin to blame. */
export type ErrorData = Readonly<{ code: string; message: string; plugin?: string }>;

/** The first item. `version` is the format's. `parent` started it as a sub-agent; `fork` says what it was copied from. */
export type ThreadItem = Readonly<{
  type: 'thread';
  version: number;
  id: string;
  settings: Settings;
  parent?: Readonly<{ thread: string; call?: string }>;
  fork?: Readonly<{ thread: string; after: number }>;
}>;
/** What lists show of a thread. */
export type MetaItem = Readonly<{ type: 'meta'; name?: string; archived?: boolean }>;
/** An override of settings. */
export type SettingsItem = Readonly<{ type: 'settings'; changes: Partial<Settings> }>;
/** A turn begins. */
export type TurnItem = Readonly<{
  type: 'turn';
  id: string;
  limits?: Limits;
  outputSchema?: JsonSchema;
}>;

/** The tools the model is offered: fixed for the thread until its window moves. */
export type ToolsItem = Readonly<{ type: 'tools'; tools: readonly ToolDefinition[]; hash: string }>;

/**
 * Text that a prompt source appended. `plugin` is the source's name, `source` where the text is from (file and line,
 * server). `system` text stands before everything else, so only a thread's first step adds it. A pinned fragment is
 * never lost to compaction. `hash`: SHA-256, first 16 hex digits.
 */
export type FragmentItem = Readonly<{
  type: 'fragment';
  plugin: string;
  source: string;
  stability: Stability;
  role: 'system' | 'developer' | 'user';
  text: string;
  hash: string;
  pinned: boolean;
}>;

/** An inclusive range of ordinals. */
export type Range = readonly [from: number, to: number];
/** Items of earlier turns that a prompt source keeps in the window. */
export type RefsItem = Readonly<{ type: 'refs'; plugin: string; ranges: readonly Range[] }>;

/** What a prompt source adds: a text, or items that stay in the window. */
export type Appended =
  | Readonly<{ text: string; role: FragmentItem['role']; source: string; pinned?: boolean }>
  | Readonly<{ refs: Range }>;

/** What the user said: it began the turn, came while one ran, or waited for its end. `clientId` is the client's own. */
export type UserItem = Readonly<{
  type: 'user';
  content: readonly Content[];
  how: 'start' | 'steer' | 'queue';
  clientId?: string;
}>;

export type ReasoningItem = Readonly<{
  type: 'reasoning';
  id: string;
  summary: readonly string[];
  text?: string;
  opaque?: Opaque;
}>;
/** Text of the model; `cut` where the user interrupted it. */
export type AssistantItem = Readonly<{
  type: 'assistant';
  id: string;
  text: string;
  phase?: 'commentary' | 'final';
  cut?: true;
}>;
/** A call the model asks for: `call` is unique in the thread, `args` the JSON text exactly as the model wrote it. */
export type CallItem = Readonly<{
  type: 'call';
  id: string;
  call: string;
  name: string;
  args: string;
}>;
/** Something the provider ran itself, such as a web search; `opaque` goes back to it. */
export type HostedItem = Readonly<{
  type: 'hosted';
  id: string;
  name: string;
  summary: string;
  opaque: Opaque;
}>;
/** What a model answers with. */
export type Output = ReasoningItem | AssistantItem | CallItem | HostedItem;

/** One model call has ended. `estimate`: the tokens that the kernel had reckoned its input to be. */
export type StepItem = Readonly<{
  type: 'step';
  provider: string;
  model: string;
  usage?: Usage;
  estimate: number;
  stop: 'end' | 'length' | 'filter';
  durationMs: number;
}>;
/** Text that was shown and does not count: its answer was cut off, or begun anew. */
export type DiscardedItem = Readonly<{ type: 'discarded'; id: string; reason: string }>;

/** An effect as records and questions show it: its kind and plain data, without payloads. */
export type EffectData = Readonly<{ kind: string; [key: string]: unknown }>;
/** What the gate decided, written before the effect happens. `by`: who was asked, `nobody` when nobody was there. */
export type DecisionItem = Readonly<{
  type: 'decision';
  id: string;
  origin: Origin;
  call?: string;
  effect: EffectData;
  verdict: 'allow' | 'deny';
  reason: string;
  rule: string;
  policy: string;
  layer?: string;
  file?: string;
  by?: string;
}>;

/** May this effect happen (`proposal`: a rule that would allow its like), a form for a person, a client's tool to run. */
export type Question =
  | Readonly<{
      kind: 'approval/ask';
      effect: EffectData;
      origin: Origin;
      reason: string;
      rule: string;
      proposal?: JsonSchema;
    }>
  | Readonly<{ kind: 'input/ask'; message: string; schema: JsonSchema; from: string }>
  | Readonly<{ kind: 'tool/call'; name: string; args: unknown }>;
/** `decision` answers an approval, `value` the rest; without either it is declined. */
export type Answer = Readonly<{
  decision?: 'once' | 'thread' | 'project' | 'deny' | 'stop';
  remark?: string;
  value?: unknown;
}>;
export type QuestionItem = Readonly<{
  type: 'question';
  id: string;
  call?: string;
  question: Question;
}>;
/** `by`: the client that answered first, or `closed` when turn or process ended before. */
export type AnswerItem = Readonly<{ type: 'answer'; question: string; answer: Answer; by: string }>;

/** The one result of a call. `detail` (exit code, diff, plan) is for front ends. `full` holds the text that was cut. */
export type ResultItem = Readonly<{
  type: 'result';
  call: string;
  name: string;
  content: readonly Content[];
  isError: boolean;
  detail?: JsonSchema;
  full?: Readonly<{ blob: string; bytes: number }>;
  durationMs: number;
}>;

export type NoticeItem = Readonly<{
  type: 'notice';
  level: 'info' | 'warning' | 'error';
  plugin: string;
  code: string;
  message: string;
}>;

/** A range that stays, or a new fragment. */
export type WindowEntry =
  | Readonly<{ keep: Range }>
  | Readonly<{ fragment: Omit<FragmentItem, 'type'> }>;
/** The window moves: to `entries`, or back to what it was at ordinal `to`. `before`, `after`: estimated tokens. */
export type WindowItem = Readonly<{
  type: 'window';
  reason: 'compaction' | 'revert';
  by: string;
  entries?: readonly WindowEntry[];
  to?: number;
  before: number;
  after: number;
}>;

export type TurnStatus = 'completed' | 'interrupted' | 'failed' | 'limit';
/** A turn has ended. */
export type EndItem = Readonly<{
  type: 'end';
  id: string;
  status: TurnStatus;
  limit?: keyof Limits;
  error?: ErrorData;
  durationMs: number;
}>;

/** What the model can be shown. */
export type PartBody = ToolsItem | FragmentItem | UserItem | Output | ResultItem;
/** Any item before it has its place. */
export type Body =
  | (ThreadItem | MetaItem | SettingsItem | TurnItem | RefsItem | StepItem | DiscardedItem)
  | (PartBody | DecisionItem | QuestionItem | AnswerItem | NoticeItem | WindowItem | EndItem);

/** An item in its place: ordinal `n` (0 is the `thread` item), time in ms since 1970, the turn it belongs to. */
export type Stamped<B> = B & Readonly<{ n: number; at: number; turn?: string }>;
export type Item = Stamped<Body>;
export type Part = Stamped<PartBody>;

/** The format that this program writes. */
export const threadVersion = 1;

const partTypes = 'tools fragment user reasoning assistant call hosted result'.split(' ');

/** Whether the model can be shown this item. */
export function isPart(item: Item): item is Part {
  return partTypes.includes(item.type);
}

/** All text of some content, joined by line ends; what is not text is named in brackets. */
export function textOf(content: readonly Content[]): string {
  return content.map(textOfOne).join('\n');
}

function textOfOne(one: Content): string {
  if (one.type === 'text') return one.text;
  if (one.type === 'resource') return one.resource.text ?? `[resource ${one.resource.uri}]`;
  return one.type === 'resource_link' ? `[link ${one.uri}]` : `[${one.type} ${one.mimeType}]`;
}
