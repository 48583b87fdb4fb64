/**
 * How people and programs reach the kernel: requests in, questions and events out. A front end in process uses exactly
 * this; one over a wire carries it. Names are `resource/verb`. Requests of plugins come in through the `requests` slot.
 */

import type { ThreadList, ThreadQuery } from './contracts.ts';
import type * as item from './item.ts';

/** A loaded thread; `last` is the ordinal of its last item. */
export type ThreadInfo = Readonly<{ id: string; name?: string; settings: item.Settings } & State>;
type State = { status: ThreadStatus; last: number; ephemeral: boolean };

/**
 * `turn`: the one that runs. `questions`: not yet answered. `queued`: inputs that wait for its end. `processes`: ids of
 * those that live beyond their call. `error`: the store failed, nothing can be appended any more.
 */
export type ThreadStatus = Readonly<{ state: ThreadState; turn?: string; queued: number } & Open>;
type ThreadState = 'idle' | 'active' | 'closed';
type Open = { questions: readonly item.QuestionItem[]; processes: readonly string[] } & Failed;

/** A part of the window and what it weighs: bytes of the provider's encoding, estimated tokens. */
export type ExplainedPart = Readonly<{ part: item.Part; bytes: number; tokens: number } & Pinned>;
type Pinned = { pinned: boolean };
/** A slot's entries in the order of their force. */
export type DescribedSlot = Readonly<{ slot: string; kind: string; entries: DescribedEntries }>;
type DescribedEntries = readonly DescribedEntry[];
export type DescribedEntry = Readonly<{ name: string; plugin: string; tier: string }>;
export type DescribedPlugin = Readonly<{ name: string; tier: string; setupMs: number } & Failed>;
type Failed = { error?: item.ErrorData };
/** What is in force, what each plugin's start cost, what was noticed at start. */
export type Description = Readonly<{ slots: readonly DescribedSlot[] } & Start & Threads>;
type Start = { plugins: readonly DescribedPlugin[]; notices: readonly item.NoticeItem[] };
type Threads = { threads: readonly ThreadInfo[] };

type OfThread<T = unknown> = Readonly<{ thread: string } & T>;
type Empty = Readonly<Record<string, never>>;
type Request<P, R> = { readonly params: Readonly<P>; readonly result: Readonly<R> };
type Said = { input: readonly item.Content[]; clientId?: string };
type Override = { settings?: Partial<item.Settings> };
type TurnOptions = { limits?: item.Limits; outputSchema?: item.JsonSchema };

/** The requests: parameters and results. The handlers are one table typed by this. */
export interface Requests {
  /** What `settings` lacks is the kernel's default. An ephemeral thread is kept in memory only. */
  'thread/start': Request<Override & Beginning, ThreadInfo>;
  /** Loads a stored thread, or gives the loaded one. Open calls and questions of a dead process are closed. */
  'thread/resume': Request<OfThread<Override>, ThreadInfo>;
  /** Copies the items up to ordinal `after` (default: all) into a new thread. */
  'thread/fork': Request<OfThread<{ after?: number; ephemeral?: boolean }>, ThreadInfo>;
  'thread/list': Request<ThreadQuery, ThreadList>;
  /** At most `limit` items after ordinal `after` (default -1), without loading the thread. */
  'thread/read': Request<OfThread<{ after?: number; limit?: number }>, Items>;
  'thread/update': Request<OfThread<Override & { name?: string; archived?: boolean }>, ThreadInfo>;
  /** What the model is shown next, part by part; runs no plugin but the model's own encoding. */
  'thread/window': Request<OfThread, Explained>;
  /** Compacts the window now, as a turn of its own; `conflict` while one runs. */
  'thread/compact': Request<OfThread<{ remark?: string }>, { before: number; after: number }>;
  /** Moves the window back to before that turn, or to what it was at ordinal `to`; `conflict` while a turn or a kept process runs. */
  'thread/revert': Request<OfThread<{ turn?: string; to?: number }>, ThreadInfo>;
  /** Interrupts its turn, ends its processes, unloads it. */
  'thread/close': Request<OfThread, Empty>;
  'thread/remove': Request<OfThread, Empty>;
  /** Starts a turn, or queues the input while one runs. Settings stick. Answers before the turn's first item. */
  'turn/start': Request<OfThread<Said & Override & TurnOptions>, { turn: string; queued: boolean }>;
  /** Adds input to the running turn, seen with its next step. `conflict` when none, or another than `turn`, runs. */
  'turn/steer': Request<OfThread<Said & { turn?: string }>, Readonly<{ turn: string }>>;
  /** Ends the running turn within a second; answers when it has ended. */
  'turn/interrupt': Request<OfThread<{ turn?: string }>, Empty>;
  /** The first answer wins; a later one is `conflict`. */
  'question/answer': Request<OfThread<{ question: string; answer: item.Answer }>, Empty>;
  /** Asks whoever can answer. For tools and plugins. */
  'question/ask': Request<OfThread<{ question: item.Question; call?: string }>, Asked>;
  'kernel/describe': Request<Empty, Description>;
}
type Beginning = { ephemeral?: boolean; name?: string; parent?: item.Parent };
type Items = Readonly<{ items: readonly item.Item[]; last: number }>;
type Explained = Readonly<{ parts: readonly ExplainedPart[]; provider: string; model: string }>;
/** An answer, and who gave it: `nobody` when nobody can, `closed` when turn or thread ended first. */
export type Asked = item.Answer & { readonly by: string };

