/** What the sub-agents of one turn of a person have had: how many there were, and what they spent. */

import { invalid } from '../../core/index.ts';

/** Bounds on sub-agents. */
export interface Bounds {
  /** Of sub-agents of sub-agents; 1: a sub-agent has none of its own. */
  readonly maxDepth: number;
  /** That one turn has running at a time; more wait. */
  readonly maxAtOnce: number;
  /** That there are in one turn of a person, at every depth. */
  readonly maxPerTurn: number;
  /** In and out, that they spend together in one turn of a person. */
  readonly maxTokens: number;
}

/** Shared by all sub-agents below one turn. */
export class Ledger {
  readonly #bounds: Bounds;
  readonly #spent = new Map<string, number>();
  #started = 0;
  #tokens = 0;
  /** Told after each payment. */
  readonly onSpent = new Set<() => void>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Counts one more sub-agent at this depth. Throws `invalid` when there may be none. */
  admit(depth: number): void {
    const { maxDepth, maxPerTurn } = this.#bounds;
    const advice = 'do the rest yourself';
    if (depth > maxDepth)
      throw invalid`a sub-agent at depth ${depth} is not started: at most ${maxDepth} (option maxDepth of agents): ${advice}`;
    if (this.#started >= maxPerTurn)
      throw invalid`this sub-agent is not started: this turn has had ${this.#started}, which is the most (option maxPerTurn of agents): ${advice}`;
    if (this.left <= 0) throw invalid`this sub-agent is not started: ${this.exhausted}: ${advice}`;
    this.#started += 1;
  }

  /** Tokens that may still be spent. */
  get left(): number {
    return this.#bounds.maxTokens - this.#tokens;
  }

  /** Why nothing may be spent any more. */
  get exhausted(): string {
    return `the sub-agents of this turn have spent ${this.#tokens} tokens of at most ${this.#bounds.maxTokens} (option maxTokens of agents)`;
  }

  /** Counts tokens of a sub-agent that this turn started. */
  spend(turn: string, tokens: number): void {
    this.#tokens += tokens;
    this.#spent.set(turn, this.spentBy(turn) + tokens);
    for (const tell of this.onSpent) tell();
  }

  /** What sub-agents that this turn started have spent. */
  spentBy(turn: string): number {
    return this.#spent.get(turn) ?? 0;
  }
}

/** A number of places; who finds none waits. */
export class Places {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves with a place, to be disposed of; rejects with the signal's reason on abort. */
  async take(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free === 0) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const onAbort = () => {
        this.#waiting.delete(resolve);
        reject(signal.reason);
      };
      this.#waiting.add(resolve);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        await promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    } else this.#free -= 1;
    return { [Symbol.dispose]: () => this.#give() };
  }

  /** The place goes to whoever waits longest. */
  #give(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
