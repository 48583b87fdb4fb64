/** `spindle mcp approve SERVER… [--revoke]`. */

import { KernelError } from '../core/errors.ts';
import { shown } from '../plugins/front-ends/terminal/style.ts';
import type { Configuration } from './load.ts';
import { repositoryServers } from './mcp.ts';
import { approve } from './mcp-state.ts';
import { didYouMean } from './suggest.ts';

/** Approves servers of the repository as they are written now; gives what to tell the user. Throws `not_found`. */
export function approveServers(
  configuration: Configuration,
  names: readonly string[],
  { revoke }: { readonly revoke: boolean },
): string {
  const { paths, root } = configuration;
  const servers = repositoryServers(configuration);
  const found = names.map((name) => {
    const server = servers.get(name);
    if (server !== undefined) return { name, ...server };
    const known = [...servers.keys()].join(', ') || 'none';
    const message = `the files of ${root} that count have no MCP server "${name}"; there are: ${known}.${didYouMean(name, servers.keys())}`;
    throw new KernelError('not_found', message);
  });
  const keys = found.map(({ name, key }) => [name, revoke ? undefined : key] as const);
  approve(paths, root, Object.fromEntries(keys));
  const what = revoke ? 'not approved any more' : 'approved';
  return found.map((one) => `${what}: ${one.name}: ${shown(one.shown)}`).join('\n');
}
