/** Starts a server's process, and finds out what holds it. */

import type { Confinement, Host, Process, SandboxMode, SpawnRequest } from '../../core/index.ts';
import type { StdioServer } from './server-config.ts';

/** What a server's process runs in: how well it is confined, what it may write, whether it has the network. */
export interface ServerConfinement {
  readonly level: Confinement;
  readonly mode: SandboxMode;
  readonly network: boolean;
}

/** A process, and what it runs in as the gate's record of its start says. */
export interface Started {
  readonly process: Process;
  readonly confinement: ServerConfinement;
}

/** Starts one in `mode`, the sandbox mode of the kernel. It ends with the plugin. */
export async function spawnServer(
  host: Host,
  server: StdioServer,
  request: Pick<SpawnRequest, 'stdin' | 'onOutput'>,
  mode: SandboxMode,
): Promise<Started> {
  const { command, args, cwd, env, name, sandbox } = server;
  const argv = [command, ...args] as const;
  let confinement: ServerConfinement = { level: 'none', mode: 'danger-full-access', network: true };
  const text = JSON.stringify(argv);
  // The record of the effect tells it, and comes before the process starts.
  using _listener = host.client.listen((event) => {
    if (event.type !== 'effect/decided') return;
    const { effect } = event.decision;
    const isIt =
      effect.kind === 'spawn' &&
      event.decision.origin.name === name &&
      JSON.stringify(effect['argv']) === text;
    if (!isIt) return;
    const level =
      effect['confined'] === 'full' || effect['confined'] === 'partial'
        ? effect['confined']
        : 'none';
    confinement = {
      level,
      mode: level === 'none' ? 'danger-full-access' : mode,
      network: effect['network'] === true,
    };
  });
  const process = await host.effects.spawn({
    argv,
    cwd,
    env,
    server: name,
    ...request,
    ...(sandbox ? {} : { unconfined: true }),
  });
  return { process, confinement };
}
