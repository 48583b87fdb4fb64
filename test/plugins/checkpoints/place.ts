/** A folder with files and a thread whose turns change them: how checkpoints are tried, through the kernel. */

import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import checkpoints, { type CheckpointOptions } from '../../../plugins/checkpoints/checkpoints.ts';
import applyPatch from '../../../plugins/tools/apply-patch.ts';
import shell from '../../../plugins/tools/shell.ts';
import {
  type Called,
  openToolThread,
  type ToolThread,
  type ToolThreadOptions,
} from '../../contracts/tool-thread.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

/** What `checkpoint/revert` and `checkpoint/undo` answer. */
export interface Outcome {
  readonly done: boolean;
  readonly turn: string;
  readonly files: readonly { readonly path: string; readonly action: string }[];
  readonly changed: readonly { readonly path: string; readonly why: string }[];
  readonly uncovered: readonly { readonly path: string; readonly why: string }[];
  readonly failed: readonly { readonly path: string; readonly why: string }[];
  readonly later: number;
}

export interface CheckpointThread extends ToolThread {
  /** Where checkpoints are kept. */
  readonly kept: string;
  /** One turn with these calls. */
  readonly turn: (...calls: readonly Called[]) => Promise<void>;
  readonly revert: (params?: object) => Promise<Outcome>;
  readonly undo: (params?: object) => Promise<Outcome>;
  readonly diff: (params?: object) => Promise<Diff>;
  /** Everything in the folder: by path, mode and content, target, or nothing for a folder. */
  readonly snapshot: () => Readonly<Record<string, string>>;
}
export interface Diff {
  readonly diff?: string;
  readonly turn: string;
  readonly version: number;
  readonly files: readonly object[];
  readonly uncovered: readonly { readonly path: string; readonly why: string }[];
}

export const sh = (command: string): Called => ({ name: 'shell', args: { command } });
export const patch = (...lines: readonly string[]): Called => ({
  name: 'apply_patch',
  args: { patch: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n') },
});

export interface Options extends Omit<ToolThreadOptions, 'plugins'> {
  readonly checkpoints?: CheckpointOptions;
  readonly plugins?: ToolThreadOptions['plugins'];
}

export async function openCheckpoints(
  t: TestContext,
  { checkpoints: given, plugins = [], ...options }: Options = {},
): Promise<CheckpointThread> {
  const base = temporaryFolder(t);
  const kept = join(base, 'kept');
  const own = [checkpoints({ directory: kept, ...given }), shell(), applyPatch(), ...plugins];
  const thread = await openToolThread(t, { ...options, plugins: own });
  const ask = (name: string) => async (params: object) =>
    thread.client.call(`checkpoint/${name}`, { thread: thread.id, ...params });
  return {
    ...thread,
    kept,
    turn: async (...calls) => void (await thread.calls(calls)),
    revert: async (params = {}) => (await ask('revert')({ files: true, ...params })) as Outcome, // what it answers
    undo: async (params = {}) => (await ask('undo')(params)) as Outcome, // the same
    diff: async (params = {}) => (await ask('diff')(params)) as Diff, // what it answers
    snapshot: () => snapshotOf(thread.cwd),
  };
}

export function snapshotOf(root: string): Readonly<Record<string, string>> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const kept = names.filter((name) => !/^\.git(\/|$)/.test(name));
  return Object.fromEntries(kept.toSorted().map((name) => [name, contentOf(join(root, name))]));
}

function contentOf(path: string): string {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  if (stats.isDirectory()) return 'folder';
  return `${(stats.mode & 0o777).toString(8)} ${readFileSync(path, 'base64')}`;
}

/** Git, without what the machine's user has configured. */
export function git(cwd: string, ...argv: readonly string[]): string {
  const env = { PATH: process.env['PATH'], HOME: '/nowhere', GIT_CONFIG_NOSYSTEM: '1' };
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  return execFileSync('git', [...identity, ...argv], { cwd, env, encoding: 'utf8' });
}

/** Makes the folder a repository with all its files committed. */
export function commitAll(cwd: string): void {
  mkdirSync(cwd, { recursive: true });
  git(cwd, '-c', 'init.defaultBranch=main', 'init', '--quiet');
  git(cwd, 'add', '--all');
  git(cwd, 'commit', '--quiet', '--allow-empty', '-m', 'first');
}
