/** What people are told of an answer that its model did not end itself. */

import type { StepItem } from '../../../core/index.ts';

/** Nothing of one that is whole. */
export function cutAnswer({ model, stop }: StepItem): string | undefined {
  if (stop === 'end') return undefined;
  return stop === 'length'
    ? `the answer is cut: ${model} reached its output limit (incomplete: max_output_tokens); ask for the rest, or for less`
    : `the answer is cut: the filter of ${model}'s host stopped it (incomplete: content_filter)`;
}
