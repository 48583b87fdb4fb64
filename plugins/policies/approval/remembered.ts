/** What was answered: rules for a thread, which end with the process, and for a project, which are kept. */

import type { PlacedRule, Rule } from '../rules/rule.ts';

/** The project's rules as they are kept. Both throw KernelError with what is wrong and what to do. */
export interface ProjectRules {
  /** Where they are kept. */
  readonly file: string;
  readonly read: () => readonly Rule[];
  readonly add: (rule: Rule) => void;
  /** Whether there was such a rule. */
  readonly remove: (rule: Rule) => boolean;
}

const maxThreads = 200;
const maxRules = 200;

/** Answers of one kernel. */
export class Remembered {
  readonly #project: ProjectRules | undefined;
  readonly #threads = new Map<string, readonly Rule[]>();
  readonly #fault: (error: unknown) => void;

  /** `fault` is told of what cannot be read or written. */
  constructor(project: ProjectRules | undefined, fault: (error: unknown) => void) {
    this.#project = project;
    this.#fault = fault;
  }

  /** What counts in a thread now; rules that were removed meanwhile do not. */
  rules(thread: string | undefined): readonly PlacedRule[] {
    const own = this.#threads.get(thread ?? '') ?? [];
    return [...own.map((rule) => ({ rule, layer: 'thread' })), ...this.#kept()];
  }

  #kept(): readonly PlacedRule[] {
    if (this.#project === undefined) return [];
    const { file, read } = this.#project;
    try {
      return read().map((rule) => ({ rule, layer: 'project', file }));
    } catch (error) {
      this.#fault(error);
      return [];
    }
  }

  /** Remembers for a thread; also for the project, if it can be kept. */
  add(rule: Rule, how: 'thread' | 'project', thread: string | undefined): void {
    if (how === 'project' && this.#keep(rule)) return;
    const key = thread ?? '';
    this.#threads.set(key, [...(this.#threads.get(key) ?? []), rule].slice(-maxRules));
    const [oldest] = this.#threads.keys();
    if (this.#threads.size > maxThreads && oldest !== undefined) this.#threads.delete(oldest);
  }

  #keep(rule: Rule): boolean {
    try {
      this.#project?.add(rule);
      return this.#project !== undefined;
    } catch (error) {
      this.#fault(error);
      return false;
    }
  }
}
