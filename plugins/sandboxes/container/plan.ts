/** The plan of one command in a container. */

import { realpathSync } from 'node:fs';

import { KernelError, notFound, type SandboxRequest, type SpawnPlan } from '../../../core/index.ts';
import { entriesOf, holdNames } from '../bubblewrap/held.ts';
import { isBelow, laid, type Layout, type Place, together } from '../bubblewrap/places.ts';
import { holdNested, holdRepository } from '../bubblewrap/repository.ts';

/** What can be set, by the user and the managed layer. Sizes are bytes. */
export interface ContainerOptions {
  /** What commands run in. */
  readonly image?: string;
  /** Default: `podman`. */
  readonly program?: string;
  /** Further arguments for its `run`. */
  readonly args?: readonly string[];
  /**
   * Instead of our own command line. A word that is `{network}`, `{user}`, `{mounts}`, `{env}`, `{args}` or `{command}`
   * is filled in with none or several; `{cwd}`, `{image}` and `{program}` may stand within one.
   */
  readonly argv?: readonly [string, ...string[]];
  /** Default: 4,096. */
  readonly processes?: number;
  /** Default: not limited. */
  readonly memoryBytes?: number;
  /** Of /tmp; default: 2 GiB. */
  readonly tmpBytes?: number;
}

/** What a plan needs to know of the machine. */
export interface ContainerGround {
  readonly home: string;
  /** `uid:gid` of the user. */
  readonly user: string;
  readonly env: NodeJS.ProcessEnv;
}

const template =
  '{program} run --rm --init --interactive --pull=never --read-only --cap-drop=ALL --security-opt=no-new-privileges {limits} {network} {user} {mounts} --workdir={cwd} {env} {args} {image} {command}';
const heldNames = '.mcp.json .vscode .spindle .spindlerc.json .spindlerc.yaml .spindlerc.yml';
/** What the program needs of the environment, to find its own files and its service. */
const forProgram =
  'HOME PATH USER XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_DATA_HOME DOCKER_HOST DOCKER_CONFIG DOCKER_CONTEXT CONTAINER_HOST';
/** What the image says itself. */
const ofTheImage = new Set(['HOME', 'PATH', 'SHELL', 'USER', 'LOGNAME', 'TMPDIR']);

/**
 * How a command is started. The same request gives the same plan while the files are the same. Throws KernelError:
 * `not_found` (no such root), `sandbox` (a workspace that cannot be confined).
 */
export function planContainer(
  request: SandboxRequest,
  options: ContainerOptions & { readonly image: string },
  ground: ContainerGround,
): SpawnPlan {
  const { cwd, env } = request;
  const { program = 'podman', image, argv = template.split(' ') } = options;
  const { places, cleanup } = layout(request, ground);
  const shown = Object.entries(env).filter(([name]) => !ofTheImage.has(name));
  const many: Readonly<Record<string, readonly string[]>> = {
    '{limits}': limitsOf(options),
    '{network}': request.network ? [] : ['--network=none'],
    '{user}': program.endsWith('podman') ? ['--userns=keep-id'] : [`--user=${ground.user}`],
    '{mounts}': places.map(mountOf),
    '{env}': shown.map(([name, value]) => `--env=${name}=${value}`),
    '{args}': options.args ?? [],
    '{command}': request.argv,
  };
  const one = (word: string) =>
    word.replace(
      /\{(?:cwd|image|program)\}/g,
      (name) => ({ '{cwd}': cwd, '{image}': image })[name] ?? program,
    );
  const [file = program, ...args] = argv.flatMap((word) => many[word] ?? [one(word)]);
  const own = forProgram.split(' ').flatMap((name) => {
    const value = ground.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { file, args, cwd: '/', env: Object.fromEntries(own), cleanup };
}

function limitsOf({ processes = 4096, memoryBytes, tmpBytes = 2 * 1024 ** 3 }: ContainerOptions) {
  const memory = memoryBytes === undefined ? [] : [`--memory=${memoryBytes}`];
  const tmp = `--tmpfs=/tmp:rw,nosuid,nodev,mode=1777,size=${tmpBytes}`;
  return [`--pids-limit=${processes}`, ...memory, tmp];
}

/** The roots, and what of them stays as it is: as in bubblewrap. */
function layout({ roots: named, cwd, mode }: SandboxRequest, { home }: ContainerGround): Layout {
  const roots = named.map(realRoot).toSorted();
  const wide = roots.find((root) => isBelow(home, root));
  if (wide !== undefined)
    throw new KernelError(
      'sandbox',
      `expected a workspace that can be shown to a container without harm, but ${wide} holds the home folder: start in a folder of the project`,
    );
  if (mode === 'read-only') return laid(...roots.map((path) => ({ path, as: 'read' as const })));
  const held = roots.flatMap((root) => {
    const entries = entriesOf(root);
    const names = holdNames(root, heldNames.split(' '), entries);
    return [holdRepository(root, entries), holdNested(root, { cwd, entries }), names];
  });
  const whole = together([laid(...roots.map((path) => ({ path, as: 'write' as const }))), ...held]);
  const last = new Map(whole.places.map((place) => [place.path, place]));
  const places = [...last.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { places, cleanup: whole.cleanup };
}

function realRoot(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    throw notFound`there is no folder ${root}, which is among the roots of the workspace`;
  }
}

/** A mount, as both programs read it: comma-separated values (RFC 4180). */
function mountOf(place: Place): string {
  const { path } = place;
  const to = field(`destination=${path}`);
  if (place.as === 'empty')
    return `--mount=type=tmpfs,${to},tmpfs-size=${place.bytes},tmpfs-mode=${place.mode}`;
  const from = field(`source=${place.as === 'blank' ? '/dev/null' : path}`);
  return `--mount=type=bind,${from},${to}${place.as === 'write' ? '' : ',readonly'}`;
}

function field(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
