/**
 * Confines commands on macOS with a generated profile for sandbox-exec: the machine read-only, the home folder hidden,
 * writable workspace and a private folder for temporary files, no network. It was never run by its authors: its plans are
 * compared as text. docs/sandbox-others.md says what that means.
 */

import { realpathSync, rmSync } from 'node:fs';

import {
  type Host,
  KernelError,
  type Plugin,
  type Sandbox,
  type SandboxProbe,
  sandboxes,
} from '../../core/index.ts';
import type { SeatbeltGround, SeatbeltOptions } from './seatbelt/plan.ts';

/** The schema of SeatbeltOptions. */
export const options = async () => {
  const { z } = await import('zod');
  const name = z.string().regex(/^(?!\.\.?(\/|$))[^/]/, 'a relative path without ..');
  return z.strictObject({
    homeFolders: z.array(name).optional().describe('names below the home folder to show'),
    loopback: z.boolean().optional().describe('allow 127.0.0.1, which is the whole machine'),
  });
};

export default function seatbelt(given: SeatbeltOptions = {}): Plugin {
  return {
    name: 'seatbelt',
    api: 1,
    setup: (host) => {
      host.add(sandboxes, seatbeltSandbox(given, host));
    },
  };
}

type Probed = { readonly probe: SandboxProbe; readonly ground?: SeatbeltGround };

/** Looks at the machine when first asked, and once. Its folder for temporary files is there from then on. */
function seatbeltSandbox(given: SeatbeltOptions, host: Host): Sandbox {
  let probed: Promise<Probed> | undefined;
  const look = async (): Promise<Probed> => {
    if (process.platform !== 'darwin') return unusable('seatbelt is for macOS');
    const { makeGround, tryOut } = await import('./seatbelt/ground.ts');
    const ground = makeGround(given);
    host.scope.defer(() => rmSync(ground.tmp, { recursive: true, force: true }));
    const fault = tryOut(ground);
    return fault === undefined ? { ground, probe: { level: 'partial', reasons } } : unusable(fault);
  };
  return {
    name: 'seatbelt',
    probe: async () => (await (probed ??= look())).probe,
    plan: async (request) => {
      const { ground, probe } = await (probed ??= look());
      const why = `seatbelt cannot confine commands: ${probe.reasons.join('; ')}`;
      if (ground === undefined) throw new KernelError('sandbox', why);
      const { planSeatbelt } = await import('./seatbelt/plan.ts');
      const roots = request.roots.map((root) => realpathSync(root));
      return planSeatbelt({ ...request, roots }, ground);
    },
  };
}

const reasons = [
  'what leaves its process group can outlive its command',
  'processes, memory and temporary files are not limited',
];

function unusable(reason: string): Probed {
  return { probe: { level: 'none', reasons: [reason] } };
}
