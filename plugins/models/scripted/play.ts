import { setTimeout as wait } from 'node:timers/promises';
import { ModelError } from '../../../core/index.ts';
import type { ModelEvent, Output } from '../../../core/index.ts';
import type { ScriptedCall, ScriptedStep } from '../scripted.ts';

/** How texts are shown: in so many pieces, and how long to wait before each. */
export interface Pace {
  readonly deltas: number;
  readonly delayMs: number;
}

/** `prefix` of the ids of this answer; `input`: tokens that it reports to have read. */
export interface PlayOptions {
  readonly prefix: string;
  readonly pace: Pace;
  readonly input: number;
  readonly signal: AbortSignal;
}

/** Streams one step as a model would answer it. Throws the step's error; rejects with the signal's reason on abort. */
export async function* play(step: ScriptedStep, options: PlayOptions): AsyncGenerator<ModelEvent> {
  const outputs = outputsOf(step, options.prefix);
  for (const output of outputs) {
    yield* show(output, options);
    if (step.cut !== true && step.error === undefined) yield { type: 'output', output };
  }
  if (step.error !== undefined)
    throw new ModelError(step.error.code, step.error.message, step.error);
  if (step.cut === true) return;
  const said = outputs.reduce((sum, output) => sum + textOf(output).length, 0);
  const output = Math.ceil(said / 4);
  const usage = step.usage ?? { input: options.input, cached: 0, output, reasoning: 0 };
  yield { type: 'done', stop: step.stop ?? 'end', usage };
}

function outputsOf(
  { reasoning, text, calls = [] }: ScriptedStep,
  prefix: string,
): readonly Output[] {
  const outputs: Output[] = [];
  if (reasoning !== undefined)
    outputs.push({ type: 'reasoning', id: `${prefix}_reasoning`, summary: [reasoning] });
  if (text !== undefined) outputs.push({ type: 'assistant', id: `${prefix}_text`, text });
  calls.forEach((call, index) => outputs.push(callOf(call, `${prefix}_call${index + 1}`)));
  return outputs;
}

function callOf({ name, args = {}, id }: ScriptedCall, made: string): Output {
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return { type: 'call', id: made, call: id ?? made, name, args: text };
}

async function* show(output: Output, { pace, signal }: PlayOptions): AsyncGenerator<ModelEvent> {
  for (const text of pieces(textOf(output), pace.deltas)) {
    if (pace.delayMs > 0) await wait(pace.delayMs, undefined, { signal });
    signal.throwIfAborted();
    if (output.type === 'assistant') yield { type: 'delta', kind: 'text', id: output.id, text };
    if (output.type === 'reasoning')
      yield { type: 'delta', kind: 'reasoning', id: output.id, text };
    if (output.type === 'call')
      yield { type: 'delta', kind: 'args', id: output.id, text, name: output.name };
  }
}

function textOf(output: Output): string {
  if (output.type === 'assistant') return output.text;
  if (output.type === 'call') return output.args;
  return output.type === 'reasoning' ? output.summary.join('\n') : output.summary;
}

/** Cuts a text into at most `count` pieces, never in the middle of a character. */
function pieces(text: string, count: number): readonly string[] {
  if (text === '') return [];
  if (count <= 1) return [text];
  const points = Array.from(text);
  const size = Math.ceil(points.length / count);
  const cut: string[] = [];
  for (let at = 0; at < points.length; at += size) cut.push(points.slice(at, at + size).join(''));
  return cut;
}
