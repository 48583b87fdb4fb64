/** The plan of one command: how bwrap is to be started, as plain data. */

import { join } from 'node:path';

import { KernelError, type SandboxRequest, type SpawnPlan } from '../../../core/index.ts';
import { bridgeOver } from '../domains/bridge.ts';
import { passageIn } from '../domains/passage.ts';
import type { Ground } from './ground.ts';
import { entriesOf, holdBelow, holdNames, kindAt } from './held.ts';
import { isBelow, isVisible, laid, type Layout, placeArgs, together } from './places.ts';
import { showProgram } from './program.ts';
import { holdNested, holdRepository } from './repository.ts';
import { realRoots } from './roots.ts';
import { defaultTmpBytes, machineView } from './view.ts';

const defaultProcesses = 4096;
/** Named in a repository, these start programs or servers when someone opens it. */
const heldNames = ['.mcp.json', '.vscode', '.spindlerc.json', '.spindlerc.yaml', '.spindlerc.yml'];
/** Variables that would change bwrap itself, which starts outside: they are set for the command alone. */
const loaderVariable = /^(LD_|GLIBC_|GCONV_PATH$|LOCPATH$|MALLOC_)/;

/**
 * How a command is started inside. The same request gives the same plan while the files are the same. Throws KernelError:
 * `not_found` (no such program or root), `sandbox` (a workspace that cannot be confined, a hidden folder), `invalid`.
 */
export function planSpawn(request: SandboxRequest, ground: Ground): SpawnPlan {
  const { argv, cwd } = request;
  const { env, descriptor } = passageIn(request.env);
  const { program: file, filter, gitIdentity, homes } = ground;
  const roots = realRoots(request, ground);
  if (request.mode !== 'read-only') checkOutside(file, roots);
  const { places, cleanup } = layout(request, roots, ground);
  checkFolder(cwd, places);
  const program = showProgram(argv[0], { cwd, searchPath: env['PATH'] ?? '', places });
  const descriptors: string[] = descriptor === undefined ? [] : [descriptor];
  const way = descriptor === undefined ? direct(env) : bridged(env, places);
  const { inside, outside } = divided(way.env);
  const give = (data: string) => String(descriptors.push(data) + 2);
  const args = [
    ...namespaces(request.network),
    ...(filter === undefined ? [] : ['--seccomp', give(filter)]),
    ...system(ground),
    ...kernelSettings(ground).flatMap(([path, text]) => ['--file', give(base64(text)), path]),
    ...(ground.freshProc ? ['--remount-ro', '/proc'] : []), // the machine's own is read-only already
    ...placeArgs([...places, ...program, ...way.places]),
    ...homes.slice(0, gitIdentity === '' ? 0 : 1).flatMap((home) => {
      return ['--perms', '0600', '--file', give(gitIdentity), join(home, '.gitconfig')];
    }),
    ...inside,
    '--chdir',
    cwd,
    '--',
    ...way.before,
    ...limited(argv, ground),
  ];
  return { file, args, cwd, env: outside, descriptors, cleanup };
}

/** How a command is started, with what environment, and what must be shown for it. */
interface Way {
  readonly env: SandboxRequest['env'];
  readonly before: readonly string[];
  readonly places: Layout['places'];
}

function direct(env: SandboxRequest['env']): Way {
  return { env, before: [], places: [] };
}

/** How a command with a way out is started: by the bridge, over the first descriptor. */
function bridged(env: SandboxRequest['env'], places: Layout['places']): Way {
  const { bridge, env: rest } = bridgeOver(3, env);
  const shown = showProgram(bridge.program, { cwd: '/', searchPath: '', places });
  return { env: rest, before: [bridge.program, ...bridge.args], places: shown };
}

/** Whether the kernel counts the processes of each sandbox. */
export function countsProcesses({ hasOwnPidMax, freshProc }: Ground): boolean {
  return hasOwnPidMax && freshProc;
}

