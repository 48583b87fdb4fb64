/** Shows that a sandbox holds, by trying: what `spindle doctor` tells of it. Nothing of this runs at any other time. */

import fs from 'node:fs';
import type { Server, Socket } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Argv, Effects, Sandbox } from '../core/contracts.ts';
import { messageOf } from '../core/errors.ts';
import { createKernel } from '../core/kernel.ts';
import type { Plugin } from '../core/plugin.ts';
import { policies, sandboxes } from '../core/slots.ts';
import local from '../plugins/machines/local.ts';
import type { Proof } from '../plugins/front-ends/doctor.ts';

const timeoutMs = 20_000;

/** What the attempts are made against: a workspace, a folder outside it, a process, and two servers. */
interface Ground {
  readonly work: string;
  readonly outside: string;
  readonly secret: string;
  readonly victim: number;
  readonly port: number;
  /** Connections that were made, and whether the process still runs. */
  readonly seen: () => { readonly tcp: number; readonly unix: number; readonly isAlive: boolean };
}

interface Attempt {
  /** What must not work, as a phrase. */
  readonly name: string;
  /** Run inside, a text by bash; what it prints goes to `held`. */
  readonly script: (ground: Ground) => string | Argv;
  readonly held: (printed: string, ground: Ground) => boolean;
}

const exists = (path: string) => fs.existsSync(path);
/** Says that it was refused, so that an attempt that could not even be made does not count as held. */
const connecting = `require('net').connect('socket', () => process.kill(process.pid))
  .on('error', () => console.log('refused'))`;
const original = '[core]\n\trepositoryformatversion = 0\n';

const attempts: readonly Attempt[] = [
  {
    name: 'writing outside the workspace',
    script: ({ outside }) => `echo x > ${outside}/absolute`,
    held: (_, { outside }) => !exists(join(outside, 'absolute')),
  },
  {
    name: 'writing through a link',
    script: ({ outside }) => `ln -s ${outside} link; echo x > link/linked`,
    held: (_, { outside }) => !exists(join(outside, 'linked')),
  },
  {
    name: 'reading a secret of the home folder',
    script: ({ outside }) => `cat ${outside}/secret /proc/*/root${outside}/secret`,
    held: (printed, { secret }) => !printed.includes(secret),
  },
  {
    name: 'reaching a server on this machine over the network',
    script: ({ port }) => `exec 3<>/dev/tcp/127.0.0.1/${port} && echo x >&3`,
    held: (_, { seen }) => seen().tcp === 0,
  },
  {
    name: 'connecting to a Unix socket',
    script: () => [process.execPath, '-e', connecting],
    held: (printed, { seen }) => printed.includes('refused') && seen().unix === 0,
  },
  {
    name: 'seeing or ending a process of this machine',
    script: ({ victim, secret }) =>
      `grep -ls ${secret} /proc/[0-9]*/environ; kill -9 ${victim}; true`,
    held: (printed, { seen }) => !printed.includes('environ') && seen().isAlive,
  },
  {
    name: 'rights of root, and system calls without a filter',
    script: () => 'grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status',
    held: (printed) =>
      process.platform !== 'linux' ||
      [/CapEff:\s+0+$/m, /CapBnd:\s+0+$/m, /NoNewPrivs:\s+1$/m, /Seccomp:\s+2$/m].every((one) =>
        one.test(printed),
      ),
  },
  {
    name: 'a file that runs as its owner',
    script: () => 'cp /bin/true setuid; chmod 4755 setuid',
    held: (_, { work }) => (fs.statSync(join(work, 'setuid')).mode & 0o4000) === 0,
  },
  {
    name: 'a hook and a setting of git that would act later',
    script: () =>
      'echo x > .git/hooks/pre-commit; mv .git old; git config core.fsmonitor false; echo x >> .git/config',
    held: (_, { work }) =>
      !exists(join(work, '.git/hooks/pre-commit')) &&
      textOf(join(work, '.git/config')) === original,
  },
  {
    name: 'configuration that would start a server later',
    script: () => 'rm -rf .mcp.json; echo "{}" > .mcp.json',
    held: (_, { work }) =>
      !fs.statSync(join(work, '.mcp.json'), { throwIfNoEntry: false })?.isFile(),
  },
];

/** Tries every attempt in the sandbox; whether it was held. Throws when nothing could be tried. */
export async function proveSandbox(sandbox: Sandbox): Promise<readonly Proof[]> {
  await using stack = new AsyncDisposableStack();
  const ground = await makeGround(stack);
  const effects = await effectsIn(sandbox, ground.work, stack);
  const proofs: Proof[] = [];
  for (const attempt of attempts) {
    const printed = await run(effects, attempt.script(ground));
    proofs.push({ name: attempt.name, held: attempt.held(printed, ground) });
  }
  proofs.push({ name: 'a process that outlives its command', held: await endsAll(effects) });
  return proofs;
}

