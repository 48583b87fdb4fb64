import { ModelError, textOf } from '../../../core/index.ts';
import type { Part } from '../../../core/index.ts';
import type { ScriptedStep } from '../scripted.ts';

/** The most of a text that an error quotes. */
const quoted = 500;

const outputTypes: ReadonlySet<string> = new Set(['reasoning', 'assistant', 'call', 'hosted']);

/** How far one thread has played its script. */
export class ScriptPosition {
  readonly #left: ScriptedStep[];
  readonly #groups = new Map<string, string>();
  #count = 0;

  constructor(steps: readonly ScriptedStep[]) {
    this.#left = [...steps];
  }

  /** A prefix for the ids of one answer, unlike any before. */
  nextId(): string {
    return `s${++this.#count}`;
  }

  /**
   * The next step for a window of these parts, with captured groups filled in; `undefined` when none is left. Throws
   * `model_answer` when its `expect` does not match.
   */
  next(parts: readonly Part[]): ScriptedStep | undefined {
    const user = parts.findLast((part) => part.type === 'user');
    const said = user === undefined ? '' : textOf(user.content);
    const at = this.#left.findIndex(({ when }) => when === undefined || pattern(when).test(said));
    const step = this.#left[at];
    if (step === undefined) return undefined;
    this.#check(step, parts);
    if (step.again !== true) this.#left.splice(at, 1);
    return this.#fill(step);
  }

  #check({ expect }: ScriptedStep, parts: readonly Part[]): void {
    if (expect === undefined) return;
    const last = parts.findLastIndex(({ type }) => outputTypes.has(type));
    const results = parts.slice(last + 1).filter((part) => part.type === 'result');
    const text = results.map(({ content }) => textOf(content)).join('\n');
    const match = pattern(expect).exec(text);
    if (match === null) {
      const shown = text.length > quoted ? `…${text.slice(-quoted)}` : text;
      throw new ModelError(
        'model_answer',
        `the script expected results that match /${expect}/, but they were: ${shown || '(none)'}`,
      );
    }
    for (const [name, value] of Object.entries(match.groups ?? {})) this.#groups.set(name, value);
  }

  #fill(step: ScriptedStep): ScriptedStep {
    if (this.#groups.size === 0) return step;
    const fill = <T>(value: T): T => fillGroups(value, this.#groups) as T; // strings stay strings, shapes stay shapes
    const { text, reasoning, calls } = step;
    return { ...step, text: fill(text), reasoning: fill(reasoning), calls: fill(calls) };
  }
}

function pattern(source: string): RegExp {
  try {
    return new RegExp(source, 'ms');
  } catch (error) {
    const message = `expected a regular expression in the script, but got /${source}/`;
    throw new ModelError('model_config', message, { cause: error });
  }
}

function fillGroups(value: unknown, groups: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string')
    return value.replaceAll(/\{\{(\w+)\}\}/gu, (whole, name: string) => groups.get(name) ?? whole);
  if (Array.isArray(value)) return value.map((one: unknown) => fillGroups(one, groups));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, fillGroups(one, groups)]),
  );
}
