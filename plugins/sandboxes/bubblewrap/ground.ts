/** What the machine has that plans are made from. Looked at once: nothing of it changes while a kernel runs. */

import { existsSync, realpathSync } from 'node:fs';
import { homedir, release, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { seccompFilter } from './filter.ts';
import { identityOf } from './git-config.ts';
import type { BubblewrapOptions } from './options.ts';
import { isBelow } from './places.ts';
import { programsNamed } from './program.ts';

/** Plain data, but for `linked`. Paths are real ones of folders that exist, unless said otherwise. */
export interface Ground {
  /** Path of bwrap. */
  readonly program: string;
  readonly isRoot: boolean;
  /** The filter of system calls, base64; absent where there is none for the machine. */
  readonly filter?: string;
  /** Whether the sandbox has its own /proc; otherwise it sees the machine's, read-only. */
  readonly freshProc: boolean;
  /** Whether `kernel.pid_max` counts for each sandbox alone (since Linux 6.14). */
  readonly hasOwnPidMax: boolean;
  /** Path of prlimit, where there is one. */
  readonly prlimit?: string;
  /** Of the user; the first is where programs look for their files. */
  readonly homes: readonly string[];
  /** Hidden folders: homes, sockets, state and configuration. */
  readonly hidden: readonly string[];
  /** Folders for temporary files, each of which becomes an empty one. */
  readonly tmp: readonly string[];
  /** Hidden files. */
  readonly blank: readonly string[];
  /** Shown though what is around them is hidden, beside the tools that the search path leads to. */
  readonly shown: readonly string[];
  /** A git configuration that says who commits, base64; empty when nothing is known. */
  readonly gitIdentity: string;
  readonly options: BubblewrapOptions;
  /** Folders that a folder's repository says are repositories too. */
  readonly linked?: (folder: string) => readonly string[];
}

/** Below /run, but no sockets: the programs of NixOS and its graphics drivers. */
const shownInRun = ['/run/current-system', '/run/opengl-driver'];
/** Where programs of ours keep state, keys and threads when they are told to. */
const stateVariables =
  'SPINDLE_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR CODEX_HOME GNUPGHOME';

/** All but what only trying shows. `program` is the bwrap to use. */
export function surveyMachine(
  program: string,
  options: BubblewrapOptions,
): Omit<Ground, 'freshProc'> {
  const isRoot = process.getuid?.() === 0;
  const homes = realFolders([homedir(), userInfo().homedir]).filter((home) => home !== '/');
  const [home = '/root'] = homes;
  const own = stateVariables.split(' ').map((name) => process.env[name] ?? '');
  const secret = isRoot ? rootFolders : [];
  const hidden = realFolders(['/run', '/var/run', '/home', ...secret, ...own]);
  const { homeFolders = [], readable = [] } = options;
  const wanted = [...homeFolders.map((name) => join(home, name)), ...readable];
  const prlimit = programsNamed('prlimit', process.env['PATH'] ?? '')[0];
  return {
    program,
    isRoot,
    ...filterFor(process.arch, options, isRoot),
    hasOwnPidMax: isSince(release(), 6, 14),
    ...(prlimit === undefined ? {} : { prlimit }),
    homes,
    hidden: outermost(hidden.filter((folder) => folder !== '/')),
    tmp: ['/tmp', '/var/tmp'].filter((path) => existsSync(path)),
    blank: isRoot ? rootFiles.filter((file) => existsSync(file)) : [],
    shown: [...shownInRun, ...wanted].filter((folder) => existsSync(folder)),
    gitIdentity: base64(
      identityOf([join(home, '.config', 'git', 'config'), join(home, '.gitconfig')]),
    ),
    options,
  };
}

function base64(data: string | Uint8Array): string {
  return Buffer.from(data).toString('base64');
}

function filterFor(
  architecture: string,
  { unixSockets = false, ptrace = false }: BubblewrapOptions,
  isRoot: boolean,
): Pick<Ground, 'filter'> {
  if (architecture !== 'x64' && architecture !== 'arm64') return {};
  const filter = seccompFilter({ architecture, isRoot, unixSockets, ptrace });
  return { filter: base64(filter) };
}

/** What only root can read, so that root is no weaker than others. */
const rootFolders = ['/root', '/etc/ssh', '/etc/ssl/private', '/etc/wireguard', '/var/lib/private'];
const rootFiles = ['/etc/shadow', '/etc/shadow-', '/etc/gshadow'];

function realFolders(paths: readonly string[]): readonly string[] {
  const real = paths.flatMap((path) => {
    try {
      return isAbsolute(path) ? [realpathSync.native(path)] : [];
    } catch {
      return []; // what is missing need not be hidden
    }
  });
  return [...new Set(real)];
}

/** Folders without those that lie in others of them. */
function outermost(folders: readonly string[]): readonly string[] {
  return folders.filter((one) => !folders.some((other) => other !== one && isBelow(one, other)));
}

function isSince(version: string, major: number, minor: number): boolean {
  const [own = 0, second = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return own > major || (own === major && second >= minor);
}
