/** Patterns of names and paths. */

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Whether a name is what a pattern says; `*` stands for any text. */
export function isNamed(name: string, pattern: string): boolean {
  return new RegExp(`^${pattern.split('*').map(escape).join('.*')}$`, 's').test(name);
}

/**
 * Whether a path is what a pattern says, or lies in a folder that is. A pattern that begins with `**` may begin
 * anywhere; other relative ones are taken from each root. `anyCase`: whatever its case is.
 */
export function isAtPath(
  path: string,
  pattern: string,
  { roots, anyCase = false }: { readonly roots: readonly string[]; readonly anyCase?: boolean },
): boolean {
  return absolute(pattern, roots).some((one) =>
    new RegExp(`^${source(one)}(?:/.*)?$`, anyCase ? 'is' : 's').test(path),
  );
}

function absolute(pattern: string, roots: readonly string[]): readonly string[] {
  if (pattern.startsWith('**')) return [`/${pattern}`];
  if (pattern === '~' || pattern.startsWith('~/')) return [join(homedir(), pattern.slice(1))];
  if (isAbsolute(pattern)) return [join(pattern)];
  return roots.map((root) => join(root, pattern));
}

function source(pattern: string): string {
  const parts = pattern.replace(/\/+$/, '').split(/(\/\*\*(?=\/|$)|\*+|\?)/);
  const meanings: Readonly<Record<string, string>> = { '/**': '(?:/.*)?', '?': '[^/]' };
  return parts
    .map((part) => meanings[part] ?? (/^\*+$/.test(part) ? '[^/]*' : escape(part)))
    .join('');
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}
