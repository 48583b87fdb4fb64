/** The calls that a server works on: whom its own questions are for, and how long each may still take. */

import { KernelError, type ToolContext } from '../../core/index.ts';

/** How often one call may ask the user and the model; twice that ends it. */
const maxQuestions = 10;
const maxSamples = 5;

/** Tokens of the kernel's model that servers have spent in a call. They count against the limits of the turn. */
export interface Spent {
  tokens: number;
}

/** What a call may take, and where what it spends is counted. */
interface CallBounds {
  readonly what: string;
  readonly timeoutMs: number;
  readonly spent: Spent;
}

/** One call under way. Its signal is aborted with the turn's, at its time limit, and when it asks without end. */
export class ActiveCall implements Disposable {
  readonly context: ToolContext;
  readonly spent: Spent;
  readonly #controller = new AbortController();
  readonly what: string;
  readonly #follow = () => this.#controller.abort(this.context.signal.reason);
  #timer: NodeJS.Timeout | undefined;
  #startedMs = 0;
  #leftMs: number;
  #waits = 0;
  #questions = 0;
  #samples = 0;
  /** Whether its time limit ended it. */
  isLate = false;
  /** Whether asking without end ended it. */
  isRunaway = false;

  constructor(context: ToolContext, { what, timeoutMs, spent }: CallBounds) {
    this.context = context;
    this.spent = spent;
    this.what = what;
    this.#leftMs = timeoutMs;
    context.signal.addEventListener('abort', this.#follow, { once: true });
    if (context.signal.aborted) this.#follow();
    this.#run();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  #run(): void {
    this.#startedMs = performance.now();
    this.#timer = setTimeout(() => {
      this.isLate = true;
      this.#controller.abort(new KernelError('timeout', `${this.what} took too long`));
    }, this.#leftMs);
  }

  /** The time that a person takes does not count. */
  async waitFor<T>(answer: Promise<T>): Promise<T> {
    if (this.#waits++ === 0) {
      clearTimeout(this.#timer);
      this.#leftMs -= performance.now() - this.#startedMs;
    }
    try {
      return await answer;
    } finally {
      if (--this.#waits === 0) this.#run();
    }
  }

  /** Whether the user may be asked once more. */
  mayAsk(): boolean {
    return this.#isWithin(++this.#questions, maxQuestions, 'the user');
  }

  /** Whether the model may be asked once more. */
  maySample(): boolean {
    return this.#isWithin(++this.#samples, maxSamples, 'the model');
  }

  #isWithin(count: number, most: number, whom: string): boolean {
    const message = `${this.what} asked ${whom} ${count} times and was ended: ${most} times are the most`;
    if (count > 2 * most) {
      this.isRunaway = true;
      this.#controller.abort(new KernelError('denied', message));
    }
    return count <= most;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.context.signal.removeEventListener('abort', this.#follow);
  }
}

/** The calls of one server. A request of the server's own names none, so it is taken for the latest one's. */
export class ActiveCalls {
  readonly #calls = new Set<ActiveCall>();

  get latest(): ActiveCall | undefined {
    return [...this.#calls].at(-1);
  }

  begin(context: ToolContext, bounds: CallBounds): ActiveCall {
    const call = new ActiveCall(context, bounds);
    this.#calls.add(call);
    return call;
  }

  end(call: ActiveCall): void {
    this.#calls.delete(call);
    call[Symbol.dispose]();
  }
}
