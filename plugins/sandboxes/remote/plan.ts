/** The plan of one command on another host. */

import { invalid, type SandboxRequest, type SpawnPlan } from '../../../core/index.ts';

/** What can be set, by the user and the managed layer. */
export interface RemoteOptions {
  /** As ssh takes it: a name, `user@name`, or a name of ssh_config. */
  readonly host?: string;
  /** Default: `ssh`. */
  readonly program?: string;
  /** Further arguments for ssh. */
  readonly args?: readonly string[];
  /** Put before each command there, with `{mode}` and `{network}` filled in: a sandbox of that host. */
  readonly through?: readonly string[];
}

/** What ssh itself needs of the environment, to find its agent and its files. */
const forSsh = ['HOME', 'PATH', 'SSH_AUTH_SOCK', 'USER', 'LOGNAME'];

/**
 * How a command is started: ssh never asks, forwards nothing, and hands one line to the login shell there, which must take
 * single quotes as the Bourne shell does. Pure. Throws `invalid` for what cannot be said in a line.
 */
export function planRemote(
  { argv, cwd, env, mode, network }: SandboxRequest,
  { host, program = 'ssh', args = [], through = [] }: RemoteOptions & { readonly host: string },
  own: NodeJS.ProcessEnv,
): SpawnPlan {
  const filled = through.map((word) =>
    word.replaceAll('{mode}', mode).replaceAll('{network}', network ? 'on' : 'off'),
  );
  const assigned = Object.entries(env).map(([name, value]) => `${nameOf(name)}=${value}`);
  const words = ['env', '-i', ...assigned, ...filled, ...argv].map(quoted).join(' ');
  const script = `cd ${quoted(cwd)} && exec ${words}`;
  const line = `exec /bin/sh -c ${quoted(script)}`;
  const safe = ['-T', '-a', '-x', '-o', 'BatchMode=yes', '-o', 'ClearAllForwardings=yes'];
  const kept = forSsh.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]]));
  return {
    file: program,
    args: [...safe, ...args, '--', host, line],
    cwd: '/',
    env: Object.fromEntries(kept),
  };
}

/** A text as one word of the Bourne shell. */
function quoted(text: string): string {
  if (text.includes('\0'))
    throw invalid`expected a text without NUL, but got ${JSON.stringify(text)}`;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function nameOf(name: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return name;
  throw invalid`expected the name of an environment variable, but got ${JSON.stringify(name)}`;
}
