/** One client that follows one thread: what happens in it is told, what is asked is put to it. */

import { KernelError, messageOf } from '../../../../core/index.ts';
import type { Answer, ThreadEvent } from '../../../../core/index.ts';
import { callItem } from '../items/call-item.ts';
import type { OpenQuestion, Step } from '../items/steps.ts';
import type { Translation } from '../items/translation.ts';
import { questions } from '../schemas/questions.ts';
import { RpcError, type Session } from '../session.ts';
import { type Asking, askingOf, isOfPatch } from './ask.ts';
import type { TurnDiffs } from './turn-diffs.ts';

interface FollowerOptions {
  readonly thread: string;
  readonly session: Session;
  /** It has seen the thread so far. */
  readonly translation: Translation;
  readonly diffs: TurnDiffs;
  /** Whether this client is to be asked to run a tool. */
  readonly runsTools: () => boolean;
}

interface Pending {
  readonly controller: AbortController;
  /** The id of the request to the client. */
  request?: number;
}

export class Follower {
  readonly #options: FollowerOptions;
  readonly #pending = new Map<string, Pending>();
  /** Files of a patch that this client has allowed, by call. */
  readonly #allowed = new Map<string, Answer>();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Follows from after this ordinal; questions that were open by then are asked first. */
  start(after: number): void {
    const { session, thread, translation } = this.#options;
    for (const question of translation.questions()) this.#ask(question);
    session.follow({ thread, after, answers: true }, (event) => this.#take(event));
  }

  /** Nothing more is asked of this client, and what it still answers does not count. */
  stop(): void {
    for (const { controller } of this.#pending.values()) controller.abort(resolved);
    this.#pending.clear();
  }

  async #take(event: ThreadEvent): Promise<void> {
    for (const step of this.#options.translation.take(event)) await this.#do(step);
  }

  async #do(step: Step): Promise<void> {
    const { session, thread, diffs } = this.#options;
    switch (step.kind) {
      case 'notify':
        return session.notify(step.method, step.params, keyOf(step));
      case 'ask':
        return this.#ask(step.question);
      case 'settle':
        return this.#settle(step.question);
      case 'patched': {
        const diff = await diffs.after(session.client, { ...step, thread });
        const params = { threadId: thread, turnId: step.turn, diff };
        return session.notify('turn/diff/updated', params, step.turn);
      }
    }
  }

  /** Told of every client's own request for a question that has been answered. */
  #settle(question: string): void {
    const { session, thread: threadId } = this.#options;
    const pending = this.#pending.get(question);
    if (pending?.request === undefined) return;
    this.#pending.delete(question);
    pending.controller.abort(resolved);
    session.notify('serverRequest/resolved', { threadId, requestId: pending.request });
  }

  #ask(open: OpenQuestion): void {
    const { thread, session, runsTools } = this.#options;
    if (open.item.question.kind === 'tool/call' && !runsTools()) return;
    const known = this.#known(open);
    if (known !== undefined) return void this.#answer(open, known);
    const asking = askingOf(thread, open);
    const pending: Pending = { controller: new AbortController() };
    this.#pending.set(open.item.id, pending);
    const { signal } = pending.controller;
    const sent = (id: number) => void (pending.request = id);
    const answered = session.ask(asking.method, asking.params, { signal, sent });
    void answered.then(
      (raw) => this.#answered(open, asking, raw),
      (error: unknown) => this.#failed(open, error),
    );
  }

  async #answered(open: OpenQuestion, asking: Asking, raw: unknown): Promise<void> {
    const parsed = questions[asking.method].answer.safeParse(raw);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const fault = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
      return this.#failed(open, new RpcError('invalidParams', `the answer is invalid: ${fault}`));
    }
    const answer = asking.answerOf(parsed.data as never); // parsed by the schema of its method
    this.#remember(open, asking, answer);
    await this.#answer(open, answer);
  }

  /** A client that cannot answer leaves the question to others; the only one there declines by it. */
  async #failed(open: OpenQuestion, error: unknown): Promise<void> {
    const { thread, session } = this.#options;
    const data = error instanceof RpcError ? (error.data as { code?: unknown } | undefined) : {}; // ours
    if (data?.code === 'resolved' || data?.code === 'closed') return;
    const others = [...session.server.sessions].filter(
      (one) => one !== session && one.following.has(thread),
    );
    if (others.length === 0)
      await this.#answer(open, { decision: 'deny', remark: messageOf(error) });
  }

  async #answer({ item }: OpenQuestion, answer: Answer): Promise<void> {
    const { thread, session } = this.#options;
    try {
      await session.client.request('question/answer', { thread, question: item.id, answer });
    } catch (error) {
      const isLate =
        error instanceof KernelError && (error.code === 'conflict' || error.code === 'not_found');
      if (!isLate) session.server.log(messageOf(error));
    }
  }

  /** A patch is asked for file by file, and shown and allowed as a whole. */
  #remember({ item }: OpenQuestion, { method }: Asking, answer: Answer): void {
    const isYes = answer.decision === 'once' || answer.decision === 'thread';
    if (method === 'item/fileChange/requestApproval' && isYes && item.call !== undefined)
      this.#allowed.set(item.call, answer);
  }

  #known({ item, call }: OpenQuestion): Answer | undefined {
    const { question } = item;
    const allowed = this.#allowed.get(item.call ?? '');
    if (allowed === undefined || question.kind !== 'approval/ask' || !isOfPatch(call))
      return undefined;
    const shown = call && callItem(call);
    const paths = shown?.type === 'fileChange' ? shown.changes.flatMap(pathsOf) : [];
    const isShown =
      question.effect.kind === 'write' && paths.includes(String(question.effect['path']));
    return isShown ? allowed : undefined;
  }
}

const resolved = new RpcError('internal', 'it was answered elsewhere', { code: 'resolved' });

interface FileUpdate {
  readonly path: string;
  readonly kind: { readonly type: string; readonly move_path?: string | null };
}

const pathsOf = ({ path, kind }: FileUpdate) => [path, ...(kind.move_path ? [kind.move_path] : [])];

/** Of these only the newest counts for a client that is slow. */
function keyOf(step: Extract<Step, { kind: 'notify' }>): string | undefined {
  return step.method === 'thread/tokenUsage/updated' ? step.params.threadId : undefined;
}
