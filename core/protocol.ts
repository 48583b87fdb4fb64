/**
 * How people and programs reach the kernel: requests in, questions and events out. A front end in process uses exactly
 * this; one over a wire carries it. Names are `resource/verb`. Requests of plugins come in through the `requests` slot.
 */

import type { ThreadQuery, ThreadSummary } from './contracts.ts';
import type {
  Answer,
  Content,
  DecisionItem,
  ErrorData,
  Item,
  JsonSchema,
  Limits,
  NoticeItem,
  Part,
  QuestionItem,
  Settings,
  Usage,
} from './item.ts';

/** A loaded thread. */
export interface ThreadInfo {
  readonly id: string;
  readonly name?: string;
  readonly settings: Settings;
  readonly status: ThreadStatus;
  /** The ordinal of its last item. */
  readonly last: number;
  readonly ephemeral: boolean;
}

export interface ThreadStatus {
  readonly state: 'idle' | 'active' | 'closed';
  /** The running turn. */
  readonly turn?: string;
  /** Questions not yet answered. */
  readonly questions: readonly QuestionItem[];
  /** Inputs that wait for the end of the running turn. */
  readonly queued: number;
  /** Ids of processes that live beyond their call. */
  readonly processes: readonly string[];
  /** What broke the thread: its store failed. Nothing can be appended any more. */
  readonly error?: ErrorData;
}

/** A part of the window and what it weighs, as `thread/window` explains it. */
export interface ExplainedPart {
  readonly part: Part;
  /** The provider's encoding: bytes in UTF-8. */
  readonly bytes: number;
  /** Estimated. */
  readonly tokens: number;
  readonly pinned: boolean;
}

/** One slot as `kernel/describe` shows it, entries in force order. */
export interface DescribedSlot {
  readonly slot: string;
  readonly kind: string;
  readonly entries: readonly {
    readonly name: string;
    readonly plugin: string;
    readonly tier: string;
  }[];
}

export interface DescribedPlugin {
  readonly name: string;
  readonly tier: string;
  readonly setupMs: number;
  readonly error?: ErrorData;
}

interface Thread {
  readonly thread: string;
}

/** The requests: their parameters and results. Handlers are one table typed by this. */
export interface Requests {
  /** What is not given in `settings` is the kernel's default. An ephemeral thread is kept in memory only. */
  'thread/start': {
    params: {
      readonly settings?: Partial<Settings>;
      readonly ephemeral?: boolean;
      readonly name?: string;
      readonly parent?: { readonly thread: string; readonly call?: string };
    };
    result: ThreadInfo;
  };
  /** Loads a stored thread; one that is loaded is given as it is. Open calls and questions of a dead process are closed. */
  'thread/resume': {
    params: Thread & { readonly settings?: Partial<Settings> };
    result: ThreadInfo;
  };
  /** Copies the items up to ordinal `after` (default: all) into a new thread. */
  'thread/fork': {
    params: Thread & { readonly after?: number; readonly ephemeral?: boolean };
    result: ThreadInfo;
  };
  'thread/list': {
    params: ThreadQuery;
    result: { readonly threads: readonly ThreadSummary[]; readonly next?: string };
  };
  /** Items after ordinal `after` (default -1), at most `limit`, without loading the thread. */
  'thread/read': {
    params: Thread & { readonly after?: number; readonly limit?: number };
    result: { readonly items: readonly Item[]; readonly last: number };
  };
  'thread/update': {
    params: Thread & {
      readonly settings?: Partial<Settings>;
      readonly name?: string;
      readonly archived?: boolean;
    };
    result: ThreadInfo;
  };
  /** What the model is shown next, part by part; it runs no plugin but the model's own encoding. */
  'thread/window': {
    params: Thread;
    result: {
      readonly parts: readonly ExplainedPart[];
      readonly provider: string;
      readonly model: string;
    };
  };
  /** Compacts the window now; `conflict` while a turn runs. */
  'thread/compact': {
    params: Thread & { readonly remark?: string };
    result: { readonly before: number; readonly after: number };
  };
  /** Moves the window back to before the turn `turn`; `conflict` while a turn or a kept process runs. */
  'thread/revert': { params: Thread & { readonly turn: string }; result: ThreadInfo };
  /** Interrupts its turn, ends its processes, unloads it. */
  'thread/close': { params: Thread; result: Record<string, never> };
  'thread/remove': { params: Thread; result: Record<string, never> };
  /** Starts a turn, or queues the input when one runs. Settings stick. The answer comes before the turn's first item. */
  'turn/start': {
    params: Thread & {
      readonly input: readonly Content[];
      readonly settings?: Partial<Settings>;
      readonly limits?: Limits;
      readonly outputSchema?: JsonSchema;
      readonly clientId?: string;
    };
    result: { readonly turn: string; readonly queued: boolean };
  };
  /** Adds input to the running turn; the model sees it with its next step. `conflict` when none (or another) runs. */
  'turn/steer': {
    params: Thread & {
      readonly turn?: string;
      readonly input: readonly Content[];
      readonly clientId?: string;
    };
    result: { readonly turn: string };
  };
  /** Ends the running turn within a second; resolves when it has ended. */
  'turn/interrupt': { params: Thread & { readonly turn?: string }; result: Record<string, never> };
  /** The first answer wins; a later one is `conflict`. */
  'question/answer': {
    params: Thread & { readonly question: string; readonly answer: Answer };
    result: Record<string, never>;
  };
  /** Asks a question of whoever can answer; `value` is absent when nobody can. For tools and plugins. */
  'question/ask': {
    params: Thread & { readonly question: QuestionItem['question']; readonly call?: string };
    result: Answer & { readonly by: string };
  };
  /** Slot by slot what is in force, from which plugin and tier, and what each plugin's start cost. */
  'kernel/describe': {
    params: Record<string, never>;
    result: {
      readonly slots: readonly DescribedSlot[];
      readonly plugins: readonly DescribedPlugin[];
      readonly threads: readonly ThreadInfo[];
      /** What came up at start. */
      readonly notices: readonly NoticeItem[];
    };
  };
}

