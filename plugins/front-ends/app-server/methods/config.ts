/** The configuration over the wire, under the known agent's names as far as they have a meaning here. */

import { join } from 'node:path';
import type { z } from 'zod';

import type { Edit, LayerPlace, ServedConfiguration, ShownLayer } from '../configuration.ts';
import { serverRequests as shapes } from '../schemas/server-requests.ts';
import { type Method, RpcError, type Server, type Session } from '../session.ts';
import { method } from './method.ts';

type Given = z.infer<(typeof shapes)['config/batchWrite']['params']>;
type Written = z.infer<(typeof shapes)['config/batchWrite']['result']>;
type Read = z.infer<(typeof shapes)['config/read']['result']>;
type Place = Read['origins'][string];
type Json = NonNullable<Read['layers']>[number]['config'];

/** `config/read`, `value/write`, `batchWrite`, `configRequirements/read`. */
export const configMethods: Readonly<Record<string, Method>> = {
  'config/read': method(shapes['config/read'], async ({ cwd, includeLayers }, { server }) => {
    const { values, layers, origins } = await configurationOf(server).read(cwd ?? undefined);
    const places = Object.entries(origins).flatMap(([key, place]) => {
      const known = knownKeys.find(([, own]) => own === key)?.[0];
      const told = wirePlace(place, server);
      return known === undefined ? [[`spindle.${key}`, told] as const] : [[known, told] as const];
    });
    return {
      config: knownConfig(values),
      origins: Object.fromEntries(places),
      layers: includeLayers === true ? layers.map((layer) => wireLayer(layer, server)) : null,
    };
  }),

  'config/value/write': method(shapes['config/value/write'], (params, session) => {
    const { keyPath, value, mergeStrategy, ...others } = params;
    return write(session, { ...others, edits: [{ keyPath, value, mergeStrategy }] });
  }),

  'config/batchWrite': method(shapes['config/batchWrite'], (params, session) =>
    write(session, params),
  ),

  'configRequirements/read': method(
    shapes['configRequirements/read'],
    async (_params, { server }) => {
      const required = await server.options.configuration?.requirements();
      return {
        supportsIndependentSpeedModes: null,
        requirements:
          required === undefined
            ? null
            : {
                allowedSandboxModes: required.sandbox ?? null,
                allowedApprovalPolicies: required.approval ?? null,
                modelProvider: required.provider ?? null,
              },
      };
    },
  ),
};

/** Keys of the known agent, and ours. */
const knownKeys: readonly (readonly [known: string, own: string])[] = [
  ['model', 'model'],
  ['model_provider', 'provider'],
  ['model_reasoning_effort', 'effort'],
  ['approval_policy', 'approval'],
  ['sandbox_mode', 'sandbox'],
  ['sandbox_workspace_write.network_access', 'network'],
  ['sandbox_workspace_write.writable_roots', 'roots'],
  ['instructions', 'instructions'],
];

/** Throws RpcError -32600 where the program lets nobody read it. */
function configurationOf({ options }: Server): ServedConfiguration {
  if (options.configuration !== undefined) return options.configuration;
  throw new RpcError('invalidRequest', 'this server has no configuration', { code: 'not_found' });
}

type Values = Readonly<Record<string, unknown>>;

/** What is in force under the known names, and all of it, under our own, as `spindle`. */
function knownConfig(values: Values): Read['config'] {
  const of = (own: string) => values[own] ?? null;
  const { network = false, roots = [], provider } = values;
  return {
    model: of('model'),
    model_provider: provider === 'auto' ? null : of('provider'),
    model_reasoning_effort: of('effort'),
    approval_policy: of('approval'),
    sandbox_mode: of('sandbox'),
    sandbox_workspace_write: {
      writable_roots: roots,
      network_access: network,
      exclude_tmpdir_env_var: false,
      exclude_slash_tmp: false,
    },
    instructions: of('instructions'),
    spindle: values,
  };
}

function wireLayer(layer: ShownLayer, server: Server) {
  const { lost = null, values } = layer;
  const config = values as Json; // as it was read from JSON
  return { ...wirePlace(layer, server), config, disabledReason: lost };
}

function wirePlace({ name, file, version }: LayerPlace, { options }: Server): Place {
  const home = options.home ?? '/';
  switch (name) {
    case 'managed':
      return { version, name: { type: 'system', file: file ?? home } };
    case 'user':
      return {
        version,
        name: { type: 'user', file: file ?? join(home, 'config.json'), profile: null },
      };
    case 'repository':
      return { version, name: { type: 'project', dotCodexFolder: file ?? home } };
    case 'flag':
    case 'environment':
      return { version, name: { type: 'sessionFlags' } };
    case 'default':
      return { version, name: { type: 'packagedDefaults', file: file ?? home } };
  }
}

async function write({ server }: Session, given: Given): Promise<Written> {
  const { edits, filePath, expectedVersion } = given;
  const { file, version, overridden } = await configurationOf(server).write(edits.map(editOf), {
    ...(filePath == null ? {} : { file: filePath }),
    ...(expectedVersion == null ? {} : { version: expectedVersion }),
  });
  const known = { version, filePath: file };
  if (overridden === undefined) return { status: 'ok', ...known, overriddenMetadata: null };
  const { key, by, value } = overridden;
  return {
    status: 'okOverridden',
    ...known,
    overriddenMetadata: {
      message: `${key} is written, and another layer says otherwise`,
      overridingLayer: wirePlace(by, server),
      effectiveValue: (value ?? null) as Json, // as it was read from JSON
    },
  };
}

function editOf({ keyPath, value, mergeStrategy }: Given['edits'][number]): Edit {
  const known = knownKeys.find(([name]) => name === keyPath)?.[1];
  const own = known ?? keyPath.replace(/^spindle\./u, '');
  return { key: own, value, isMerged: mergeStrategy === 'upsert' };
}
