/** A thread's settings, as the wire has them. */

import type { z } from 'zod';

import type { Settings } from '../../../../core/index.ts';
import type { threadSettings } from '../schemas/thread.ts';
import type { sandboxPolicy } from '../schemas/values.ts';

/** What commands may do. */
export function sandboxPolicyOf(settings: Settings): z.infer<typeof sandboxPolicy> {
  const { sandbox, network: networkAccess, roots, cwd } = settings;
  if (sandbox === 'danger-full-access') return { type: 'dangerFullAccess' };
  if (sandbox === 'read-only') return { type: 'readOnly', networkAccess };
  return {
    type: 'workspaceWrite',
    writableRoots: roots.filter((root) => root !== cwd),
    networkAccess,
    excludeTmpdirEnvVar: false,
    excludeSlashTmp: false,
  };
}

/** The names of permission profiles, by sandbox mode. */
export const profileIds = {
  'read-only': ':read-only',
  'workspace-write': ':workspace',
  'danger-full-access': ':danger-full-access',
} as const;

/** All of them; `model` is the one that the provider would take. */
export function threadSettingsOf(
  settings: Settings,
  model: string,
): z.infer<typeof threadSettings> {
  const { cwd, approval, provider, effort = null, instructions = null, sandbox } = settings;
  const collaboration = { model, reasoning_effort: effort, developer_instructions: instructions };
  return {
    disabledPluginIds: [],
    cwd,
    environments: null,
    approvalPolicy: approval,
    approvalsReviewer: 'user',
    sandboxPolicy: sandboxPolicyOf(settings),
    activePermissionProfile: { id: profileIds[sandbox], extends: null },
    model,
    modelProvider: provider,
    serviceTier: null,
    effort,
    summary: null,
    collaborationMode: { mode: 'default', settings: collaboration },
    multiAgentMode: 'explicitRequestOnly',
    personality: null,
  };
}
