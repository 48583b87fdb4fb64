/** Which values of the configuration are secrets: they are not shown, and taken out of all that is written. */

import { type ConfigData, isSection, type KeyPath, leavesOf } from './key-path.ts';
import type { Config } from './keys.ts';

/** What stands in place of a secret. */
const redacted = '[redacted]';

/** Sections whose every value may be a secret. */
const secretSections = new Set(['headers', 'env', 'values']);

/** Names of single values that are secrets; not of a variable or a file that holds one. */
const secretName = /(?:key|token|secret|password|passwd|credential|authorization|cookie)s?$/i;

/** The value at a path as it may be shown, at any depth. */
export function redact(value: unknown, path: KeyPath): unknown {
  if (Array.isArray(value)) return value.map((one) => redact(one, path));
  if (isSection(value)) return redactSection(value, path);
  if (typeof value !== 'string') return value;
  return isSecret(path) && value !== '' ? redacted : withoutCredentials(value);
}

function isSecret(path: KeyPath): boolean {
  return path.some((name) => secretSections.has(name)) || secretName.test(path.at(-1) ?? '');
}

/** The values that may be secrets, URLs that may hold one among them, and the variables that are named to hold one. */
export function secretsIn(config: Config): {
  readonly values: readonly string[];
  readonly env: readonly string[];
} {
  const values: string[] = [];
  const env: string[] = [];
  for (const [path, value] of leavesOf({ ...config })) {
    // A list of that name names variables; a section of that name holds their values.
    const isNames =
      path.at(-1)?.endsWith('KeyEnv') || (path.at(-1) === 'env' && Array.isArray(value));
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one !== 'string') continue;
      if (isNames) env.push(one);
      else if (isSecret(path) || one.includes('://')) values.push(one);
    }
  }
  return { values, env };
}

function redactSection(section: ConfigData, path: KeyPath): ConfigData {
  const entries = Object.entries(section);
  return Object.fromEntries(entries.map(([name, value]) => [name, redact(value, [...path, name])]));
}

/** `scheme://user:password@host` names its host only. */
function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, `$1${redacted}@`);
}

/** A text that is told where there is no kernel, and so no redactor. */
export async function withoutSecrets(text: string): Promise<string> {
  const { known } = await import('../plugins/redactors/secrets/known.ts');
  const { makeRedactor } = await import('../plugins/redactors/secrets/redactor.ts');
  return makeRedactor(known({}, process.env), [])(text);
}