export type Method = keyof Requests;
export type Params<M extends Method> = Requests[M]['params'];
export type Result<M extends Method> = Requests[M]['result'];

/** Text of an open item: `id` is that of the output (for `output`: of the call) that will hold it. */
export type DeltaEvent = Readonly<{ type: 'item/delta'; thread: string; id: string } & Delta>;
type Delta = { kind: 'text' | 'reasoning' | 'args' | 'output'; text: string; name?: string };
export type StatusEvent = Readonly<{ type: 'thread/status'; thread: string; status: ThreadStatus }>;
/** What happens in one thread, in order. */
export type ThreadEvent = ItemEvent | DeltaEvent | StatusEvent;
type ItemEvent = Readonly<{ type: 'item/appended'; thread: string; item: item.Item }>;
/** What happens beside threads. `effect/decided`: an effect outside any. */
export type KernelEvent =
  | Readonly<{ type: 'thread/started'; thread: string; info: ThreadInfo }>
  | Readonly<{ type: 'thread/closed' | 'thread/removed'; thread: string }>
  | Readonly<{ type: 'effect/decided'; decision: item.DecisionItem }>
  | Readonly<{ type: 'notice'; notice: item.NoticeItem }>
  | Readonly<{ type: 'log'; plugin: string; message: string; data?: unknown }>;
/** Everything, as observers see it. */
export type Event = ThreadEvent | KernelEvent;
export type Listener = (event: KernelEvent | StatusEvent) => void;

/**
 * Items after ordinal `after` (default -1) come first. `answers`: this subscriber answers questions; while no
 * subscriber does, what needs a person is denied at once.
 */
export type SubscribeOptions = OfThread<{ after?: number; answers?: boolean }>;
/**
 * A cursor over a thread: its items in order without a gap, the text so far of open ones, then events as they come. A
 * slow reader costs no memory: deltas it has not taken are merged, items are read from the thread. The first status
 * comes after the items that were there. Ends when the thread closes; `return` or dispose leaves it.
 */
export interface Subscription extends AsyncIterable<ThreadEvent>, Disposable {}

/** The protocol in process, under a plugin's or front end's name. Requests reject with KernelError. */
export interface Client {
  readonly name: string;
  readonly request: <M extends Method>(method: M, params: Params<M>) => Promise<Result<M>>;
  /** A request that a plugin added. */
  readonly call: (method: string, params: unknown, signal?: AbortSignal) => Promise<unknown>;
  /** The thread must be loaded. */
  readonly subscribe: (options: SubscribeOptions) => Subscription;
  /** Kernel events, and the status of every thread. */
  readonly listen: (listener: Listener) => Disposable;
}
