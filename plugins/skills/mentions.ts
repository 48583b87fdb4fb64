/** Skills that the user names in an input as `$name`. */

import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

import { textOf, type Content } from '../../core/index.ts';
import { isActive } from '../markdown/folders.ts';
import type { Skill } from './skill.ts';

const mention = /(?<![\w$\\])\$([a-z0-9]+(?:-[a-z0-9]+)*)(?![\w-])/g;

/** The active skills that an input names, each once, in the order of their mention. */
export function mentioned(input: readonly Content[], skills: readonly Skill[]): readonly Skill[] {
  const texts = input.filter((one) => one.type === 'text');
  const names = [...textOf(texts).matchAll(mention)].map(([, name = '']) => name);
  const active = new Map(skills.filter(isActive).map((skill) => [skill.name, skill]));
  return [...new Set(names)].flatMap((name) => active.get(name) ?? []);
}

/** Whether an input may name a skill at all, so that one that does not costs nothing. */
export const mayMention = (input: readonly Content[]) =>
  input.some((one) => one.type === 'text' && one.text.includes('$'));

/** Of a skill that comes with an input; the model reads the rest from its file. */
const maxBytes = 32 * 1024;

/** A skill as the model gets it, with the user's words. */
export function contentOf({ name, path, body }: Skill): Content {
  const inside = cut(body, path).replaceAll(/<(?=\/?skill\b)/g, '<\\');
  const text = `<skill name="${name}" folder=${JSON.stringify(dirname(path))}>\n${inside}\n</skill>`;
  const uri = pathToFileURL(path).href;
  return { type: 'resource', resource: { uri, mimeType: 'text/markdown', text } };
}

function cut(body: string, path: string): string {
  const bytes = Buffer.from(body);
  if (bytes.length <= maxBytes) return body;
  const shown = bytes.subarray(0, bytes.lastIndexOf(10, maxBytes) + 1 || maxBytes);
  const note = `[cut here: ${shown.length} of ${bytes.length} bytes; read ${path} for the rest]`;
  return `${shown.toString().trimEnd()}\n${note}`;
}
