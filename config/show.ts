/** `spindle config show | explain | schema`: what is in force, and where it is from. */

import { homedir } from 'node:os';
import { KernelError } from '../core/errors.ts';
import { formatKeyPath, leavesOf, parseKeyPath, valueAt } from './key-path.ts';
import { keyRules, ruleOf } from './keys.ts';
import { explainKey, mergeLayers, type Say, type Sourced, sourceOf } from './layers.ts';
import type { Configuration } from './load.ts';
import { redact } from './redact.ts';
import { didYouMean } from './suggest.ts';

/** The effective values, each with its source; secrets redacted. */
export function showConfig(
  { layers }: Configuration,
  { json }: { readonly json: boolean },
): string {
  const effective = mergeLayers(layers);
  const values = [...leavesOf(effective)].map(([path, value]) => ({
    key: formatKeyPath(path),
    value: redact(value, path),
    source: sourceOf(layers, path),
  }));
  if (json) {
    const shown = values.map(({ key, value, source }) => ({ key, value, ...placeOf(source) }));
    return JSON.stringify(shown, null, 2);
  }
  if (values.length === 0) return 'Nothing is configured: everything is at its default.';
  return values
    .map(
      ({ key, value, source }) => `${key} = ${textOf(value)}    ${source ? placeText(source) : ''}`,
    )
    .join('\n');
}

/**
 * What every layer says of a key and of those under it, strongest first, and which one wins; secrets redacted. Throws
 * KernelError `invalid` for a key that does not exist.
 */
export function explainConfig(
  { layers }: Configuration,
  key: string,
  { json }: { readonly json: boolean },
): string {
  const path = parseKeyPath(key);
  const rule = ruleOf(path);
  if (rule === undefined) {
    const known = didYouMean(path[0] ?? '', Object.keys(keyRules));
    throw new KernelError(
      'invalid',
      `there is no key "${key}".${known} The keys are ${Object.keys(keyRules).join(', ')}`,
    );
  }
  const effective = mergeLayers(layers);
  const says = explainKey(layers, effective, path).map((say): Say => ({
    ...say,
    value: redact(say.value, say.path),
  }));
  const value = redact(valueAt(effective, path), path);
  if (json) {
    const shown = says.map(({ path: at, value: said, outcome, why, ...source }) => ({
      key: formatKeyPath(at),
      value: said,
      outcome,
      ...(why === undefined ? {} : { why }),
      ...placeOf(source),
    }));
    return JSON.stringify({ key, value, default: rule.fallback, says: shown }, null, 2);
  }
  const fallback = rule.fallback === undefined ? 'not set' : `${textOf(rule.fallback)} (default)`;
  const head = `${key} = ${value === undefined ? fallback : textOf(value)}\n${rule.description}`;
  return [head, ...says.map((say) => sayText(say, path.length))].join('\n');
}

function sayText({ path, value, outcome, why, ...source }: Say, depth: number): string {
  const under = path.length > depth ? `${formatKeyPath(path.slice(depth))} = ` : '';
  const because = outcome === 'refused' ? 'a repository may not set it' : why;
  const reason = because === undefined ? '' : `, because ${because}`;
  return `  ${outcome.padEnd(7)}  ${placeText(source)}  ${under}${textOf(value)}${reason}`;
}

function placeOf(source: Omit<Sourced, 'value'> | undefined): object {
  if (source === undefined) return {};
  const { layer, file, name } = source;
  return {
    layer,
    ...(file === undefined ? {} : { file }),
    ...(name === undefined ? {} : { name }),
  };
}

function placeText({ layer, file, name }: Omit<Sourced, 'value'>): string {
  const where = name ?? (file === undefined ? '' : shortened(file));
  return where === '' ? `(${layer})` : `(${layer}: ${where})`;
}

function shortened(file: string): string {
  const home = homedir();
  return file.startsWith(`${home}/`) ? `~${file.slice(home.length)}` : file;
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? 'not set';
}
