import { frontEnds } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { runCommand } from './command-line/run.ts';
import { policyCheck } from './policy/check.ts';
import { policyList, policyRemove } from './policy/list.ts';

const commands = { check: policyCheck, list: policyList, remove: policyRemove };

/**
 * `spindle policy check -- CMD` tells what would be decided of a command, part by part; `policy list` shows all rules,
 * `policy remove ID` takes back an answer that was remembered. They run nothing, and need the plugin `rules`.
 */
export default function policy(): Plugin {
  return {
    name: 'policy',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'policy',
        description: 'Rules and what they decide: policy check|list|remove',
        run: (client, argv, signal) =>
          runCommand(argv, { name: 'policy', commands, client, signal, cwd: '/' }),
      }),
  };
}
