/** Managed policy: what the system's administrator has decided. It is found before all else, and closes when in doubt. */

import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { KernelError, messageOf } from '../core/errors.ts';
import { type FoundFile, userNames } from './files.ts';
import { type ConfigData, isSection, type KeyPath, parseKeyPath } from './key-path.ts';
import type { Paths } from './paths.ts';

/** One thing that is allowed: a name with `*` for any text, and what else must be as it says. */
export type Allowed = string | ({ readonly name: string } & ConfigData);

/** What keys may be. A key that is absent may be anything. */
export interface Allow {
  readonly provider?: readonly string[];
  readonly model?: readonly string[];
  readonly sandbox?: readonly string[];
  readonly approval?: readonly string[];
  /** Plugins that are not ours, by their names; with `sha256` by their content too. */
  readonly plugins?: readonly Allowed[];
  /** MCP servers by their names; what else is there must be in the server's entry as well. */
  readonly mcpServers?: readonly Allowed[];
  /** Hosts that requests go to. */
  readonly domains?: readonly string[];
}

/** One file of managed policy, beside the values it sets. */
export interface ManagedPolicy {
  readonly file: string;
  /** Keys that nobody else may set. */
  readonly lock: readonly KeyPath[];
  readonly allow: Allow;
  /** Folders whose repositories need no other trust. */
  readonly trust: readonly string[];
}

/** A file of managed policy in its two halves. */
export interface ManagedFile {
  readonly found: FoundFile;
  readonly policy: ManagedPolicy;
  readonly values: ConfigData;
  /** The first half as it is written. */
  readonly own: ConfigData;
}

/** The names of the policy's own keys. */
const ownKeys: ReadonlySet<string> = new Set(['lock', 'allow', 'trust']);

/**
 * The system's file, if there is one, and the one that `SPINDLE_MANAGED` names. Throws KernelError `denied`: what is
 * there and cannot be read closes, and so does what is named and not there.
 */
export function findManaged(paths: Paths): readonly FoundFile[] {
  const found = userNames('managed').flatMap((name) => readStrictly(join(paths.managed, name)));
  if (found.length > 1) {
    const files = found.map(({ file }) => file).join(' and ');
    throw closed(`expected one file of managed policy, but found ${files}: keep one of them`);
  }
  if (paths.managedFile === undefined) return found;
  const [named] = readStrictly(paths.managedFile);
  if (named !== undefined) return [...found, named];
  throw closed(`SPINDLE_MANAGED names ${paths.managedFile}, which is not there: put it there`);
}

/** Nothing when nothing is there, not even a link that leads nowhere. */
function readStrictly(file: string): readonly FoundFile[] {
  try {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return [];
    if (!statSync(file).isFile()) throw new Error('it is no file');
    const text = readFileSync(file, 'utf8');
    if (text.trim() === '') throw new Error('it is empty');
    return [{ file, text: text.startsWith('\uFEFF') ? text.slice(1) : text }];
  } catch (error) {
    const message = `expected a file of managed policy that can be read, but ${file} cannot be (${messageOf(error)})`;
    throw closed(`${message}: mend it, or have it removed`, error);
  }
}

/** An error that stops every command: exit code 1. */
export function closed(message: string, cause?: unknown): KernelError {
  const why = 'Nothing starts while managed policy cannot be used (docs/managed.md)';
  return new KernelError('denied', `${message}\n${why}`, { cause });
}

/** What a file says, by what its reader gives; of another shape than the schema's is taken what has it. */
export function splitManaged(found: FoundFile, data: ConfigData): ManagedFile {
  const pick = (isOwn: boolean) =>
    Object.fromEntries(Object.entries(data).filter(([key]) => ownKeys.has(key) === isOwn));
  const own = pick(true);
  const { lock, allow, trust } = own;
  const policy = {
    file: found.file,
    lock: stringsOf(lock).map(parseKeyPath),
    allow: isSection(allow) ? allow : {},
    trust: stringsOf(trust),
  };
  return { found, policy, values: pick(false), own };
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** Whether a name is what a pattern says: `*` stands for any text, also for none. */
function isNamed(name: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

/** The first entry of a list that allows a name. */
export function allowing<T extends Allowed>(list: readonly T[], name: string): T | undefined {
  return list.find((one) => isNamed(name, typeof one === 'string' ? one : one.name));
}
