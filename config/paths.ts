/** Where configuration and state lie on this machine, and how files there are written. */

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { makePrivateFolder } from '../plugins/stores/state-folder.ts';

/** Absolute paths. What does not exist is made when it is first written. */
export interface Paths {
  /** The user's folder of `config.json` or `config.yaml`, of plugins and of AGENTS.md. */
  readonly config: string;
  /** Threads with their blobs, trust, the audit log, stamps. */
  readonly state: string;
  /** One JSON Lines file per thread. */
  readonly threads: string;
  readonly trust: string;
  /** What was answered for projects. */
  readonly rules: string;
  /** What is known of MCP servers: their tools as they were accepted, and their tokens. */
  readonly mcp: string;
  /** Which servers of repositories the user has approved. */
  readonly approved: string;
  /** One JSON Lines file a month, and where they end. */
  readonly audit: string;
  /** What turns changed, and what was there before. */
  readonly checkpoints: string;
  /** One empty file per configuration that has been found valid. */
  readonly stamps: string;
  /** The system's folder of `managed.json` or `managed.yaml`. */
  readonly managed: string;
  /** A further managed file, which must exist. */
  readonly managedFile?: string;
}

/** The environment as it was given to the program. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folders by the XDG base directory specification (0.8), or on Windows under AppData. `SPINDLE_HOME` puts
 * configuration and state into one folder. `SPINDLE_MANAGED` adds a managed file; it never takes the system's away.
 */
export function pathsOf(env: Environment, platform: string = process.platform): Paths {
  const own = env['SPINDLE_HOME'];
  const { config, state } = own
    ? { config: resolve(own), state: resolve(own) }
    : bases(env, platform);
  const added = env['SPINDLE_MANAGED'];
  return {
    config,
    state,
    threads: join(state, 'threads'),
    trust: join(state, 'trust.json'),
    rules: join(state, 'rules.json'),
    mcp: join(state, 'mcp'),
    approved: join(state, 'mcp-approved.json'),
    audit: join(state, 'audit'),
    checkpoints: join(state, 'checkpoints'),
    stamps: join(state, 'stamps'),
    managed: systemFolder(env, platform),
    ...(added ? { managedFile: resolve(added) } : {}),
  };
}

function bases(env: Environment, platform: string): { config: string; state: string } {
  const home = homedir();
  if (platform === 'win32') {
    const roaming = env['APPDATA'] ?? join(home, 'AppData', 'Roaming');
    const local = env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local');
    return { config: join(roaming, 'spindle'), state: join(local, 'spindle') };
  }
  // Only absolute paths count, says the specification.
  const base = (name: string, fallback: string) => {
    const value = env[name];
    return join(value !== undefined && isAbsolute(value) ? value : join(home, fallback), 'spindle');
  };
  return {
    config: base('XDG_CONFIG_HOME', '.config'),
    state: base('XDG_STATE_HOME', '.local/state'),
  };
}

function systemFolder(env: Environment, platform: string): string {
  if (platform === 'win32') return join(env['ProgramData'] ?? 'C:\\ProgramData', 'spindle');
  return platform === 'darwin' ? '/Library/Application Support/spindle' : '/etc/spindle';
}

/** Writes a file for this user only (0600), whole or not at all, whatever the umask is. */
export function writePrivateFile(path: string, text: string): void {
  makePrivateFolder(dirname(path));
  const draft = `${path}.${process.pid}.${Date.now().toString(36)}.tmp`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}
