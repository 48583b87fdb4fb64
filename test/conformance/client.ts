/**
 * The client that the conformance kit drives: `plugins/mcp` in a running kernel. `node client.ts URL`; the kit names the
 * scenario in `MCP_CONFORMANCE_SCENARIO`. It does what a person with a model would do: log in when told to, list, call.
 */

import { textOf, type ResultItem } from '../../core/index.ts';
import mcp from '../../plugins/mcp/mcp.ts';
import { memoryState } from '../../plugins/mcp/remembered.ts';
import type { OAuthSettings, RemoteServer } from '../../plugins/mcp/server-config.ts';
import { openToolThread, type ToolThread } from '../contracts/tool-thread.ts';

const url = process.argv.at(-1) ?? '';
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Context; // of the kit

interface Context {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly private_key_pem?: string;
  readonly signing_algorithm?: string;
  readonly idp_client_id?: string;
  readonly idp_id_token?: string;
  readonly idp_issuer?: string;
  readonly idp_token_endpoint?: string;
  /** Calls to make instead of one of each tool. */
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: object }[];
}

interface Tool {
  readonly tool: string;
  readonly inputSchema: Schema;
}

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly default?: unknown;
}

/** What is known without asking: the kit's scenario tells what it registered. */
function oauthSettings(): OAuthSettings {
  const { client_id: clientId, client_secret: clientSecret, private_key_pem: privateKey } = context;
  const { idp_client_id: idpClient = '', idp_id_token: idToken, idp_issuer: issuer = '' } = context;
  const { idp_token_endpoint: tokenEndpoint } = context;
  return {
    clientMetadataUrl: 'https://conformance-test.local/client-metadata.json',
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(privateKey === undefined ? {} : { privateKey, algorithm: context.signing_algorithm }),
    ...(scenario.includes('client-credentials') ? { grant: 'client_credentials' } : {}),
    ...(idToken === undefined
      ? {}
      : { idp: { issuer, clientId: idpClient, idToken, tokenEndpoint } }),
  };
}

const server: RemoteServer = {
  name: 'kit',
  key: 'kit',
  from: 'the kit',
  type: 'http',
  url,
  headers: {},
  oauth: oauthSettings(),
};

/** Opens the address as a browser does, and comes back with what the redirect says. */
async function visit(address: string, redirectUrl: string): Promise<string> {
  let at = address;
  for (let count = 0; count < 10; count++) {
    const answer = await fetch(at, { redirect: 'manual' });
    const location = answer.headers.get('location');
    if (location === null)
      throw new Error(`expected a redirect of ${at}, but got ${answer.status}`);
    at = new URL(location, at).href;
    if (at.startsWith(redirectUrl)) return new URL(at).search.slice(1);
  }
  throw new Error('the login redirects without end');
}

const redirectUrl = 'http://127.0.0.1:3000/callback';

async function login({ client }: ToolThread): Promise<void> {
  const begun = (await client.call('mcp/login', { server: 'kit', redirectUrl })) as {
    url?: string;
  };
  if (begun.url === undefined) return;
  const answer = await visit(begun.url, redirectUrl);
  await client.call('mcp/login', { server: 'kit', answer });
}

const wantsLogin = (text: string) => text.includes('wants a login');

/** The server's tools, after a login where it wants one. */
async function listTools(thread: ToolThread): Promise<readonly Tool[]> {
  for (let tries = 0; ; tries++) {
    const { servers } = (await thread.client.call('mcp/reload', {})) as {
      servers: Record<string, { state: string; why?: string }>;
    };
    const { state, why = '' } = servers['kit'] ?? { state: 'none' };
    if (state === 'ready') break;
    if (!wantsLogin(why) || tries > 2) throw new Error(`${state}: ${why}`);
    await login(thread);
  }
  const { tools } = (await thread.client.call('mcp/tools', { server: 'kit' })) as { tools: Tool[] };
  return tools;
}

const samples: Readonly<Record<string, unknown>> = {
  number: 2,
  integer: 3,
  boolean: true,
  string: 'text',
  array: [],
  object: {},
};

function argumentsFor({ properties = {} }: Schema): Record<string, unknown> {
  const entries = Object.entries(properties).map(([name, one]) => [
    name,
    one.default ?? samples[one.type ?? 'string'],
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

async function callTool(thread: ToolThread, name: string, given: object): Promise<ResultItem> {
  const args = { name: `kit/${name}`, arguments: given };
  for (let tries = 0; ; tries++) {
    const result = await thread.call('tool_call', args);
    console.log(name, result.isError, textOf(result.content).slice(0, 300));
    if (!wantsLogin(textOf(result.content)) || tries > 2) return result;
    await login(thread);
  }
}

/** What the scenario asks for; else each tool once. A `schema` that is asked for is the one of the tool before. */
function callsOf(tools: readonly Tool[]): readonly { name: string; arguments: object }[] {
  const schema = tools.find(({ tool }) => tool.startsWith('json_schema'))?.inputSchema;
  const each = tools.map(({ tool, inputSchema }) => {
    const args = argumentsFor(inputSchema);
    return { name: tool, arguments: 'schema' in args ? { ...args, schema } : args };
  });
  return context.toolCalls ?? each;
}

const undo: (() => unknown)[] = [];
const test = { after: (one: () => unknown) => void undo.push(one) } as Parameters<
  typeof openToolThread
>[0]; // as much as it uses

let failed = false;
try {
  const thread = await openToolThread(test, {
    plugins: [mcp({ servers: [server], state: memoryState(), version: '1.0.0' })],
    answer: () => ({ value: {} }),
  });
  const tools = await listTools(thread);
  console.log(scenario, tools.map(({ tool }) => tool).join(', '));
  for (const { name, arguments: args } of callsOf(tools)) await callTool(thread, name, args);
} catch (error) {
  console.error(error);
  failed = true;
}
for (const one of undo.toReversed()) await one();
process.exitCode = failed ? 1 : 0;
