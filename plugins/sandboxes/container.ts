/**
 * Runs commands in a container of podman or docker: its image instead of the machine, the workspace mounted, no network.
 * It was never run by its authors: its plans are compared as text. docs/sandbox-others.md says what that means.
 */

import { KernelError, type Plugin, type Sandbox, sandboxes } from '../../core/index.ts';
import type { ContainerOptions } from './container/plan.ts';

/** The schema of ContainerOptions. */
export const options = async () => {
  const { z } = await import('zod');
  const text = z.string().min(1);
  return z.strictObject({
    image: text.optional().describe('what commands run in; without it nothing does'),
    program: text.optional().describe('default: podman'),
    args: z.array(text).optional().describe('further arguments for its run'),
    argv: z
      .tuple([text], text)
      .optional()
      .describe(
        'instead of our own command line; {mounts}, {env}, {command} and others are filled in',
      ),
    processes: z.int().positive().optional().describe('default: 4096'),
    memoryBytes: z.int().positive().optional().describe('default: not limited'),
    tmpBytes: z.int().positive().optional().describe('of /tmp; default: 2 GiB'),
  });
};

export default function container(given: ContainerOptions = {}): Plugin {
  return {
    name: 'container',
    api: 1,
    setup: (host) => {
      host.add(sandboxes, containerSandbox(given));
    },
  };
}

const timeoutMs = 10_000;

function containerSandbox(given: ContainerOptions): Sandbox {
  const { image, program = 'podman' } = given;
  return {
    name: 'container',
    probe: () => {
      if (image === undefined) return { level: 'none', reasons: ['no image is configured'] };
      const fault = faultOf(program, image);
      if (fault !== undefined) return { level: 'none', reasons: [fault] };
      const reason = 'a command that ignores SIGTERM can outlive its end';
      return { level: 'partial', reasons: [reason] };
    },
    plan: async (request) => {
      const { homedir, userInfo } = process.getBuiltinModule('node:os');
      const advice = 'name it with the option "image" of the plugin container';
      if (image === undefined)
        throw new KernelError('sandbox', `there is no image to run commands in: ${advice}`);
      const { planContainer } = await import('./container/plan.ts');
      const { uid, gid } = userInfo();
      const ground = { home: homedir(), user: `${uid}:${gid}`, env: process.env };
      return planContainer(request, { ...given, image }, ground);
    },
  };
}

/** Looks for the image; nothing is fetched. */
function faultOf(program: string, image: string): string | undefined {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const args = ['image', 'inspect', '--format', '{{.Id}}', image];
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: timeoutMs });
  if (done.status === 0) return undefined;
  const said = (done.stderr ?? '').trim().split('\n').at(-1) || String(done.error ?? done.status);
  return `${program} has no image ${image} (get it with "${program} pull ${image}"): ${said}`;
}