async function run(effects: Effects, script: string | Argv): Promise<string> {
  const argv: Argv = typeof script === 'string' ? ['bash', '-c', script] : script;
  let printed = '';
  const onOutput = (chunk: Uint8Array) => void (printed += Buffer.from(chunk).toString());
  const child = await effects.spawn({ argv, timeoutMs, onOutput });
  await child.exited;
  return printed;
}

/** Whether what a command leaves behind ends with it, within the moment that the kernel takes for that. */
async function endsAll(effects: Effects): Promise<boolean> {
  const name = `spindle-doctor-${process.pid}`;
  await run(effects, `setsid bash -c 'exec -a ${name} sleep 30' >/dev/null 2>&1 & sleep 0.2`);
  let left = runningAs(name);
  for (let wait = 0; left.length > 0 && wait < 20; wait++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    left = runningAs(name);
  }
  for (const pid of left) process.kill(pid, 'SIGKILL');
  return left.length === 0;
}

function runningAs(name: string): readonly number[] {
  const all = exists('/proc') ? fs.readdirSync('/proc').filter((one) => /^\d/.test(one)) : [];
  return all.filter((pid) => textOf(`/proc/${pid}/cmdline`).startsWith(name)).map(Number);
}

const attempted = { verdict: 'allow', reason: 'it is an attempt', rule: 'doctor' } as const;

/** Effects in a kernel of its own, so that each attempt passes a gate, with the workspace as its only root. */
async function effectsIn(
  sandbox: Sandbox,
  cwd: string,
  stack: AsyncDisposableStack,
): Promise<Effects> {
  let effects: Effects | undefined;
  const prover: Plugin = {
    name: 'prover',
    api: 1,
    setup: (host) => {
      effects = host.effects;
      host.add(sandboxes, sandbox);
      host.add(policies, { name: 'prover', judge: () => attempted });
    },
  };
  const { PATH = '', HOME = '' } = process.env;
  const settings = { cwd, roots: [cwd], provider: 'none', approval: 'never' } as const;
  const plugins = [local(), prover].map((plugin) => ({ plugin }));
  const env = { PATH, HOME };
  stack.use(
    await createKernel({ plugins, settings: { ...settings, sandbox: 'workspace-write' }, env }),
  );
  if (effects === undefined) throw new Error('expected the prover to be set up');
  return effects;
}

async function makeGround(stack: AsyncDisposableStack): Promise<Ground> {
  const folder = (base: string) => {
    const made = fs.realpathSync(fs.mkdtempSync(join(base, '.spindle-doctor-')));
    stack.defer(() => fs.rmSync(made, { recursive: true, force: true }));
    return made;
  };
  const [work, outside] = [folder(tmpdir()), folder(homeOrTmp())];
  const secret = `canary-${process.getBuiltinModule('node:crypto').randomUUID()}`;
  fs.writeFileSync(join(outside, 'secret'), secret, { mode: 0o600 });
  for (const name of ['objects', 'refs', 'hooks', 'info'])
    fs.mkdirSync(join(work, '.git', name), { recursive: true });
  fs.writeFileSync(join(work, '.git/HEAD'), 'ref: refs/heads/main\n');
  fs.writeFileSync(join(work, '.git/config'), original);
  const tcp = await listen(stack, { port: 0, host: '127.0.0.1' });
  const unix = await listen(stack, { path: join(work, 'socket') });
  const address = tcp.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { spawn } = process.getBuiltinModule('node:child_process');
  const victim = spawn('sleep', ['60'], { env: { CANARY: secret, PATH: '/usr/bin:/bin' } });
  victim.on('error', () => {}); // without it there is nothing to be seen
  stack.defer(() => void victim.kill('SIGKILL'));
  const seen = () => {
    const isAlive = victim.exitCode === null && victim.signalCode === null;
    return { tcp: tcp.count(), unix: unix.count(), isAlive };
  };
  return { work, outside, secret, victim: victim.pid ?? 0, port, seen };
}

async function listen(
  stack: AsyncDisposableStack,
  at: { path: string } | { port: number; host: string },
) {
  const { createServer } = process.getBuiltinModule('node:net');
  const open = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    open.add(socket.on('error', () => {}));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(at, resolve);
  });
  stack.defer(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { server, count: () => connections };
}

/** A home folder that cannot be written has no secrets of its own. */
function homeOrTmp(): string {
  try {
    fs.accessSync(homedir(), fs.constants.W_OK);
    return homedir();
  } catch {
    return tmpdir();
  }
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    return messageOf(error); // it has ended
  }
}
