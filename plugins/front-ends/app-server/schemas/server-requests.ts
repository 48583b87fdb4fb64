/** Requests on what the server has: models, configuration, skills, hooks, MCP servers. */

import { z } from 'zod';
import { empty, json, listOf, maybe, orNull, page, path, text } from './values.ts';

const layerName = z.discriminatedUnion('type', [
  z.object({ type: z.literal('packagedDefaults'), file: path }),
  z.object({ type: z.literal('system'), file: path }),
  z.object({ type: z.literal('user'), file: path, profile: z.null() }),
  z.object({ type: z.literal('project'), dotCodexFolder: path }),
  z.object({ type: z.literal('sessionFlags') }),
]);
const layerPlace = z.object({ name: layerName, version: text });

const effort = z.object({ reasoningEffort: text, description: text });
const model = z.object({
  id: text,
  model: text,
  displayName: text,
  description: text,
  hidden: z.boolean(),
  isDefault: z.boolean(),
  supportedReasoningEfforts: z.array(effort),
  defaultReasoningEffort: text,
  inputModalities: z.array(z.enum(['text', 'image', 'audio'])),
  supportsPersonality: z.boolean(),
  additionalSpeedTiers: z.array(text),
  serviceTiers: z.array(json),
  defaultServiceTier: z.null(),
  upgrade: z.null(),
  upgradeInfo: z.null(),
  availabilityNux: z.null(),
  modelSpecialty: z.null(),
  multiAgentVersion: z.null(),
  availableAccessPrograms: z.null(),
});

const modelProvider = z.object({
  id: text,
  name: text,
  baseUrl: z.null(),
  canEdit: z.literal(false),
  settings: z.object({
    type: z.literal('customGateway'),
    auth: z.object({ mode: z.literal('externallyConfigured') }),
  }),
});

const merge = z.enum(['replace', 'upsert']);
const writing = {
  filePath: maybe(path),
  expectedVersion: maybe(text),
};
const written = z.object({
  status: z.enum(['ok', 'okOverridden']),
  version: text,
  filePath: path,
  overriddenMetadata: orNull(
    z.object({ message: text, overridingLayer: layerPlace, effectiveValue: json }),
  ),
});

const skill = z.object({
  name: text,
  description: text,
  path: text,
  scope: z.enum(['user', 'repo', 'system', 'admin']),
  enabled: z.boolean(),
  pluginId: z.null(),
});

const hook = z.object({
  key: text,
  eventName: z.enum([
    'preToolUse',
    'permissionRequest',
    'postToolUse',
    'preCompact',
    'postCompact',
    'sessionStart',
    'sessionEnd',
    'userPromptSubmit',
    'subagentStop',
    'stop',
  ]),
  matcher: orNull(text),
  timeoutSec: z.number(),
  statusMessage: z.null(),
  additionalContextLimit: z.null(),
  sourcePath: path,
  source: z.enum(['system', 'user', 'project', 'sessionFlags', 'unknown']),
  pluginId: z.null(),
  environmentId: z.null(),
  displayOrder: z.int(),
  enabled: z.boolean(),
  isManaged: z.boolean(),
  currentHash: text,
  trustStatus: z.enum(['managed', 'trusted', 'untrusted']),
  handlerType: z.literal('command'),
  command: text,
  async: z.boolean(),
});

const mcpServer = z.object({
  name: text,
  runtimeStatus: orNull(
    z.enum([
      'notStarted',
      'starting',
      'connected',
      'authenticationRequired',
      'failed',
      'cancelled',
      'disabled',
    ]),
  ),
  pluginId: z.null(),
  httpOrigin: orNull(text),
  serverInfo: orNull(
    z.object({
      name: text,
      title: orNull(text),
      version: text,
      description: orNull(text),
      icons: z.null(),
      websiteUrl: z.null(),
    }),
  ),
  serverCapabilities: orNull(json),
  toolListMeta: z.null(),
  tools: z.record(text, z.object({ name: text, description: text.optional(), inputSchema: json })),
  toolsError: orNull(text),
  resources: z.array(json),
  resourceTemplates: z.array(json),
  authStatus: z.enum(['unknown', 'unsupported', 'notLoggedIn', 'bearerToken', 'oAuth']),
});

/** By method. */
export const serverRequests = {
  'account/read': {
    params: z.object({ refreshToken: maybe(z.boolean()) }),
    result: z.object({
      account: z.null(),
      requiresOpenaiAuth: z.literal(false),
      userId: z.null(),
      workspaceRouting: z.null(),
    }),
  },
  'model/list': {
    params: z.object({
      ...page,
      includeHidden: maybe(z.boolean()),
      modelProvider: maybe(text),
    }),
    result: listOf(model),
  },
  'modelProvider/list': {
    params: empty,
    result: z.object({
      data: z.array(modelProvider),
      defaultProviderId: text.describe('Empty when no model is configured.'),
      canChangeDefault: z.literal(false),
    }),
  },
  'collaborationMode/list': { params: empty, result: z.object({ data: z.array(json) }) },
  'experimentalFeature/list': { params: z.object(page), result: listOf(json) },
  'permissionProfile/list': {
    params: z.object({ ...page, cwd: maybe(path) }),
    result: listOf(z.object({ id: text, description: orNull(text), allowed: z.boolean() })),
  },
  'config/read': {
    params: z.object({ cwd: maybe(path), includeLayers: maybe(z.boolean()) }),
    result: z.object({
      config: z.looseObject({}),
      origins: z.record(text, layerPlace),
      layers: orNull(
        z.array(
          z.object({ name: layerName, version: text, config: json, disabledReason: orNull(text) }),
        ),
      ),
    }),
  },
  'config/value/write': {
    params: z.object({ keyPath: text.min(1), value: json, mergeStrategy: merge, ...writing }),
    result: written,
  },
  'config/batchWrite': {
    params: z.object({
      edits: z.array(z.object({ keyPath: text.min(1), value: json, mergeStrategy: merge })),
      reloadUserConfig: maybe(z.boolean()),
      ...writing,
    }),
    result: written,
  },
  'configRequirements/read': {
    params: empty,
    result: z.object({
      supportsIndependentSpeedModes: z.null(),
      requirements: orNull(z.looseObject({})),
    }),
  },
  'skills/list': {
    params: z.object({ cwds: maybe(z.array(path)), forceReload: maybe(z.boolean()) }),
    result: z.object({
      data: z.array(
        z.object({
          cwd: path,
          skills: z.array(skill),
          errors: z.array(z.object({ path: text, message: text })),
        }),
      ),
    }),
  },
  'hooks/list': {
    params: z.object({ cwds: maybe(z.array(path)), threadId: maybe(text) }),
    result: z.object({
      data: z.array(
        z.object({
          cwd: path,
          hooks: z.array(hook),
          warnings: z.array(text),
          errors: z.array(z.object({ path: text, message: text })),
        }),
      ),
    }),
  },
  'mcpServerStatus/list': {
    params: z.object({
      ...page,
      detail: maybe(z.enum(['full', 'toolsAndAuthOnly'])),
      threadId: maybe(text),
      serverName: maybe(text),
    }),
    result: listOf(mcpServer),
  },
  'config/mcpServer/reload': { params: empty, result: empty },
} as const satisfies Readonly<Record<string, { params: z.ZodType; result: z.ZodType }>>;
