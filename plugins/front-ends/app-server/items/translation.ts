/** A thread's items and deltas as what the wire tells of them, in its order. Pure: it keeps only what is open. */

import type {
  DeltaEvent,
  EndItem,
  Item,
  NoticeItem,
  QuestionItem,
  Settings,
  Stamped,
  StepItem,
  ThreadEvent,
  Usage,
  UserItem,
  WindowItem,
} from '../../../../core/index.ts';
import type { WireItem } from '../schemas/item.ts';
import type { Notification } from '../schemas/notifications.ts';
import type { WireStatus, WireTurn } from '../schemas/thread.ts';
import { Done } from './done.ts';
import { endOf, turnErrorOf } from './end.ts';
import { userInputOf } from './input.ts';
import { emptyTurn, endedTurn, type Ended, type OpenTurn } from './open-turn.ts';
import { retryInfo } from './model-error.ts';
import { reviewLabelOf } from './review.ts';
import { Said } from './said.ts';
import { threadSettingsOf } from './settings.ts';
import { activeStatus } from './status.ts';
import { type OpenQuestion, type Step, Steps } from './steps.ts';
import { noTokens, plus, usageOf } from './usage.ts';

type Handlers = { readonly [T in Item['type']]: (item: Extract<Item, { type: T }>) => void };

export class Translation {
  readonly #steps: Steps;
  readonly #said: Said;
  readonly #done: Done;
  readonly #questions = new Map<string, OpenQuestion>();
  #turn: OpenTurn | undefined;
  #status = '';
  #isBroken = false;
  #total: Usage = noTokens;
  #model: string | undefined;
  /** Tokens that the model can hold, when that is known. */
  modelWindow: number | null = null;
  /** Those in force; the first item has them. */
  settings!: Settings;

