import { models, textOf } from '../../core/index.ts';
import type { Model, ModelError, Part, Plugin, Traits, Usage } from '../../core/index.ts';
import { play, type Pace } from './scripted/play.ts';
import { ScriptPosition } from './scripted/position.ts';

/** A call that the model makes; `args` given as a string goes out as it is, valid JSON or not. */
export interface ScriptedCall {
  readonly name: string;
  readonly args?: unknown;
  /** The call id; made when left out. */
  readonly id?: string;
}

/** One answer of the model. Texts and arguments may name groups that an earlier `expect` captured: `{{name}}`. */
export interface ScriptedStep {
  readonly reasoning?: string;
  readonly text?: string;
  readonly calls?: readonly ScriptedCall[];
  /** A regular expression that the results since the last step must match, else the turn fails. */
  readonly expect?: string;
  /** Played only while what the user said last matches this regular expression; until then it is passed over. */
  readonly when?: string;
  /** It is never used up: the calls of a model that does not stop. */
  readonly again?: boolean;
  readonly stop?: 'end' | 'length' | 'filter';
  /** The stream ends before the answer does. */
  readonly cut?: boolean;
  /** Throws a ModelError after what there is to say. */
  readonly error?: {
    readonly code: ModelError['code'];
    readonly message: string;
    readonly status?: number;
    readonly retryAfterMs?: number;
  };
  /** Default: characters / 4. */
  readonly usage?: Usage;
}

/** Options of the scripted model: plain data. */
export interface ScriptedOptions {
  /** Default `scripted`; the name of plugin and provider. */
  readonly name?: string;
  /** Played in order in each thread. */
  readonly steps?: readonly ScriptedStep[];
  /** What it says when no step is left. Default `The script is at its end.` */
  readonly closing?: string;
  /** What it says when it may call nothing, as in a compaction; takes no step. Default `Summary: nothing to add.` */
  readonly aside?: string;
  /** Pieces in which each text is shown. Default 1. */
  readonly deltas?: number;
  /** Before each piece. Default 0. */
  readonly delayMs?: number;
  readonly traits?: Partial<Traits>;
}

/**
 * A model that plays a script, for tests and demonstrations: each thread its own steps in order, then a closing text.
 * A step whose `expect` does not match what the tools gave fails the turn, so that a script cannot pretend.
 */
export default function scripted(config: ScriptedOptions = {}): Plugin {
  const name = config.name ?? 'scripted';
  return { name, api: 1, setup: (host) => void host.add(models, scriptedModel(name, config)) };
}

/** The schema of ScriptedOptions. */
export const options = async () => (await import('./scripted/options.ts')).scriptedOptions();

function scriptedModel(name: string, config: ScriptedOptions): Model {
  const positions = new Map<string, ScriptPosition>();
  const pace: Pace = { deltas: config.deltas ?? 1, delayMs: config.delayMs ?? 0 };
  const closing = { text: config.closing ?? 'The script is at its end.' };
  const aside = { text: config.aside ?? 'Summary: nothing to add.' };
  return {
    name,
    traits: ({ model = name }) => ({
      model,
      window: 200_000,
      output: 32_000,
      images: true,
      tools: true,
      efforts: [],
      ...config.traits,
    }),
    encode: encodePart,
    async *stream({ thread, parts, toolChoice }, { signal }) {
      const position = positions.get(thread) ?? new ScriptPosition(config.steps ?? []);
      positions.set(thread, position);
      const shown = parts.map(({ part }) => part);
      const step = toolChoice === 'none' ? aside : (position.next(shown) ?? closing);
      const input = parts.reduce((sum, { text }) => sum + Math.ceil(text.length / 4), 0);
      yield* play(step, { prefix: position.nextId(), pace, input, signal });
    },
  };
}

function encodePart(part: Part): string {
  if (part.type === 'tools') return JSON.stringify(part.tools);
  if (part.type === 'user' || part.type === 'result') return JSON.stringify(textOf(part.content));
  if (part.type === 'call') return JSON.stringify([part.name, part.args]);
  if (part.type === 'reasoning') return JSON.stringify(part.summary.join('\n'));
  return JSON.stringify(part.type === 'hosted' ? part.summary : part.text);
}
