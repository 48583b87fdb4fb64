/** What a command line asks `spindle mcp-server` to do. */

import { resolve } from 'node:path';

import { oneOf, parse } from '../command-line/parse.ts';

/** One run of the server. */
export interface ServeRequest {
  /** Folders that threads may work in, absolute. */
  readonly roots: readonly string[];
  /** Also as the tools that Codex's server has. */
  readonly isCodex: boolean;
}

const flags = {
  root: { takes: 'DIR', many: true },
  compat: { takes: 'NAME' },
  cd: { takes: 'DIR', short: 'C' },
  provider: { takes: 'NAME' },
  model: { takes: 'NAME', short: 'm' },
  effort: { takes: 'NAME' },
  sandbox: { takes: 'MODE', short: 's' },
  approval: { takes: 'MODE', short: 'a' },
  network: {},
  'add-dir': { takes: 'DIR', many: true },
} as const;

/** Reads the arguments after `mcp-server`. Settings count through the configuration. Throws KernelError `invalid`. */
export function readRequest(argv: readonly string[], cwd: string): ServeRequest {
  const { flags: given } = parse(argv, flags);
  const compat = oneOf('--compat', given.compat, ['codex']);
  return {
    roots: (given.root ?? []).map((root) => resolve(cwd, root)),
    isCodex: compat === 'codex',
  };
}
