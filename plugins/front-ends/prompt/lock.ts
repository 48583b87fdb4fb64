/** `spindle prompt lock`. */

import { isAbsolute, relative, resolve } from 'node:path';

import { KernelError, messageOf } from '../../../core/index.ts';
import { parse } from '../command-line/parse.ts';
import type { Command } from '../command-line/run.ts';
import type { UserFiles } from '../exec/files.ts';
import { shown } from '../terminal/style.ts';
import { plural, size } from '../terminal/words.ts';
import {
  type Asking,
  explained,
  type ExplainedPart,
  type Explanation,
  nameOf,
} from './explanation.ts';
import { serversNow, type ServersNow } from './servers.ts';

export interface LockOptions extends Asking {
  readonly files: UserFiles;
}

/** The fixed part of a prompt: system texts and tools, in their order, whichever provider they go to. */
interface Lock {
  readonly version: 1;
  readonly parts: readonly Locked[];
}
interface Locked {
  readonly part: string;
  readonly owner: string;
  /** Of what it says, in UTF-8, before a provider's encoding. */
  readonly bytes: number;
  readonly sha256: string;
}

const defaultFile = 'spindle.prompt.lock';

/** Writes the lock file; with `--check` compares with it: exit code 1 and what changed. */
export function promptLock({ settings, files }: LockOptions): Command {
  return (argv) => {
    const { flags, words, verbatim } = parse(argv, { check: {} });
    const [name = defaultFile, ...others] = [...words, ...verbatim];
    if (others.length > 0)
      throw new KernelError('invalid', 'expected one file: spindle prompt lock [FILE] [--check]');
    return async ({ client, cwd, signal, stdout }) => {
      const path = resolve(cwd, name);
      const servers = await serversNow(client, signal);
      const now = await lockOf(await explained(client, { settings }, signal), { servers, cwd });
      const total = `${plural(now.parts.length, 'part')}, ${size(bytesOf(now))}`;
      if (flags.check !== true) {
        await naming(path, files.write(path, `${JSON.stringify(now, null, 2)}\n`));
        await stdout.write(linesOf([`${name}: ${total}`, ...servers.remarks]));
        return 0;
      }
      const changes = changesOf(readLock(path, await naming(path, files.read(path))), now);
      const lines = changes.length === 0 ? [`${name} holds: ${total}`] : changes;
      await stdout.write(linesOf([...lines, ...servers.remarks]));
      return changes.length === 0 ? 0 : 1;
    };
  };
}

const linesOf = (texts: readonly string[]) => texts.map((one) => `${shown(one)}\n`).join('');

/** Where the lock is for, and what the servers of its tools offer now. */
interface World {
  readonly cwd: string;
  readonly servers: ServersNow;
}

async function lockOf({ parts }: Explanation, { servers, cwd }: World): Promise<Lock> {
  const { createHash } = await import('node:crypto');
  // Of a server's tool the source is the server. One that it has changed stays only for threads that have begun.
  const isGone = ({ source, name }: ExplainedPart) => source !== '' && !servers.offered.has(name);
  const fixed = parts.filter((one) => (one.kind === 'tool' ? !isGone(one) : one.role === 'system'));
  return {
    version: 1,
    parts: fixed.map((part) => ({
      part: nameOf({ ...part, source: portable(part.source, cwd) }),
      owner: part.owner,
      bytes: Buffer.byteLength(part.content),
      sha256: createHash('sha256').update(part.content).digest('hex'),
    })),
  };
}

/** Paths in the folder as seen from it, so that every clone has the same lock. */
function portable(source: string, cwd: string): string {
  const way = isAbsolute(source) ? relative(cwd, source) : source;
  return way.startsWith('..') ? source : way;
}

function bytesOf({ parts }: Lock): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

function readLock(path: string, bytes: Uint8Array): Lock {
  const advice = 'write it anew with "spindle prompt lock"';
  try {
    const lock = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Lock> | null; // looked at below
    const isLock = lock?.version === 1 && Array.isArray(lock.parts);
    if (isLock) return lock as Lock; // what is in it is only compared
  } catch {
    // told below
  }
  throw new KernelError('invalid', `expected a lock file of version 1 at ${path}: ${advice}`);
}

/** What differs, a line each; order counts, since it is in the bytes. */
function changesOf(was: Lock, now: Lock): readonly string[] {
  const [before, after] = [byName(was), byName(now)];
  const lines = [...new Set([...before.keys(), ...after.keys()])].flatMap((part) => {
    const [old, one] = [before.get(part), after.get(part)];
    if (old === undefined) return [`added: ${part} (${one?.owner}), ${one?.bytes} bytes`];
    if (one === undefined) return [`removed: ${part} (${old.owner}), ${old.bytes} bytes`];
    if (old.sha256 === one.sha256 && old.owner === one.owner) return [];
    const owner = old.owner === one.owner ? one.owner : `${old.owner}, now ${one.owner}`;
    return [`changed: ${part} (${owner}), ${old.bytes} bytes, now ${one.bytes}`];
  });
  const moved = [...after.keys()].find((part, at) => part !== [...before.keys()][at]);
  return lines.length > 0 || moved === undefined ? lines : [`moved: ${moved}`];
}

function byName({ parts }: Lock): ReadonlyMap<string, Locked> {
  const named = new Map<string, Locked>();
  for (const one of parts) {
    let { part } = one;
    for (let number = 2; named.has(part); number++) part = `${one.part} (${number})`;
    named.set(part, one);
  }
  return named;
}

async function naming<T>(path: string, action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (error) {
    throw new KernelError('not_found', `${path}: ${messageOf(error)}`, { cause: error });
  }
}
