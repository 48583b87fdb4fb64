import { frontEnds, invalid, messageOf } from '../../core/index.ts';
import type { Client, Plugin, Settings } from '../../core/index.ts';
import { exitCodeOfSignal } from './command-line/run.ts';
import { readRequest, type ServeRequest } from './mcp-server/request.ts';
import { openOutput, type Output } from './terminal/output.ts';
import { shown } from './terminal/style.ts';

/** Options of `mcp-server`, given by the program that it is part of. */
export interface McpServerOptions {
  /** Connects to the kernels of all folders, as this client; default: the kernel that the front end is in. */
  readonly connect?: (name: string) => Client;
  /** Of this program. */
  readonly version?: string;
  /** The folder it was started in, and where relative paths of flags are taken from; default: the process's folder. */
  readonly cwd?: string;
  /** Settings of new threads there: calls may ask for less, never for more. */
  readonly settings?: Partial<Settings>;
  /** A path with its links resolved, as far as it exists. */
  readonly realPath?: (path: string) => string;
  /** Whether there is a folder of this path; default: taken to be. */
  readonly isFolder?: (path: string) => boolean;
}

/** `spindle mcp-server` offers the agent to MCP hosts; docs/mcp-server.md has its tools, flags and bounds. */
export default function mcpServer(config: McpServerOptions = {}): Plugin {
  return {
    name: 'mcp-server',
    api: 1,
    setup(host) {
      host.add(frontEnds, {
        name: 'mcp-server',
        description: 'Offers the agent to other programs over MCP.',
        run: async (own, argv, signal) => {
          await using stdout = openOutput(process.stdout, signal);
          await using stderr = openOutput(process.stderr, signal);
          const client = config.connect?.('mcp-server') ?? own;
          return await run(argv, config, { client, signal, stdout, stderr });
        },
      });
    },
  };
}

/** Where it runs. */
interface Context {
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly stdout: Output;
  readonly stderr: Output;
}

async function run(
  argv: readonly string[],
  config: McpServerOptions,
  context: Context,
): Promise<number> {
  const { signal, stderr } = context;
  const { cwd = process.cwd(), settings = {}, version = '0' } = config;
  const { realPath = (path) => path, isFolder = () => true } = config;
  const fail = async (error: unknown, code: number) => {
    await stderr.write(`spindle mcp-server: ${shown(messageOf(error))}\n`);
    return code;
  };
  let request: ServeRequest;
  try {
    request = readRequest(argv, cwd);
    const absent = request.roots.find((root) => !isFolder(root));
    if (absent !== undefined) throw invalid`expected a folder after --root, but got ${absent}`;
  } catch (error) {
    return fail(error, 2);
  }
  try {
    const { serve } = await import('./mcp-server/serve.ts');
    const roots = request.roots.map(realPath);
    await serve({ ...request, ...context, version, bounds: { settings, cwd, roots, realPath } });
    return signal.aborted ? exitCodeOfSignal(signal) : 0;
  } catch (error) {
    return signal.aborted ? exitCodeOfSignal(signal) : fail(error, 1);
  }
}
