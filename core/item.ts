/**
 * What a thread is made of: an append-only list of items. Each is plain data and one JSON line on disk; docs/threads.md
 * shows them all. They stand here in the order in which a turn writes them. Times are ms, sizes bytes, paths absolute.
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
export type ToolDefinition = Readonly<Described & { inputSchema: JsonSchema }>;
/** A name, and for people and models what it is. */
export type Described = Readonly<{ name: string; description: string }>;

/** What commands may do. `danger-full-access` alone runs without a sandbox. */
export type SandboxMode = 'read-only' | 'workspace-write' | 'danger-full-access';
/** When people are asked: for all but known reads, for leaving the sandbox, or never (what needs a yes is refused). */
export type ApprovalMode = 'untrusted' | 'on-request' | 'never';

/** A thread's settings: one frozen value per turn. An override sticks and is appended as an item. */
export type Settings = Readonly<Place & Thinking & Permissions & Offer>;
/** Folders in which files may be written are `roots`, the workspace first. */
type Place = { cwd: string; roots: readonly string[] };
/**
 * `provider` is a name in the `models` slot, `model` its own name of the model (absent: its default); `instructions` are
 * the user's own, added to the system text.
 */
type Thinking = { provider: string; model?: string; effort?: string; instructions?: string };
/** `network`: whether confined commands may use it. */
type Permissions = { sandbox: SandboxMode; approval: ApprovalMode; network: boolean };
/** Of `tools` the model is offered this subset (absent: all). The `run` of client tools is the question `tool/call`. */
type Offer = { tools?: readonly string[]; clientTools?: readonly ToolDefinition[] };

/** Bounds of a turn: model calls, time, and tokens in and out over all steps. The first reached ends it (`limit`). */
export type Limits = Readonly<{ steps?: number; timeoutMs?: number; tokens?: number }>;
/** Who causes an effect, and the name of that tool, plugin, server, agent, client or hook. `tool`: the one an agent used. */
export type Origin = Readonly<{ kind: OriginKind; name: string; tool?: string }>;
export type OriginKind = 'tool' | 'plugin' | 'mcp' | 'agent' | 'client' | 'hook';
/** How often a prompt source is asked: once per thread, each turn, each step. */
export type Stability = 'fixed' | 'thread' | 'turn';
/** Data (encrypted reasoning, say) that only the provider which made it can use again. */
export type Opaque = Readonly<{ provider: string; data: unknown }>;
/** Tokens of one model call as the provider reports them; `cached` is part of `input`, `reasoning` of `output`. */
export type Usage = Readonly<{ input: number; cached: number; output: number; reasoning: number }>;
/** An error as plain data: a public code (docs/errors.md), the message, the plugin to blame. */
export type ErrorData = Readonly<{ code: string; message: string; plugin?: string }>;
/** An inclusive range of ordinals. */
export type Range = readonly [from: number, to: number];
/** How a model's answer ended: by itself, at its output limit, by the provider's filter. */
export type Stop = 'end' | 'length' | 'filter';

type Of<Type extends string, Fields> = Readonly<{ type: Type } & Fields>;

/** The first item. `version` is the format's. */
export type ThreadItem = Of<'thread', { version: number; id: string } & Birth>;
/** `parent` started this thread as its sub-agent; from `fork` it was copied. */
export type Birth = Readonly<{ settings: Settings; parent?: Parent; fork?: Fork }>;
/** A thread, up to and with an ordinal. */
export type Fork = Readonly<{ thread: string; after: number }>;
/** A thread, and the call in it. `agent`: what its sub-agent is called. */
export type Parent = Readonly<{ thread: string; call?: string; agent?: string }>;
/** What lists show of a thread. */
export type MetaItem = Of<'meta', { name?: string; archived?: boolean }>;
/** An override of settings. */
export type SettingsItem = Of<'settings', { changes: Partial<Settings> }>;
/** A turn begins. */
export type TurnItem = Of<'turn', { id: string; limits?: Limits; outputSchema?: JsonSchema }>;
/** Items of earlier turns that a prompt source keeps in the window. */
export type RefsItem = Of<'refs', { plugin: string; ranges: readonly Range[] }>;
/** The tools the model is offered: fixed for the thread until its window moves. */
export type ToolsItem = Of<'tools', { tools: readonly ToolDefinition[] }>;
/** Text that a prompt source (`plugin` is its name) appended. `opaque` goes to its provider in the text's place. */
export type FragmentItem = Of<'fragment', { plugin: string; stability: Stability } & Words>;
type Words = Text & Partial<Sealed>;
/**
 * `source`: where the text is from (file and line, server). `system` text stands before everything else, so only a
 * thread's first step adds it. What is pinned is never lost to compaction.
 */
export type Text = Readonly<{ text: string; role: Role; source: string; pinned: boolean }>;
export type Role = 'system' | 'developer' | 'user';
/** What the user said. `clientId` is the client's own. */
export type UserItem = Of<'user', { content: readonly Content[]; how: How; clientId?: string }>;
/** It began the turn, came while one ran, or waited for its end. */
export type How = 'start' | 'steer' | 'queue';

