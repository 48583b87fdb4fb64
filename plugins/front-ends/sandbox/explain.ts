/** How a command would be confined: the plan that would be carried out, and what of limits it holds. Nothing is run. */

import { KernelError, notFound } from '../../../core/index.ts';
import type { Argv, Sandbox, SandboxProbe, Settings, SpawnPlan } from '../../../core/index.ts';
import { shown } from '../terminal/style.ts';

/** What holds for the command. */
export type ExplainSettings = Partial<Pick<Settings, 'sandbox' | 'network' | 'roots'>>;

/** The plan in lines for people. Throws KernelError: `sandbox` where none confines, and what planning throws. */
export async function explainPlan(
  argv: Argv,
  sandboxes: readonly Sandbox[],
  { sandbox: mode = 'workspace-write', network = false, roots = [] }: ExplainSettings,
): Promise<readonly string[]> {
  if (mode === 'danger-full-access')
    return [`${mode}: the command runs in no sandbox, as you, with all that you may do`];
  const { sandbox, probe } = await best(sandboxes);
  const [cwd] = roots;
  if (cwd === undefined) throw notFound`there is no workspace to run a command in`;
  const { PATH = '', HOME = '' } = process.env;
  const plan = await sandbox.plan({ argv, cwd, env: { PATH, HOME }, mode, roots, network });
  return [
    `${sandbox.name} confines ${probe.level === 'full' ? 'fully' : 'in part'}, ${mode}, network ${network ? 'on' : 'off'}`,
    ...probe.reasons.map((reason) => `  ${reason}`),
    ...limitLines(plan),
    `program  ${plan.file}`,
    ...grouped(plan.args).map((line) => `  ${line}`),
    `env      ${Object.keys(plan.env).join(' ')}`,
    ...(plan.descriptors ?? []).map((data, at) => `reads    ${at + 3}: ${descriptorText(data)}`),
    ...(plan.cleanup ?? []).map((path) => `removes  ${path} afterwards, if it is empty or made`),
  ].map(shown);
}

async function best(all: readonly Sandbox[]) {
  const found: { readonly sandbox: Sandbox; readonly probe: SandboxProbe }[] = [];
  for (const sandbox of all) found.push({ sandbox, probe: await sandbox.probe() });
  const chosen =
    found.find(({ probe }) => probe.level === 'full') ??
    found.find(({ probe }) => probe.level === 'partial');
  if (chosen !== undefined) return chosen;
  const why = found.flatMap(({ probe }) => probe.reasons).join('; ');
  throw new KernelError(
    'sandbox',
    `no sandbox can confine commands here: ${why || 'there is none'}`,
  );
}

/** What a plan says of limits, as bubblewrap's plans do. */
function limitLines({ args, descriptors = [] }: SpawnPlan): readonly string[] {
  const valueOf = (name: string) => args.find((arg) => arg.startsWith(name))?.slice(name.length);
  const count = args.indexOf('/proc/sys/kernel/pid_max');
  const counted = count < 0 ? undefined : descriptors[Number(args[count - 1]) - 3];
  const [perUser, data] = [valueOf('--nproc='), valueOf('--data=')];
  const size = args[args.indexOf('--size') + 1];
  const processes =
    counted === undefined
      ? perUser && `${perUser} of the user, by prlimit`
      : `${descriptorText(counted)} in the sandbox, counted by the kernel`;
  return [
    `limits   processes: ${processes ?? 'none'}`,
    `         memory: ${data === undefined ? 'none of its own; it is ended first when the machine’s runs out' : `${data} bytes of data for each process, by prlimit`}`,
    ...(args.includes('--size') ? [`         /tmp and the like: ${size} bytes each`] : []),
  ];
}

/** An option with its values a line, with the options that are about it before it. */
function grouped(args: readonly string[]): readonly string[] {
  const lines: string[][] = [];
  const end = args.indexOf('--');
  args.forEach((arg, at) => {
    const isOption = arg.startsWith('--') && (end < 0 || at <= end);
    const isBegun = /^--(?:perms|size)$/.test(lines.at(-1)?.at(-2) ?? '');
    if ((isOption && !isBegun) || lines.length === 0) lines.push([arg]);
    else lines.at(-1)?.push(arg);
  });
  return lines.map((line) => line.join(' '));
}

function descriptorText(data: string): string {
  const bytes = Buffer.from(data, 'base64');
  const text = bytes.toString();
  const isText = Buffer.from(text).equals(bytes) && !text.includes('\0');
  return isText ? JSON.stringify(text).slice(1, -1) : `${bytes.length} bytes`;
}
