import assert from 'node:assert/strict';
import { applyUpdate } from '../../../../plugins/tools/patch/apply.ts';
import { parsePatch } from '../../../../plugins/tools/patch/parse.ts';
import type { Chunk, Outcome, Patch, PatchFailure } from '../../../../plugins/tools/patch/patch.ts';

/** The value of an outcome that must be a success. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) assert.fail(outcome.failures.map((one) => one.message).join('\n'));
  return outcome.value;
}

/** The first reason of an outcome that must be a failure. */
export function failureOf(outcome: Outcome<unknown>): PatchFailure {
  if (outcome.ok) assert.fail(`expected a failure, got ${JSON.stringify(outcome.value)}`);
  const [first] = outcome.failures;
  assert.ok(first !== undefined, 'a failure without a reason');
  return first;
}

/** The patch whose sections are the lines given. */
export function patchOf(...lines: readonly string[]): Patch {
  return valueOf(parsePatch(['*** Begin Patch', ...lines, '*** End Patch', ''].join('\n')));
}

/** The chunks of an update whose lines are given. */
export function chunksOf(...lines: readonly string[]): readonly Chunk[] {
  const section = patchOf('*** Update File: file', ...lines).sections[0];
  return section?.kind === 'update' ? section.chunks : [];
}

/** A file's text after an update with the lines given, or why it is refused. */
export function update(original: string, ...lines: readonly string[]): Outcome<string> {
  return applyUpdate(original, chunksOf(...lines));
}