/** What a model answers with. */
export type Output = ReasoningItem | AssistantItem | CallItem | HostedItem;
type Thought = { summary: readonly string[]; text?: string; opaque?: Opaque };
export type ReasoningItem = Of<'reasoning', { id: string } & Thought>;
/** Text of the model; `cut` where the user interrupted it. */
export type AssistantItem = Of<'assistant', { id: string; text: string } & Manner>;
type Manner = { phase?: Phase; cut?: true };
export type Phase = 'commentary' | 'final';
/** A call the model asks for: `call` is unique in the thread, `args` the JSON text exactly as the model wrote it. */
export type CallItem = Of<'call', { id: string; call: string; name: string; args: string }>;
/** Something the provider ran itself, such as a web search; `opaque` goes back to it. */
export type HostedItem = Of<'hosted', { id: string; name: string; summary: string } & Sealed>;
type Sealed = { opaque: Opaque };
/** One model call has ended. `estimate`: the tokens that the kernel had reckoned its input to be. */
export type StepItem = Of<'step', { provider: string; model: string; stop: Stop } & Cost>;
type Cost = { usage?: Usage; estimate: number; durationMs: number };
/** Text that was shown and does not count: its answer was cut off, or begun anew. */
export type DiscardedItem = Of<'discarded', { id: string; reason: string }>;

/** An effect as records and questions show it: its kind and plain data, without payloads. */
export type EffectData = Readonly<{ kind: string; [key: string]: unknown }>;
/** Why an effect is judged as it is: `rule` as the user would write it, with its layer and file. */
export type Grounds = Readonly<{ reason: string; rule: string; layer?: string; file?: string }>;
/** A rule that would allow this effect and its like, when one is safe to offer. */
export type Proposal = Readonly<{ proposal?: JsonSchema }>;
/** What the gate decided, written before the effect happens. `by`: who was asked, `nobody` if nobody was there. */
export type DecisionItem = Of<'decision', { id: string; verdict: 'allow' | 'deny' } & Judged>;
type Judged = Case & { call?: string; policy: string; by?: string };
/** An effect, who wants it, and why it is judged so. */
type Case = Readonly<{ effect: EffectData; origin: Origin }> & Grounds & Proposal;
export type QuestionItem = Of<'question', { id: string; call?: string; question: Question }>;
/** May this effect happen; a form for a person; a client's tool to run. */
export type Question =
  | (Readonly<{ kind: 'approval/ask' }> & Case)
  | Readonly<{ kind: 'input/ask'; message: string; schema: JsonSchema; from: string }>
  | Readonly<{ kind: 'tool/call'; name: string; args: unknown }>;
/** `decision` answers an approval, `value` the rest; without either it is declined. */
export type Answer = Readonly<{ decision?: Decision; remark?: string; value?: unknown }>;
export type Decision = 'once' | 'thread' | 'project' | 'deny' | 'stop';
/** `by`: the client that answered first, or `closed` when turn or process ended before. */
export type AnswerItem = Of<'answer', { question: string; answer: Answer; by: string }>;
/** The one result of a call. */
export type ResultItem = Of<'result', { call: string; name: string; isError: boolean } & Outcome>;
/** `detail` (exit code, diff, plan) is for front ends. `full` holds the whole text when `content` was cut. */
export type Outcome = Readonly<{ content: readonly Content[]; detail?: JsonSchema } & Kept>;
type Kept = { full?: Readonly<{ blob: string; bytes: number }>; durationMs: number };
export type NoticeItem = Of<'notice', { level: Level; plugin: string; message: string }>;
export type Level = 'info' | 'warning' | 'error';
/** The window moves: to `entries`, or back to what it was at ordinal `to`. `before`, `after`: estimated tokens. */
export type WindowItem = Of<'window', { reason: 'compaction' | 'revert'; by: string } & Move>;
type Move = { entries?: readonly WindowEntry[]; to?: number; before: number; after: number };
/** A range that stays, or a new fragment. */
export type WindowEntry = Readonly<{ keep: Range } | { fragment: Omit<FragmentItem, 'type'> }>;
/** A turn has ended. */
export type EndItem = Of<'end', { id: string; durationMs: number } & Ending>;
export type Ending = Readonly<{ status: TurnStatus; limit?: keyof Limits; error?: ErrorData }>;
export type TurnStatus = 'completed' | 'interrupted' | 'failed' | 'limit';

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

/**
 * A name for a thread, turn, decision or question in the form of a UUID version 7 (RFC 9562): names sort by time. They are
 * no secrets, so that nothing of `crypto` is loaded before the first request, which costs milliseconds.
 */
export function newId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-8${hex(3)}-${hex(12)}`;
}
const hex = (size: number) => `${Math.random().toString(16).slice(2)}000000000000`.slice(0, size);

/** The format that this program writes. */
export const threadVersion = 1;

const partTypes = 'tools fragment user reasoning assistant call hosted result'.split(' ');

/** Whether the model can be shown this item. */
export const isPart = (item: Item): item is Part => partTypes.includes(item.type);

/** All text of some content, joined by line ends; what is not text is named in brackets. */
export const textOf = (content: readonly Content[]): string => content.map(textOfOne).join('\n');

function textOfOne(one: Content): string {
  if (one.type === 'text') return one.text;
  if (one.type === 'resource') return one.resource.text ?? `[resource ${one.resource.uri}]`;
  return one.type === 'resource_link' ? `[link ${one.uri}]` : `[${one.type} ${one.mimeType}]`;
}
