/** What bubblewrap can do on this machine, found by running it once. */

import { realpathSync } from 'node:fs';
import { text } from 'node:stream/consumers';

import type { SandboxProbe, SpawnPlan } from '../../../core/index.ts';
import { type Ground, surveyMachine } from './ground.ts';
import type { BubblewrapOptions } from './options.ts';
import { isBelow } from './places.ts';
import { countsProcesses, planSpawn } from './plan.ts';
import { programsNamed } from './program.ts';

/** The probe, and what plans are made from unless its level is `none`. */
export interface Probed {
  readonly probe: SandboxProbe;
  readonly ground?: Ground;
}

const timeoutMs = 5000;
const install =
  'install it (Debian and Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap)';

/** Runs bwrap in itself, to say its version; when that fails, once more with less, and with less again. */
export async function probeMachine(options: BubblewrapOptions): Promise<Probed> {
  if (process.platform !== 'linux') return unusable('bubblewrap is for Linux');
  const program = options.program ?? findBubblewrap();
  if (program === undefined) return unusable(`there is no bwrap on PATH: ${install}`);
  const survey = surveyMachine(realpathSync.native(program), options);
  const whole = { ...survey, freshProc: true };
  const fault = await faultOf(whole);
  if (fault === undefined) return usable(whole, []);
  const uncounted = { ...whole, hasOwnPidMax: false };
  if (whole.hasOwnPidMax && (await faultOf(uncounted)) === undefined) return usable(uncounted, []);
  const shared = { ...uncounted, freshProc: false };
  if ((await faultOf(shared)) !== undefined) return unusable(`${fault}${adviceFor(fault)}`);
  return usable(shared, [
    `commands see the processes of the machine, since it refuses them a /proc of their own (${fault})`,
  ]);
}

function usable(ground: Ground, faults: readonly string[]): Probed {
  const { filter, isRoot, prlimit } = ground;
  const reasons = [
    ...faults,
    ...(filter === undefined
      ? [`there is no filter of system calls for ${process.arch}: Unix sockets are open`]
      : []),
  ];
  const isCounted = countsProcesses(ground) || (!isRoot && prlimit !== undefined);
  const note = 'how many processes a command starts is not limited: that takes Linux 6.14';
  return {
    ground,
    probe: {
      level: reasons.length === 0 ? 'full' : 'partial',
      reasons: isCounted ? reasons : [...reasons, note],
    },
  };
}

function unusable(reason: string): Probed {
  return { probe: { level: 'none', reasons: [reason] } };
}

/** Where repositories do not lie. */
const systemFolders = ['/usr/bin', '/usr/local/bin', '/bin', '/nix/store'];

/** The first on PATH, but not one of the folder that Spindle was started in. */
function findBubblewrap(): string | undefined {
  const found = programsNamed('bwrap', process.env['PATH'] ?? '');
  return found.map((file) => realpathSync.native(file)).find((file) => !isOfFolder(file));
}

function isOfFolder(file: string): boolean {
  const isSystem = systemFolders.some((folder) => isBelow(file, folder));
  return !isSystem && isBelow(file, process.cwd());
}

/** What went wrong, in bwrap's words; `undefined` when nothing did. */
async function faultOf(ground: Ground): Promise<string | undefined> {
  const env = { PATH: process.env['PATH'] ?? '' };
  const argv = [ground.program, '--version'] as const;
  const request = { argv, cwd: '/', env, roots: [], mode: 'read-only' } as const;
  const { code, errors } = await run(planSpawn({ ...request, network: false }, ground));
  return code === 0 ? undefined : errors.split('\n')[0] || `bwrap ended with ${code}`;
}

async function run(
  plan: SpawnPlan,
): Promise<{ readonly code: number | null; readonly errors: string }> {
  const { file, args, cwd, env, descriptors = [] } = plan;
  const { spawn } = process.getBuiltinModule('node:child_process');
  const stdio = ['ignore', 'ignore', 'pipe', ...descriptors.map(() => 'pipe' as const)] as const;
  const child = spawn(file, args, { cwd, env, stdio: [...stdio], timeout: timeoutMs });
  const ended = new Promise<number | null>((done) => {
    child.once('close', done).once('error', () => done(null));
  });
  descriptors.forEach((data, index) => {
    const pipe = child.stdio[index + 3];
    if (!pipe || !('end' in pipe)) return;
    pipe.on('error', () => {}); // bwrap ended before it read it: its exit code says so
    pipe.end(Buffer.from(data, 'base64'));
  });
  const errors = child.stderr ? await text(child.stderr) : '';
  return { code: await ended, errors };
}

/** What to do about it, as far as it can be told. */
function adviceFor(fault: string): string {
  if (/unknown option/i.test(fault)) return ': install bubblewrap 0.8 or newer';
  if (/setting up uid map|RTM_NEWADDR|No permissions to creat|Creating new namespace/i.test(fault))
    return ': user namespaces are refused here; allow them (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns; in a container, its seccomp profile), or run in a container with --sandbox danger-full-access';
  return '';
}
