/**
 * The plan of one command on macOS. The profile is in the Sandbox Profile Language, in which the last rule that matches
 * counts; paths of the machine go in as parameters, so that none of them is read as a rule.
 */

import { dirname, isAbsolute, join } from 'node:path';

import { invalid, KernelError, type SandboxRequest, type SpawnPlan } from '../../../core/index.ts';

/** What can be set, by the user and the managed layer. */
export interface SeatbeltOptions {
  /** Names below the home folder that commands may read, beside the known tool folders. */
  readonly homeFolders?: readonly string[];
  /** Allows 127.0.0.1, which on macOS is the whole machine's, with all that listens there. Default: not. */
  readonly loopback?: boolean;
}

/** What a plan needs to know of the machine. Real paths. */
export interface SeatbeltGround {
  readonly home: string;
  /** Other folders that commands do not see: temporary files of others, our own state. */
  readonly hidden: readonly string[];
  /** Private folder for temporary files. */
  readonly tmp: string;
  readonly options: SeatbeltOptions;
}

/** Part of macOS. */
export const program = '/usr/bin/sandbox-exec';

/** Where tools of languages lie in the home folder, without their credentials. */
const toolFolders =
  '.asdf .bun/bin .cargo/bin .deno/bin .local/bin .local/share/mise .nvm .pyenv .rbenv .rustup .sdkman .volta go/bin';

/** Of git's folder, and of every repository below a root: what acts, or makes git look elsewhere. */
const git = '[.][Gg][Ii][Tt]';
const held = [
  `/${git}$`,
  `/${git}/(hooks|info|modules|worktrees)(/|$)`,
  `/${git}/(config|config[.]worktree|commondir|gitdir)$`,
  // Named in a repository, these start programs or servers when someone opens it.
  '/([.]mcp[.]json|[.]vscode|[.]spindle|[.]spindlerc[.](json|ya?ml))(/|$)',
];

const base = `(version 1)
(deny default)
(allow process-exec process-fork)
(allow process-info* (target same-sandbox))
(allow signal (target same-sandbox))
(allow sysctl-read)
(allow ipc-posix-sem ipc-posix-shm)
(allow pseudo-tty)
(allow mach-lookup
  (global-name "com.apple.bsd.dirhelper")
  (global-name "com.apple.logd")
  (global-name "com.apple.system.logger")
  (global-name "com.apple.system.notification_center")
  (global-name "com.apple.system.opendirectoryd.libinfo")
  (global-name "com.apple.system.opendirectoryd.membership"))
(allow file-read*)
(allow file-write* file-ioctl
  (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty") (literal "/dev/ptmx")
  (regex #"^/dev/ttys[0-9]+$") (regex #"^/dev/fd/[0-9]+$"))
(allow file-write-data (literal "/dev/dtracehelper"))
(deny file-read* (subpath "/Users") (subpath "/private/var/root") (subpath "/Library/Keychains"))`;

const network = `(allow network-outbound (remote ip))
(allow network-inbound (local ip))
(allow network-bind (local ip))
(allow network-outbound (literal "/private/var/run/mDNSResponder"))
(allow system-socket)
(allow mach-lookup
  (global-name "com.apple.SystemConfiguration.configd")
  (global-name "com.apple.dnssd.service")
  (global-name "com.apple.networkd")
  (global-name "com.apple.trustd.agent"))`;

const loopback = `(allow network-outbound (remote ip "localhost:*"))
(allow network-inbound (local ip "localhost:*"))
(allow network-bind (local ip "localhost:*"))`;

/**
 * How a command is started. Pure: real paths come in, a plan comes out. Throws KernelError `invalid` for a path that
 * cannot be, `sandbox` for a workspace that holds the home folder.
 */
export function planSeatbelt(request: SandboxRequest, ground: SeatbeltGround): SpawnPlan {
  const { argv, cwd, env, roots, mode } = request;
  const { tmp } = ground;
  checkRoots(request, ground);
  const parameters = new Map<string, string>();
  const named = (path: string) => {
    const name = parameters.get(path) ?? `PATH_${parameters.size}`;
    parameters.set(path, name);
    return `(param "${name}")`;
  };
  const subpaths = (paths: readonly string[]) => paths.map((path) => `(subpath ${named(path)})`);
  const literals = (paths: readonly string[]) => paths.map((path) => `(literal ${named(path)})`);
  const writable = mode === 'read-only' ? [] : roots;
  const profile = [
    base,
    rule('deny file-read*', subpaths([ground.home, ...ground.hidden])),
    rule('allow file-read-metadata', literals(waysTo([...roots, tmp], ground))),
    rule('allow file-read*', subpaths([...toolsIn(ground), ...roots, tmp])),
    rule('allow file-write*', subpaths([...writable, tmp])),
    ...writable.map((root) =>
      rule(
        'deny file-write*',
        held.map((pattern) => `(require-all (subpath ${named(root)}) (regex #"${pattern}"))`),
      ),
    ),
    // A root itself cannot be moved away.
    rule('deny file-write-unlink', literals(writable)),
    ...networkRules(request, ground),
  ]
    .filter((part) => part !== '')
    .join('\n');
  const given = [...parameters].map(([path, name]) => `-D${name}=${path}`);
  const own = { ...env, TMPDIR: tmp };
  return { file: program, args: ['-p', profile, ...given, '--', ...argv], cwd, env: own };
}

function rule(head: string, filters: readonly string[]): string {
  return filters.length === 0 ? '' : `(${head}\n  ${filters.join('\n  ')})`;
}

function networkRules(request: SandboxRequest, { options }: SeatbeltGround): readonly string[] {
  if (request.network) return [network];
  return options.loopback === true ? [loopback] : [];
}

/** The known folders of the home folder, and those that the configuration names. */
function toolsIn({ home, options }: SeatbeltGround): readonly string[] {
  return [...toolFolders.split(' '), ...(options.homeFolders ?? [])].map((name) =>
    join(home, name),
  );
}

/** The hidden folders on the way to what is shown: they can be passed through, not listed. */
function waysTo(paths: readonly string[], ground: SeatbeltGround): readonly string[] {
  const all = [...paths, ...toolsIn(ground)].flatMap((path) => {
    const way: string[] = [];
    for (let at = dirname(path); at !== dirname(at); at = dirname(at)) way.push(at);
    return way;
  });
  return [...new Set(all)].toSorted();
}

function checkRoots({ roots, mode, cwd }: SandboxRequest, { home }: SeatbeltGround): void {
  const bad = [cwd, ...roots].find((path) => !isAbsolute(path) || path.includes('\0'));
  if (bad !== undefined) throw invalid`expected absolute paths, but got ${JSON.stringify(bad)}`;
  const wide = roots.find((root) => `${home}/`.startsWith(root === '/' ? root : `${root}/`));
  if (wide === undefined || mode === 'read-only') return;
  throw new KernelError(
    'sandbox',
    `expected a workspace that can be written without harm, but ${wide} holds the home folder: start in a folder of the project, or use --sandbox read-only or danger-full-access`,
  );
}
