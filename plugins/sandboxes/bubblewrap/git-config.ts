/** The little of git's configuration format (git-config(1), Syntax) that the sandbox must understand. */

import { contentOf } from './content.ts';

/** One setting, its name in lower case but for the subsection. */
export type Setting = Readonly<{ name: string; value: string }>;

/** What a commit needs to know of the user; nothing that could name a key or a program. */
const identity = new Set(
  'user.name user.email init.defaultbranch safe.directory core.autocrlf core.eol'.split(' '),
);

/** The settings of a configuration, in order; includes are not followed. A file that cannot be read has none. */
export function settingsIn(file: string | Buffer): readonly Setting[] {
  return parseSettings(contentOf(file)?.toString() ?? '');
}

/** The same for its text. Lines that are no settings are skipped. */
export function parseSettings(text: string): readonly Setting[] {
  const settings: Setting[] = [];
  let section = '';
  for (const line of text.replace(/\\\r?\n/g, '').split(/\r?\n/)) {
    const [, head, sub, rest = line] =
      /^\s*\[\s*([\w.-]+)(?:\s+"(.*)")?\s*\](.*)$/.exec(line) ?? [];
    if (head !== undefined)
      section = sub === undefined ? head.toLowerCase() : `${head.toLowerCase()}.${sub}`;
    const [, key, value = 'true'] = /^\s*([a-z][\w-]*)\s*(?:=\s*(.*))?$/i.exec(rest) ?? [];
    if (key !== undefined)
      settings.push({ name: `${section}.${key.toLowerCase()}`, value: plain(value) });
  }
  return settings;
}

/** A configuration that holds only who commits and how lines end, taken from files of which later ones win. */
export function identityOf(files: readonly string[]): string {
  const kept = files.flatMap((file) => settingsIn(file)).filter(({ name }) => identity.has(name));
  return kept
    .map(({ name, value }) => {
      const [section, key] = name.split('.');
      return `[${section}]\n\t${key} = ${quoted(value)}\n`;
    })
    .join('');
}

function plain(value: string): string {
  const parts = value.match(/"(?:[^"\\]|\\.)*"?|[#;].*|[^"#;]+/g) ?? [];
  const text = parts.map((part) => {
    if (part.startsWith('#') || part.startsWith(';')) return '';
    return part.startsWith('"') ? part.replace(/^"|"$/g, '') : part;
  });
  return text.join('').trim().replace(/\\(.)/g, '$1');
}

function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}
