import { frontEnds } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { auditShow } from './audit/show.ts';
import { auditVerify } from './audit/verify.ts';
import { runCommand } from './command-line/run.ts';

/** Options of `audit-command`, given by the program that it is part of. */
export interface AuditCommandOptions {
  /** The folder that a relative FILE is taken from; default: the process's. */
  readonly cwd?: string;
}

const commands = { verify: auditVerify, show: auditShow };

/** `spindle audit verify|show` checks and shows the log that the plugin `audit` writes. */
export default function auditCommand({ cwd = process.cwd() }: AuditCommandOptions = {}): Plugin {
  return {
    name: 'audit-command',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'audit',
        description: 'The record of decisions: audit verify|show',
        run: (client, argv, signal) =>
          runCommand(argv, { name: 'audit', commands, client, signal, cwd }),
      }),
  };
}
