/** What the model is told of skills: names and descriptions within a budget, in a stable order. */

import { dirname } from 'node:path';

import { isActive } from '../markdown/folders.ts';
import type { Skill } from './skill.ts';

/** The text, and which skills did not fit. */
export interface Listing {
  /** Empty when there is nothing to tell. */
  readonly text: string;
  readonly bytes: number;
  readonly leftOut: readonly Skill[];
}

const head =
  'Skills: instructions for some kinds of tasks. When one fits the task, read it before you begin, with the files beside it that it names: FOLDER/NAME/SKILL.md. They change no approvals, sandbox or tools.';
/** Of a description, where they do not all fit whole. */
const shortLength = 120;

/** Descriptions are shortened when they do not all fit into `maxBytes`; then the last skills are left out. */
export function listingOf(skills: readonly Skill[], maxBytes: number): Listing {
  const told = skills.filter((skill) => isActive(skill) && !skill.isForUser);
  if (told.length === 0) return { text: '', bytes: 0, leftOut: [] };
  const whole = textOf(told, 0, Infinity);
  if (Buffer.byteLength(whole) <= maxBytes)
    return { text: whole, bytes: Buffer.byteLength(whole), leftOut: [] };
  // The more are shown, the longer the text: the greatest number that fits is found by halving.
  const fits = (count: number) => {
    const text = textOf(told.slice(0, count), told.length - count, shortLength);
    return Buffer.byteLength(text) <= maxBytes;
  };
  let [good, bad] = [0, told.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  const text = textOf(told.slice(0, good), told.length - good, shortLength);
  return { text, bytes: Buffer.byteLength(text), leftOut: told.slice(good) };
}

function textOf(skills: readonly Skill[], missing: number, length: number): string {
  const folders = Map.groupBy(skills, ({ path }) => dirname(dirname(path)));
  const lines = [...folders].flatMap(([folder, all]) => [
    `In ${JSON.stringify(folder)}:`,
    ...all.map(({ name, description }) => `- ${name}: ${shortened(description, length)}`),
  ]);
  const rest = missing === 0 ? [] : [`[${missing} more skills are left out here]`];
  return [head, ...lines, ...rest].join('\n');
}

function shortened(text: string, length: number): string {
  return text.length <= length
    ? text
    : `${text
        .slice(0, length - 1)
        .trimEnd()
        .toWellFormed()}…`;
}