/** Limits that are written to files: how many processes there can be, and who is ended first when memory runs out. */
function kernelSettings(ground: Ground): readonly (readonly [file: string, text: string])[] {
  const { processes = defaultProcesses } = ground.options;
  return [
    ...(countsProcesses(ground) ? [['/proc/sys/kernel/pid_max', String(processes)] as const] : []),
    ...(ground.freshProc ? [['/proc/self/oom_score_adj', '1000'] as const] : []),
  ];
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/**
 * Also as root in a user namespace of its own, so that root has no more rights than others. Without capabilities nothing
 * of a host's name or of control groups can be changed, so those are not made anew for each command.
 */
const separate = ['--unshare-user', '--unshare-pid', '--unshare-ipc'];
const bound = ['--die-with-parent', '--new-session', '--cap-drop', 'ALL'];

function namespaces(network: boolean): readonly string[] {
  return [...separate, ...(network ? [] : ['--unshare-net']), ...bound];
}

/** The machine read-only, with devices and processes of its own. */
function system({ freshProc, options }: Ground): readonly string[] {
  const { tmpBytes = defaultTmpBytes } = options;
  const devices = ['--dev', '/dev', '--remount-ro', '/dev'];
  const memory = ['--perms', '1777', '--size', String(tmpBytes), '--tmpfs', '/dev/shm'];
  const processes = freshProc ? ['--proc', '/proc'] : ['--ro-bind', '/proc', '/proc'];
  return ['--ro-bind', '/', '/', ...devices, ...memory, ...processes];
}

function layout(request: SandboxRequest, roots: readonly string[], ground: Ground): Layout {
  const folders = [...new Set([request.cwd, ...roots])];
  const entries = new Map(folders.map((folder) => [folder, entriesOf(folder)]));
  const files = new Set([...entries.values()].flatMap((one) => [...one.keys()]));
  const base = machineView(request, files, ground);
  if (request.mode === 'read-only') {
    const hidden = roots.filter((root) => !isVisible(root, base));
    return laid(...base, ...hidden.map((path) => ({ path, as: 'read' as const })));
  }
  const { linked, options } = ground;
  const { held = [] } = options;
  return together([
    laid(...base, ...roots.map((path) => ({ path, as: 'write' as const }))),
    ...roots
      .filter((root) => kindAt(root) === 'folder')
      .flatMap((root) => {
        const own = entries.get(root) ?? new Map();
        return [
          holdRepository(root, own),
          holdNested(root, { cwd: request.cwd, entries: own, linked: linked?.(root) }),
          holdNames(root, heldNames, own),
          ...held.map((name) => holdBelow(root, join(root, name))),
        ];
      }),
  ]);
}

/** What is set for the command alone, as arguments, and what bwrap passes on. */
function divided(env: SandboxRequest['env']) {
  const outside: Record<string, string> = {};
  const inside: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (loaderVariable.test(name)) inside.push('--setenv', name, value);
    else outside[name] = name === 'TMPDIR' ? '/tmp' : value;
  }
  return { outside, inside };
}

/** Limits that the kernel keeps for each process. It does not count those of root. */
function limited(argv: readonly string[], ground: Ground): readonly string[] {
  const { prlimit, isRoot, options } = ground;
  const { memoryBytes, processes = defaultProcesses } = options;
  const limits = [
    ...(countsProcesses(ground) || isRoot ? [] : [`--nproc=${processes}`]),
    ...(memoryBytes === undefined ? [] : [`--data=${memoryBytes}`]),
  ];
  return limits.length === 0 || prlimit === undefined ? argv : [prlimit, ...limits, '--', ...argv];
}

function checkFolder(cwd: string, places: Layout['places']): void {
  if (isVisible(cwd, places)) return;
  throw new KernelError(
    'sandbox',
    `expected a folder that commands can see, but ${cwd} is hidden in the sandbox: choose one in the workspace`,
  );
}

/** A bwrap that commands could have written is none. */
function checkOutside(program: string, roots: readonly string[]): void {
  const root = roots.find((one) => isBelow(program, one));
  if (root === undefined) return;
  throw new KernelError(
    'sandbox',
    `expected bwrap outside the workspace, but found ${program} in ${root}: install bubblewrap, or name another with the option "program"`,
  );
}
