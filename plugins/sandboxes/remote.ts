/**
 * Runs commands on another host, over ssh: the same arguments, folder and environment. What happens there is that host's
 * matter; with `through` it can be a sandbox of its own. docs/sandbox-others.md says what that holds.
 */

import { KernelError, type Plugin, type Sandbox, sandboxes } from '../../core/index.ts';
import { planRemote, type RemoteOptions } from './remote/plan.ts';

/** The schema of RemoteOptions. */
export const options = async () => {
  const { z } = await import('zod');
  const text = z.string().min(1);
  return z.strictObject({
    host: text.regex(/^[^-\s]\S*$/, 'a name, user@name, or a name of ssh_config').optional(),
    program: text.optional().describe('default: ssh'),
    args: z.array(text).optional().describe('further arguments for ssh, such as -p 2222'),
    through: z.array(text).optional().describe('put before each command there'),
  });
};

export default function remote(given: RemoteOptions = {}): Plugin {
  return {
    name: 'remote',
    api: 1,
    setup: (host) => {
      host.add(sandboxes, remoteSandbox(given));
    },
  };
}

const timeoutMs = 10_000;

function remoteSandbox(given: RemoteOptions): Sandbox {
  const { host } = given;
  return {
    name: 'remote',
    probe: () => {
      if (host === undefined) return { level: 'none', reasons: ['no host is configured'] };
      const fault = faultOf({ ...given, host });
      if (fault !== undefined)
        return { level: 'none', reasons: [`${host} cannot be used: ${fault}`] };
      const where = `commands run on ${host}, with all that its user may do there`;
      const what = given.through ? `${where} through ${given.through.join(' ')}` : where;
      return { level: 'partial', reasons: [what, 'a command can outlive its connection'] };
    },
    plan: (request) => {
      if (host !== undefined) return planRemote(request, { ...given, host }, process.env);
      const advice = 'name it with the option "host" of the plugin remote';
      throw new KernelError('sandbox', `there is no host to run commands on: ${advice}`);
    },
  };
}

/** Runs `true` there. */
function faultOf(given: RemoteOptions & { readonly host: string }): string | undefined {
  const request = { argv: ['true'], cwd: '/', env: {}, roots: [], mode: 'read-only' } as const;
  const { through: _through, ...direct } = given;
  const plan = planRemote({ ...request, network: false }, direct, process.env);
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { env } = plan;
  const done = spawnSync(plan.file, plan.args, { env, encoding: 'utf8', timeout: timeoutMs });
  if (done.status === 0) return undefined;
  return (done.stderr ?? '').trim().split('\n').at(-1) || String(done.error ?? done.status);
}