export type Method = keyof Requests;
export type Params<M extends Method> = Requests[M]['params'];
export type Result<M extends Method> = Requests[M]['result'];

/** What happens in one thread, in order. */
export type ThreadEvent =
  | { readonly type: 'item/appended'; readonly thread: string; readonly item: Item }
  /** Text of an open item: `id` is the id of the output (or the call, for `output`) that will hold it. */
  | {
      readonly type: 'item/delta';
      readonly thread: string;
      readonly id: string;
      readonly kind: 'text' | 'reasoning' | 'args' | 'output';
      readonly text: string;
      readonly name?: string;
    }
  | { readonly type: 'thread/status'; readonly thread: string; readonly status: ThreadStatus };

/** What happens beside threads. */
export type KernelEvent =
  | { readonly type: 'thread/started'; readonly thread: string; readonly info: ThreadInfo }
  | { readonly type: 'thread/closed'; readonly thread: string }
  | { readonly type: 'thread/removed'; readonly thread: string }
  /** An effect outside any thread. */
  | { readonly type: 'effect/decided'; readonly decision: DecisionItem }
  | { readonly type: 'notice'; readonly notice: NoticeItem }
  | {
      readonly type: 'log';
      readonly plugin: string;
      readonly message: string;
      readonly data?: unknown;
    };

/** Everything, as observers see it. */
export type Event = ThreadEvent | KernelEvent;

export interface SubscribeOptions extends Thread {
  /** Items after this ordinal come first; default: from the thread's first item. */
  readonly after?: number;
  /** Whether this subscriber answers questions. While nobody does, what needs a person is denied at once. */
  readonly answers?: boolean;
}

/**
 * A cursor over a thread: its items in order without a gap, the text so far of open ones, then events as they come.
 * A slow reader costs no memory: deltas it has not taken are merged, items are read from the thread. The first status
 * comes after the items that were there. Ends when the thread closes; `return` or dispose leaves it.
 */
export interface Subscription extends AsyncIterable<ThreadEvent>, Disposable {}

/** The protocol in process. Requests reject with KernelError. */
export interface Client {
  /** Who this is: a plugin's name, or a front end's. */
  readonly name: string;
  readonly request: <M extends Method>(method: M, params: Params<M>) => Promise<Result<M>>;
  /** A request that a plugin added through the `requests` slot. */
  readonly call: (method: string, params: unknown, signal?: AbortSignal) => Promise<unknown>;
  /** The thread must be loaded. */
  readonly subscribe: (options: SubscribeOptions) => Subscription;
  /** Kernel events, and the status of every thread. A listener that throws is logged. */
  readonly listen: (
    listener: (event: KernelEvent | (ThreadEvent & { type: 'thread/status' })) => void,
  ) => Disposable;
}

/** Token counts of a thread, summed. */
export type ThreadUsage = Usage & { readonly steps: number };
