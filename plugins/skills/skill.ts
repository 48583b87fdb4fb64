/** One skill by the Agent Skills specification (agentskills.io/specification, November 2026). */

import type { Named } from '../markdown/folders.ts';
import { type Fault, isFault, readFrontMatter } from '../markdown/front-matter.ts';
import type { Source } from '../markdown/sources.ts';

/** A skill that can be used, if its standing lets it. */
export interface Skill extends Named {
  /** On one line. */
  readonly description: string;
  /** Of its SKILL.md. */
  readonly path: string;
  readonly by: Source['by'];
  /** The model is not told of it: only the user names it. */
  readonly isForUser: boolean;
  readonly license?: string;
  readonly compatibility?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** What its author would allow; it allows nothing here. */
  readonly allowedTools?: string;
  /** The instructions, without front matter. */
  readonly body: string;
}

const maxName = 64;
const maxDescription = 1024;
const maxCompatibility = 500;
const nameForm = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** The skill that a SKILL.md holds; `folder` is the name of its folder. */
export async function readSkill(source: Source, folder: string): Promise<Skill | Fault> {
  const read = await readFrontMatter(source.text);
  if (isFault(read)) return read;
  const { values, body, lineOf } = read;
  const fault = faultIn(values, folder);
  if (fault !== undefined) return { line: lineOf(fault.key), reason: fault.reason };
  const { license, compatibility, metadata } = values;
  const allowedTools = values['allowed-tools'];
  const { path, by, standing } = source;
  return {
    name: String(values['name']),
    description: String(values['description']).replaceAll(/\s+/g, ' ').trim(),
    path,
    by,
    standing,
    isForUser: values['disable-model-invocation'] === true,
    ...(typeof license === 'string' ? { license } : {}),
    ...(typeof compatibility === 'string' ? { compatibility } : {}),
    ...(isMap(metadata) ? { metadata } : {}),
    ...(typeof allowedTools === 'string' ? { allowedTools } : {}),
    body,
  };
}

interface KeyFault {
  readonly key: string;
  readonly reason: string;
}

function faultIn(values: Readonly<Record<string, unknown>>, folder: string): KeyFault | undefined {
  const { name, description, compatibility, metadata } = values;
  return (
    nameFault(name, folder) ??
    textFault('description', description, maxDescription) ??
    (compatibility === undefined
      ? undefined
      : textFault('compatibility', compatibility, maxCompatibility)) ??
    (metadata === undefined || isMap(metadata)
      ? undefined
      : { key: 'metadata', reason: 'metadata: expected keys with values' })
  );
}

function nameFault(name: unknown, folder: string): KeyFault | undefined {
  const fault = textFault('name', name, maxName);
  if (fault !== undefined || typeof name !== 'string') return fault;
  const key = 'name';
  if (!nameForm.test(name))
    return {
      key,
      reason: `name: expected small letters and digits, with single hyphens between them, but got ${JSON.stringify(name)}`,
    };
  if (name === folder) return undefined;
  return {
    key,
    reason: `name: expected ${JSON.stringify(folder)}, as its folder is called, but got ${JSON.stringify(name)}`,
  };
}

function textFault(key: string, value: unknown, max: number): KeyFault | undefined {
  if (value === undefined || value === null) return { key, reason: `${key} is missing` };
  if (typeof value !== 'string')
    return { key, reason: `${key}: expected a text, but got ${typeof value}: put it in quotes` };
  const { length } = Array.from(value.trim());
  if (length === 0) return { key, reason: `${key} is empty` };
  return length <= max
    ? undefined
    : { key, reason: `${key}: expected at most ${max} characters, but it has ${length}` };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
