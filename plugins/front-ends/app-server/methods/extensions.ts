/** What extends the agent here: skills, hooks, MCP servers, each by the plugin that has them. */

import { createHash } from 'node:crypto';
import type { z } from 'zod';

import { asKernelError, type Client } from '../../../../core/index.ts';
import type { ShownHook } from '../configuration.ts';
import { profileIds } from '../items/settings.ts';
import { serverRequests as shapes } from '../schemas/server-requests.ts';
import type { Method } from '../session.ts';
import { method } from './method.ts';
import { pageOf } from './pages.ts';
import { folderOf } from './thread-life.ts';

type Skills = z.infer<(typeof shapes)['skills/list']['result']>['data'][number];
type Hooks = z.infer<(typeof shapes)['hooks/list']['result']>['data'][number];
type McpServer = z.infer<(typeof shapes)['mcpServerStatus/list']['result']>['data'][number];

/** `skills/list`, `hooks/list`, `mcpServerStatus/list`, `config/mcpServer/reload`, `permissionProfile/list`. */
export const extensionMethods: Readonly<Record<string, Method>> = {
  'skills/list': method(shapes['skills/list'], async ({ cwds }, session) => {
    const folders = cwds == null || cwds.length === 0 ? [folderOf(session)] : cwds;
    return { data: await Promise.all(folders.map((cwd) => skillsOf(session.client, cwd))) };
  }),

  'hooks/list': method(shapes['hooks/list'], async ({ cwds }, session) => {
    const { configuration } = session.server.options;
    const folders = cwds == null || cwds.length === 0 ? [folderOf(session)] : cwds;
    const data = folders.map(async (cwd): Promise<Hooks> => {
      const hooks = (await configuration?.hooks(cwd)) ?? [];
      return { cwd, hooks: hooks.flatMap(wireHook), warnings: [], errors: [] };
    });
    return { data: await Promise.all(data) };
  }),

  'mcpServerStatus/list': method(shapes['mcpServerStatus/list'], async (params, { client }) => {
    const { threadId, serverName } = params;
    const route = threadId == null ? {} : { thread: threadId };
    const all = await serversOf(client, route);
    const wanted = all.filter(([name]) => serverName == null || name === serverName);
    const page = pageOf({ all: wanted, idOf: ([name]) => name }, params);
    const data = page.data.map(([name, state]) => serverOf(client, { name, state, route }));
    return { data: await Promise.all(data), nextCursor: page.nextCursor };
  }),

  'config/mcpServer/reload': method(
    shapes['config/mcpServer/reload'],
    async (_params, { client }) => {
      await callIfThere(client, 'mcp/reload', {});
      return {};
    },
  ),

  'permissionProfile/list': method(shapes['permissionProfile/list'], async (params, { server }) => {
    const required = await server.options.configuration?.requirements();
    const all = Object.entries(profileIds).map(([mode, id]) => {
      const allowed = required?.sandbox?.includes(mode) ?? true;
      return { id, description: described[id] ?? null, allowed };
    });
    const { data, nextCursor } = pageOf({ all, idOf: ({ id }) => id }, params);
    return { data, nextCursor };
  }),
};

const described: Readonly<Record<string, string>> = {
  ':read-only': 'Commands may read and write nothing.',
  ':workspace': 'Commands may write in the workspace.',
  ':danger-full-access': 'Commands run without a sandbox.',
};

/** What a plugin's request gives; `undefined` when no plugin has it. */
async function callIfThere(client: Client, name: string, params: object): Promise<unknown> {
  try {
    return await client.call(name, params);
  } catch (error) {
    if (asKernelError(error).code === 'not_found') return undefined;
    throw error;
  }
}

interface ListedSkill {
  readonly name: string;
  readonly description: string;
  readonly path: string;
  readonly by: string;
  readonly standing: string;
  readonly shadowedBy?: string;
}
interface SkillList {
  readonly skills: readonly ListedSkill[];
  readonly faults: readonly { readonly path: string; readonly reason: string }[];
}

const nothing: SkillList = { skills: [], faults: [] };
const scopes: Readonly<Record<string, Skills['skills'][number]['scope']>> = {
  user: 'user',
  repository: 'repo',
  managed: 'admin',
};