  constructor(thread: string) {
    this.#steps = new Steps(thread);
    this.#said = new Said(this.#steps, (message) => {
      if (this.#turn !== undefined) this.#turn.message = message;
    });
    this.#done = new Done(thread, this.#steps);
  }

  /** What an event gives. */
  take(event: ThreadEvent): readonly Step[] {
    if (event.type === 'item/appended') return this.add(event.item);
    if (event.type === 'item/delta') this.#delta(event);
    else if (event.status.error !== undefined) this.#break(event.status.error);
    return this.#steps.take();
  }

  /** What an item gives. */
  add(item: Item): readonly Step[] {
    const handle = this.#handlers[item.type] as (item: Item) => void; // the handler of its type
    handle(item);
    return this.#steps.take(item.n);
  }

  /** The open turn with what is open in it. */
  openTurn(): { readonly turn: WireTurn; readonly items: readonly WireItem[] } | undefined {
    if (this.#turn === undefined) return undefined;
    const items = [...this.#said.open(), ...this.#done.open()];
    return { turn: emptyTurn(this.#turn), items };
  }

  /** Questions without an answer. */
  readonly questions = (): readonly OpenQuestion[] => [...this.#questions.values()];
  /** The model's name as far as it is known. */
  readonly model = () => this.settings.model ?? this.#model ?? this.settings.provider;

  status(): WireStatus {
    if (this.#isBroken) return { type: 'systemError' };
    if (this.#turn === undefined) return { type: 'idle' };
    return activeStatus(this.questions().map(({ item }) => item.question));
  }

  readonly #handlers: Handlers = {
    thread: (item) => (this.settings = item.settings),
    meta: () => {},
    settings: (item) => {
      this.settings = { ...this.settings, ...item.changes };
      const threadSettings = threadSettingsOf(this.settings, this.model());
      this.#tell({
        method: 'thread/settings/updated',
        params: { ...this.#steps.inThread(), threadSettings },
      });
    },
    turn: ({ id, at }) => {
      this.#turn = { id, at, user: [] };
      this.#steps.turn = id;
      this.#tellStatus();
      this.#tell({
        method: 'turn/started',
        params: { ...this.#steps.inThread(), turn: emptyTurn(this.#turn) },
      });
    },
    refs: () => {},
    tools: () => {},
    fragment: () => {},
    user: (item) => this.#user(item),
    reasoning: (item) => this.#said.end(item),
    assistant: (item) => this.#said.end(item),
    call: (item) => this.#done.add(item, this.settings),
    hosted: (item) => {
      const search = { type: 'search', query: item.summary, queries: null } as const;
      const action = /search/u.test(item.name) ? search : ({ type: 'other' } as const);
      this.#at(item.at, {
        type: 'webSearch',
        id: item.id,
        query: item.summary,
        action,
        results: null,
      });
    },
    step: (item) => this.#step(item),
    discarded: ({ id, at }) => this.#said.discard(id, at),
    decision: (item) => this.#done.decide(item),
    question: (item) => this.#asked(item),
    answer: ({ question }) => {
      if (!this.#questions.delete(question)) return;
      this.#steps.push({ kind: 'settle', question });
      this.#tellStatus();
    },
    result: (item) => this.#done.end(item),
    notice: (item) => this.#notice(item),
    window: (item) => this.#window(item),
    end: (item) => this.#end(item),
  };

  /** An item that begins and ends at once. */
  #at(at: number, item: WireItem): void {
    this.#steps.start({ ...item, startedAtMs: at, completedAtMs: null }, at);
    this.#steps.complete({ ...item, startedAtMs: at, completedAtMs: at }, at);
  }

  #tell(notification: Notification): void {
    this.#steps.tell(notification);
  }

  #tellStatus(): void {
    const status = this.status();
    const shown = JSON.stringify(status);
    if (shown === this.#status) return;
    this.#status = shown;
    this.#tell({ method: 'thread/status/changed', params: { ...this.#steps.inThread(), status } });
  }

  #user({ content, clientId, at, n }: Stamped<UserItem>): void {
    const review = reviewLabelOf(clientId);
    if (review !== undefined && this.#turn !== undefined) {
      this.#turn.review = review;
      return this.#at(at, { type: 'enteredReviewMode', id: `review_${n}`, review });
    }
    const said = { content: content.map(userInputOf), clientId: clientId ?? null };
    const item: WireItem = { type: 'userMessage', id: `user_${n}`, ...said };
    this.#turn?.user.push(item);
    this.#at(at, item);
  }

  #delta({ id, kind, text }: DeltaEvent): void {
    if (this.#turn === undefined) return;
    if (kind === 'output') this.#done.output(id, text);
    else this.#said.delta({ id, kind, text });
  }

  #step({ usage = noTokens, model }: StepItem): void {
    this.#total = plus(this.#total, usage);
    this.#model = model;
    this.#said.endStep();
    const tokenUsage = usageOf(this.#total, usage, this.modelWindow);
    this.#tell({
      method: 'thread/tokenUsage/updated',
      params: { ...this.#steps.inTurn(), tokenUsage },
    });
  }

  #asked(item: Stamped<QuestionItem>): void {
    const open = { item, turn: this.#turn?.id ?? item.turn ?? '', call: this.#done.learn(item) };
    this.#questions.set(item.id, open);
    this.#tellStatus();
    this.#done.ask(item);
    this.#steps.push({ kind: 'ask', question: open });
  }

  #notice(notice: NoticeItem): void {
    const { level, plugin, message } = notice;
    if (level === 'info') return;
    const codexErrorInfo = this.#turn && retryInfo(notice);
    if (codexErrorInfo === undefined)
      return this.#tell({
        method: 'warning',
        params: { ...this.#steps.inThread(), message: `${plugin}: ${message}` },
      });
    const error = { ...turnErrorOf({ code: 'model_busy', message, plugin }), codexErrorInfo };
    this.#tell({ method: 'error', params: { ...this.#steps.inTurn(), error, willRetry: true } });
  }

  #window({ reason, n, at }: Stamped<WindowItem>): void {
    if (reason === 'revert')
      this.#tell({ method: 'thread/reverted', params: this.#steps.inThread() });
    else this.#at(at, { type: 'contextCompaction', id: `compaction_${n}` });
  }

  #end(end: Stamped<EndItem>): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    this.#close(end.at);
    const { review, message } = turn;
    if (review !== undefined) {
      const text = message?.type === 'agentMessage' ? message.text : '';
      this.#at(end.at, { type: 'exitedReviewMode', id: `reviewed_${end.n}`, review: text });
    }
    this.#finish(turn, { ...endOf(end), at: end.at, durationMs: end.durationMs });
  }

  /** What is still open is over. */
  #close(at: number): void {
    this.#said.close(at);
    this.#done.close(at);
    for (const question of this.#questions.keys()) this.#steps.push({ kind: 'settle', question });
    this.#questions.clear();
  }

  /** The store failed: the thread cannot go on, and its turn has no end. */
  #break(error: Parameters<typeof turnErrorOf>[0]): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    const [turn, at] = [this.#turn, Date.now()];
    this.#close(at);
    if (turn === undefined) return this.#tellStatus();
    const durationMs = at - turn.at;
    this.#finish(turn, { status: 'failed', error: turnErrorOf(error), at, durationMs });
  }

  #finish(turn: OpenTurn, end: Ended): void {
    const { error } = end;
    if (error !== null)
      this.#tell({ method: 'error', params: { ...this.#steps.inTurn(), error, willRetry: false } });
    this.#turn = undefined;
    this.#tellStatus();
    const params = { ...this.#steps.inThread(), turn: endedTurn(turn, end) };
    this.#tell({ method: 'turn/completed', params });
  }
}
