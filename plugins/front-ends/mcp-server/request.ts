/** What a command line asks `spindle mcp-server` to do. */

import { resolve } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import { readPlace } from '../serving/address.ts';
import { oneOf, parse } from '../command-line/parse.ts';

/** One run of the server. */
export interface ServeRequest {
  /** Folders that threads may work in, absolute. */
  readonly roots: readonly string[];
  /** Also as the tools that Codex's server has. */
  readonly isCodex: boolean;
  /** Also the agent's own tools, without its model. */
  readonly isExposed: boolean;
  /** The host's model answers, not one of ours. */
  readonly isSampling: boolean;
  /** Where it listens for HTTP; absent: it speaks on stdin and stdout. */
  readonly http?: Place | undefined;
}

/** Where a server listens; port 0 is any that is free. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

const flags = {
  root: { takes: 'DIR', many: true },
  compat: { takes: 'NAME' },
  expose: { takes: 'NAME' },
  sampling: {},
  http: {},
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
  const { flags: given, words, verbatim } = parse(argv, flags);
  const [place, ...others] = [...words, ...verbatim];
  const extra = given.http === true ? others[0] : place;
  if (extra !== undefined)
    throw new KernelError(
      'invalid',
      `"${extra}" is one word too many: expected HOST:PORT after --http`,
    );
  const compat = oneOf('--compat', given.compat, ['codex']);
  return {
    roots: (given.root ?? []).map((root) => resolve(cwd, root)),
    isCodex: compat === 'codex',
    isExposed: oneOf('--expose', given.expose, ['tools']) === 'tools',
    isSampling: given.sampling === true,
    http: given.http === true ? placeOf(place) : undefined,
  };
}

/** `HOST:PORT`, `PORT` or nothing. */
function placeOf(text = '127.0.0.1:0'): Place {
  const place = readPlace(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text);
  if (place !== undefined) return place;
  throw new KernelError('invalid', `expected HOST:PORT after --http, but got "${text}"`);
}