async function skillsOf(client: Client, cwd: string): Promise<Skills> {
  const list = (await callIfThere(client, 'skill/list', { cwd })) as SkillList | undefined; // its result
  const { skills, faults } = list ?? nothing;
  return {
    cwd,
    skills: skills.map(({ name, description, path, by, standing, shadowedBy }) => ({
      name,
      description,
      path,
      scope: scopes[by] ?? 'system',
      enabled: standing === 'trusted' && shadowedBy === undefined,
      pluginId: null,
    })),
    errors: faults.map(({ path, reason }) => ({ path, message: reason })),
  };
}

const hookNames: Readonly<Record<string, Hooks['hooks'][number]['eventName']>> = {
  SessionStart: 'sessionStart',
  SessionEnd: 'sessionEnd',
  UserPromptSubmit: 'userPromptSubmit',
  PreToolUse: 'preToolUse',
  PostToolUse: 'postToolUse',
  PostToolUseFailure: 'postToolUse',
  PermissionRequest: 'permissionRequest',
  Notification: 'permissionRequest',
  PreCompact: 'preCompact',
  PostCompact: 'postCompact',
  Stop: 'stop',
  SubagentStop: 'subagentStop',
};
const hookSources = {
  managed: 'system',
  user: 'user',
  repository: 'project',
  flag: 'sessionFlags',
  environment: 'sessionFlags',
  default: 'unknown',
} as const;

function wireHook(hook: ShownHook, index: number): Hooks['hooks'] {
  const { event, matcher = null, command, timeoutSec, place } = hook;
  const eventName = hookNames[event];
  if (eventName === undefined) return [];
  const isManaged = place.name === 'managed';
  const currentHash = createHash('sha256').update(command).digest('hex');
  return [
    {
      key: `${event}:${currentHash.slice(0, 12)}`,
      eventName,
      matcher,
      timeoutSec,
      statusMessage: null,
      additionalContextLimit: null,
      sourcePath: place.file ?? '/',
      source: hookSources[place.name],
      pluginId: null,
      environmentId: null,
      displayOrder: index,
      enabled: true,
      isManaged,
      currentHash,
      // Of a repository that is not trusted no layer counts.
      trustStatus: isManaged ? 'managed' : 'trusted',
      handlerType: 'command',
      command,
      async: false,
    },
  ];
}

interface ServerState {
  readonly state: string;
  readonly why?: string;
  readonly auth?: string;
  readonly title?: string;
}
type Named = readonly [name: string, state: ServerState];

async function serversOf(client: Client, route: object): Promise<readonly Named[]> {
  const status = await callIfThere(client, 'mcp/status', route);
  const { servers } = Object(status) as { servers?: Record<string, ServerState> }; // its result
  return Object.entries(servers ?? {});
}

interface Known {
  readonly name: string;
  readonly state: ServerState;
  readonly route: object;
}
interface ListedTool {
  readonly tool: string;
  readonly description: string;
  readonly inputSchema: McpServer['tools'][string]['inputSchema'];
  readonly state: string;
}

async function serverOf(client: Client, { name, state, route }: Known): Promise<McpServer> {
  const listed = await callIfThere(client, 'mcp/tools', { server: name, ...route });
  const { tools = [] } = Object(listed) as { tools?: readonly ListedTool[] }; // its result
  const there = tools.filter((one) => one.state !== 'gone');
  return {
    name,
    runtimeStatus: runtimeOf(state.state),
    pluginId: null,
    httpOrigin: null,
    serverInfo: null,
    serverCapabilities: null,
    toolListMeta: null,
    tools: Object.fromEntries(
      there.map(({ tool, description, inputSchema }) => [
        tool,
        { name: tool, description, inputSchema },
      ]),
    ),
    toolsError: state.why ?? null,
    resources: [],
    resourceTemplates: [],
    authStatus: authOf(state.auth),
  };
}

const runtimes: Readonly<Record<string, NonNullable<McpServer['runtimeStatus']>>> = {
  configured: 'notStarted',
  starting: 'starting',
  ready: 'connected',
  failed: 'failed',
};
const runtimeOf = (state: string) => runtimes[state] ?? null;

function authOf(auth: string | undefined): McpServer['authStatus'] {
  if (auth === 'header') return 'bearerToken';
  if (auth === 'login') return 'oAuth';
  return auth === undefined ? 'unsupported' : 'unknown';
}
