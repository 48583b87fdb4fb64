/** Takes secrets out of configuration that is shown. */

import { type ConfigData, isSection, type KeyPath } from './key-path.ts';

/** What stands in place of a secret. */
export const redacted = '[redacted]';

/** Sections whose every value may be a secret. */
const secretSections = new Set(['headers', 'env']);

/** Names of single values that are secrets; not of a variable or a file that holds one. */
const secretName = /(?:key|token|secret|password|passwd|credential|authorization|cookie)s?$/i;

/** The value at a path as it may be shown, at any depth. */
export function redact(value: unknown, path: KeyPath): unknown {
  if (Array.isArray(value)) return value.map((one) => redact(one, path));
  if (isSection(value)) return redactSection(value, path);
  if (typeof value !== 'string') return value;
  const isSecret =
    path.some((name) => secretSections.has(name)) || secretName.test(path.at(-1) ?? '');
  return isSecret && value !== '' ? redacted : withoutCredentials(value);
}

function redactSection(section: ConfigData, path: KeyPath): ConfigData {
  const entries = Object.entries(section);
  return Object.fromEntries(entries.map(([name, value]) => [name, redact(value, [...path, name])]));
}

/** `scheme://user:password@host` names its host only. */
function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, `$1${redacted}@`);
}
