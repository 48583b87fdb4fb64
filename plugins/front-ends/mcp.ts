import { frontEnds, KernelError } from '../../core/index.ts';
import type { Client, Plugin } from '../../core/index.ts';
import { parse } from './command-line/parse.ts';
import { type Command, runCommand } from './command-line/run.ts';
import { login } from './mcp/login.ts';
import { shownDifferences, shownServers, shownSimplified, shownTools } from './mcp/show.ts';
import type { Difference, ServerStatus, Simplified, ToolStatus } from './mcp/status.ts';

/** `spindle mcp list|get|diff|accept|login|logout`: the configured servers, their tools, and logging in. */
export default function mcpCommand(): Plugin {
  return {
    name: 'mcp-command',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'mcp',
        description: 'MCP servers: list, get, diff, accept, login, logout',
        run: (client, argv, signal) =>
          runCommand(argv, { name: 'mcp', commands, client, signal, cwd: '/' }),
      }),
  };
}

const list: Command = (argv) => {
  const { flags } = parse(argv, { json: {}, known: {} });
  return async ({ client, signal, stdout, style }) => {
    const start = flags.known !== true;
    const { servers } = (await client.call('mcp/status', { start }, signal)) as Servers; // its result
    const text =
      flags.json === true ? `${JSON.stringify(servers, null, 2)}\n` : shownServers(servers, style);
    await stdout.write(text);
  };
};

interface Servers {
  readonly servers: Readonly<Record<string, ServerStatus>>;
}

const get: Command = (argv) => {
  const { flags, words } = parse(argv, { json: {} });
  const server = serverIn(words, 1);
  return async ({ client, signal, stdout, style }) => {
    const { servers } = (await client.call(
      'mcp/status',
      { server, start: true },
      signal,
    )) as Servers; // as above
    const { tools, simplified } = (await client.call('mcp/tools', { server }, signal)) as Tools; // as above
    const found = { ...servers[server], tools };
    const text =
      flags.json === true
        ? `${JSON.stringify(found, null, 2)}\n`
        : `${shownServers(servers, style)}\n${shownTools(tools, style)}${shownSimplified(simplified, style)}`;
    await stdout.write(text);
    return servers[server]?.state === 'failed' ? 1 : 0;
  };
};

interface Tools {
  readonly tools: readonly ToolStatus[];
  readonly simplified: readonly Simplified[];
}

const diff: Command = (argv) => {
  const { flags, words } = parse(argv, { json: {} });
  const server = serverIn(words, 1);
  return async ({ client, signal, stdout, style }) => {
    const found = await differences(client, server, signal);
    const text =
      flags.json === true
        ? `${JSON.stringify(found, null, 2)}\n`
        : shownDifferences(server, found, style);
    await stdout.write(text);
    return found.length > 0 ? 1 : 0;
  };
};

/** What a server's tools are now counts, so it is started. */
async function differences(client: Client, server: string, signal: AbortSignal) {
  await client.call('mcp/status', { server, start: true }, signal);
  const { tools } = (await client.call('mcp/diff', { server }, signal)) as {
    readonly tools: readonly Difference[]; // its result
  };
  return tools;
}

const accept: Command = (argv) => {
  const { words } = parse(argv, {});
  const server = serverIn(words, Infinity);
  const tools = words.slice(1);
  return async ({ client, signal, stdout }) => {
    await client.call('mcp/status', { server, start: true }, signal);
    const params = { server, ...(tools.length === 0 ? {} : { tools }) };
    const { accepted } = (await client.call('mcp/accept', params, signal)) as {
      readonly accepted: readonly string[]; // its result
    };
    const none = `nothing of ${server} waits to be accepted`;
    await stdout.write(accepted.length === 0 ? `${none}\n` : `accepted: ${accepted.join(', ')}\n`);
  };
};

const logout: Command = (argv) => {
  const server = serverIn(parse(argv, {}).words, 1);
  return async ({ client, signal, stdout }) => {
    await client.call('mcp/logout', { server }, signal);
    await stdout.write(`logged out of ${server}\n`);
  };
};

const logIn: Command = (argv) => {
  const { flags, words } = parse(argv, { scope: { takes: 'SCOPE' } });
  const server = serverIn(words, 1);
  return ({ client, signal, stdout }) =>
    login(client, { server, scope: flags.scope }, { signal, tell: (text) => stdout.write(text) });
};

function serverIn(words: readonly string[], most: number): string {
  const [server] = words;
  if (server === undefined) throw new KernelError('invalid', 'expected the name of a server');
  if (words.length > most)
    throw new KernelError('invalid', `expected one name, but got "${words.join(' ')}"`);
  return server;
}

const commands = { list, get, diff, accept, login: logIn, logout };
