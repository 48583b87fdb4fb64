/** What a client says of a thread's settings, as the kernel's. */

import { resolve } from 'node:path';
import type { z } from 'zod';

import type { SandboxMode, Settings, ToolDefinition } from '../../../../core/index.ts';
import { codexSettings } from '../../exec/codex-config.ts';
import { namespaceMark } from '../items/call-item.ts';
import { profileIds } from '../items/settings.ts';
import type { threadRequests } from '../schemas/thread-requests.ts';
import { RpcError } from '../session.ts';

type Given<M extends keyof typeof threadRequests> = z.infer<(typeof threadRequests)[M]['params']>;
/** Any of the requests that carry settings. */
type Wanted = Partial<Omit<Given<'thread/start'> & Given<'turn/start'>, 'threadId' | 'input'>>;

/** Changes of settings, and what was asked for without having a meaning here, as `key=value`. */
export interface Overrides {
  readonly changes: Partial<Settings>;
  readonly unknown: readonly string[];
}

/** `base`: the folder that relative paths are taken from. Throws RpcError -32602 for a profile that is not there. */
export function overridesOf(wanted: Wanted, base: string): Overrides {
  const { settings, unknown } = codexSettings(flat(wanted.config ?? {}));
  const cwd = wanted.cwd == null ? undefined : resolve(base, wanted.cwd);
  const changes = {
    ...settings,
    cwd,
    provider: wanted.modelProvider ?? settings.provider,
    model: wanted.model ?? settings.model,
    effort: wanted.effort ?? settings.effort,
    approval: approvalOf(wanted.approvalPolicy) ?? settings.approval,
    instructions: instructionsOf(wanted),
    clientTools: toolsOf(wanted.dynamicTools),
    ...sandboxOf(wanted),
    ...rootsOf(wanted, cwd ?? base),
  };
  return { changes: defined(changes), unknown };
}

/** Whether there is anything to change. */
export const hasChanges = ({ changes }: Overrides) => Object.keys(changes).length > 0;

/** Nested configuration as `key=value` with dotted keys. */
function flat(config: object, above = ''): readonly string[] {
  return Object.entries(config).flatMap(([key, value]: [string, unknown]) => {
    const path = above === '' ? key : `${above}.${key}`;
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isSection ? flat(value, path) : [`${path}=${JSON.stringify(value)}`];
  });
}

function approvalOf(given: Wanted['approvalPolicy']): Settings['approval'] | undefined {
  if (given == null) return undefined;
  return typeof given === 'object' || given === 'on-failure' ? 'on-request' : given;
}

const modes: Readonly<Record<string, SandboxMode>> = {
  readOnly: 'read-only',
  workspaceWrite: 'workspace-write',
  dangerFullAccess: 'danger-full-access',
  externalSandbox: 'danger-full-access',
};

type Confinement = Partial<Pick<Settings, 'sandbox' | 'network'>>;

function sandboxOf({ sandbox, sandboxPolicy, permissions }: Wanted): Confinement {
  if (permissions != null) return { sandbox: modeOfProfile(permissions) };
  if (sandboxPolicy == null) {
    const mode = sandbox == null ? undefined : ((modes[sandbox] ?? sandbox) as SandboxMode); // those of the schema
    return mode === undefined ? {} : { sandbox: mode };
  }
  const { networkAccess } = { networkAccess: undefined, ...sandboxPolicy };
  const network = networkAccess === 'enabled' || networkAccess === true;
  return { sandbox: modes[sandboxPolicy.type] ?? 'read-only', network };
}

function modeOfProfile(id: string): SandboxMode {
  const entry = Object.entries(profileIds).find(([mode, name]) => id === name || id === mode);
  if (entry === undefined) {
    const known = Object.values(profileIds).join(', ');
    const message = `permissions: expected one of ${known}, but got "${id}"`;
    throw new RpcError('invalidParams', message, { path: 'permissions' });
  }
  return entry[0] as SandboxMode; // a key of the table
}

function rootsOf({ sandboxPolicy, runtimeWorkspaceRoots }: Wanted, cwd: string) {
  const writable =
    sandboxPolicy?.type === 'workspaceWrite' ? sandboxPolicy.writableRoots : undefined;
  const more = [...(runtimeWorkspaceRoots ?? []), ...(writable ?? [])];
  if (more.length === 0) return {};
  return { roots: [...new Set([cwd, ...more.map((root) => resolve(cwd, root))])] };
}

function instructionsOf({ baseInstructions, developerInstructions }: Wanted): string | undefined {
  const texts = [baseInstructions, developerInstructions].filter(
    (one) => one != null && one !== '',
  );
  return texts.length === 0 ? undefined : texts.join('\n\n');
}

/** Tools of a namespace stand under its name and theirs. */
function toolsOf(given: Wanted['dynamicTools']): readonly ToolDefinition[] | undefined {
  return given?.flatMap((one): readonly ToolDefinition[] => {
    if (!('tools' in one)) return [toolOf(one)];
    return one.tools.map((tool) => ({
      ...toolOf(tool),
      name: one.name + namespaceMark + tool.name,
    }));
  });
}

const toolOf = ({ name, description, inputSchema }: ToolDefinition): ToolDefinition => {
  return { name, description, inputSchema };
};

/** Without what is not said. */
function defined<T extends object>(values: T): Partial<T> {
  const said = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as Partial<T>; // the same members, fewer of them
}
