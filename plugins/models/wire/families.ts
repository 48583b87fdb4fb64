/** What is known of models by their names, as their makers document them (November 2026). Options go before it. */

import type { Traits } from '../../../core/index.ts';

type Family = Omit<Traits, 'model' | 'tools'>;

const thinking = { images: true, output: 128_000 };
const upTo = (last: 'high' | 'xhigh' | 'max', first: 'none' | 'minimal' | 'low') => {
  const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
  const range = efforts.slice(efforts.indexOf(first), efforts.indexOf(last) + 1);
  return first === 'none' ? range.filter((effort) => effort !== 'minimal') : range;
};

/** The first that matches the name, without a maker's prefix such as `openai/`, counts. */
const families: readonly (readonly [name: RegExp, family: Family])[] = [
  [/^gpt-[6-9]/, { ...thinking, window: 400_000, efforts: upTo('max', 'none') }],
  [/^gpt-5\.6-luna/, { ...thinking, window: 400_000, efforts: upTo('max', 'none') }],
  [/^gpt-5\.[6-9]/, { ...thinking, window: 1_050_000, efforts: upTo('max', 'none') }],
  [/^gpt-5\.4-(?:mini|nano)/, { ...thinking, window: 400_000, efforts: upTo('xhigh', 'none') }],
  [/^gpt-5\.[45]/, { ...thinking, window: 1_050_000, efforts: upTo('xhigh', 'none') }],
  [/^gpt-5.*-chat/, { images: true, window: 128_000, output: 16_384, efforts: [] }],
  [/^gpt-5\.1-codex-max/, { ...thinking, window: 400_000, efforts: upTo('xhigh', 'low') }],
  [/^gpt-5.*-codex/, { ...thinking, window: 400_000, efforts: upTo('high', 'low') }],
  [/^gpt-5(?:\.\d)?-pro/, { ...thinking, window: 400_000, efforts: ['high'] }],
  [/^gpt-5\.[23]/, { ...thinking, window: 400_000, efforts: upTo('xhigh', 'none') }],
  [/^gpt-5\.1/, { ...thinking, window: 400_000, efforts: upTo('high', 'none') }],
  [/^gpt-5/, { ...thinking, window: 400_000, efforts: upTo('high', 'minimal') }],
  [/^gpt-4\.1/, { images: true, window: 1_047_576, output: 32_768, efforts: [] }],
  [/^(?:chat)?gpt-4o/, { images: true, window: 128_000, output: 16_384, efforts: [] }],
  [/^gpt-4-turbo/, { images: true, window: 128_000, output: 4_096, efforts: [] }],
  [/^gpt-4/, { images: false, window: 8_192, output: 4_096, efforts: [] }],
  [/^gpt-3\.5/, { images: false, window: 16_385, output: 4_096, efforts: [] }],
  [/^o3-mini/, { images: false, window: 200_000, output: 100_000, efforts: upTo('high', 'low') }],
  [/^(?:o[134]|codex-mini)/, { ...thinking, window: 200_000, efforts: upTo('high', 'low') }],
  [/^gpt-oss/, { images: false, window: 131_072, output: 32_768, efforts: upTo('high', 'low') }],
];

/** An unknown model is asked for what the user wants; the server knows better what it can do. */
const unknown: Family = {
  images: true,
  window: 128_000,
  output: 16_384,
  efforts: upTo('high', 'low'),
};

/** What is known of a model of this name. */
export function knownTraits(model: string): Traits {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  const [, family] = families.find(([pattern]) => pattern.test(name)) ?? [undefined, unknown];
  return { model, tools: true, ...family };
}
