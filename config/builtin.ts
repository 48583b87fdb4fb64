/** The plugins that come with the program: the only place that knows their files. */

import type { PluginModule } from './plugin-loader.ts';

/** A plugin of ours, evaluated only when it is used. */
export interface Builtin {
  /** The slot it fills: what a job does not need is not loaded for it. */
  readonly slot: Slot;
  readonly load: () => Promise<PluginModule>;
}

export type Slot =
  | 'machines'
  | 'stores'
  | 'models'
  | 'tools'
  | 'prompts'
  | 'sandboxes'
  | 'policies'
  | 'compactors'
  | 'around'
  | 'redactors'
  | 'observers'
  | 'checkpoints'
  | 'mcp'
  | 'requests'
  | 'frontEnds';

/** Built-in plugins by name. */
export const builtins: Readonly<Record<string, Builtin>> = {
  local: { slot: 'machines', load: () => import('../plugins/machines/local.ts') },

  jsonl: { slot: 'stores', load: () => import('../plugins/stores/jsonl.ts') },
  memory: { slot: 'stores', load: () => import('../plugins/stores/memory.ts') },

  'openai-responses': {
    slot: 'models',
    load: () => import('../plugins/models/openai-responses.ts'),
  },
  'openai-chat': { slot: 'models', load: () => import('../plugins/models/openai-chat.ts') },
  scripted: { slot: 'models', load: () => import('../plugins/models/scripted.ts') },

  'host-model': { slot: 'models', load: () => import('../plugins/models/host-model.ts') },
  direct: { slot: 'models', load: () => import('../plugins/direct/direct.ts') },
  offers: { slot: 'around', load: () => import('../plugins/offers/offers.ts') },

  shell: { slot: 'tools', load: () => import('../plugins/tools/shell.ts') },
  'apply-patch': { slot: 'tools', load: () => import('../plugins/tools/apply-patch.ts') },
  'read-file': { slot: 'tools', load: () => import('../plugins/tools/read-file.ts') },
  search: { slot: 'tools', load: () => import('../plugins/tools/search.ts') },
  plan: { slot: 'tools', load: () => import('../plugins/tools/plan.ts') },
  'view-image': { slot: 'tools', load: () => import('../plugins/tools/view-image.ts') },
  'ask-user': { slot: 'tools', load: () => import('../plugins/tools/ask-user.ts') },
  commands: { slot: 'prompts', load: () => import('../plugins/commands/commands.ts') },
  agents: { slot: 'tools', load: () => import('../plugins/agents/agents.ts') },
  toolchain: { slot: 'tools', load: () => import('../plugins/toolchain/toolchain.ts') },

  system: { slot: 'prompts', load: () => import('../plugins/prompts/system.ts') },
  environment: { slot: 'prompts', load: () => import('../plugins/prompts/environment.ts') },
  'late-tools': { slot: 'prompts', load: () => import('../plugins/prompts/late-tools.ts') },
  'agents-md': { slot: 'prompts', load: () => import('../plugins/prompts/agents-md.ts') },
  skills: { slot: 'prompts', load: () => import('../plugins/skills/skills.ts') },
  history: { slot: 'prompts', load: () => import('../plugins/prompts/history.ts') },

  bubblewrap: { slot: 'sandboxes', load: () => import('../plugins/sandboxes/bubblewrap.ts') },
  seatbelt: { slot: 'sandboxes', load: () => import('../plugins/sandboxes/seatbelt.ts') },
  container: { slot: 'sandboxes', load: () => import('../plugins/sandboxes/container.ts') },
  remote: { slot: 'sandboxes', load: () => import('../plugins/sandboxes/remote.ts') },
  domains: { slot: 'policies', load: () => import('../plugins/sandboxes/domains.ts') },
  none: { slot: 'sandboxes', load: () => import('../plugins/sandboxes/none.ts') },
  approval: { slot: 'policies', load: () => import('../plugins/policies/approval.ts') },
  rules: { slot: 'policies', load: () => import('../plugins/policies/rules.ts') },
  provider: { slot: 'compactors', load: () => import('../plugins/compactors/provider.ts') },
  summary: { slot: 'compactors', load: () => import('../plugins/compactors/summary.ts') },
  prune: { slot: 'compactors', load: () => import('../plugins/compactors/prune.ts') },
  bounds: { slot: 'around', load: () => import('../plugins/around/bounds.ts') },
  arguments: { slot: 'around', load: () => import('../plugins/around/arguments.ts') },
  secrets: { slot: 'redactors', load: () => import('../plugins/redactors/secrets.ts') },
  audit: { slot: 'observers', load: () => import('../plugins/observers/audit.ts') },
  retry: { slot: 'around', load: () => import('../plugins/around/retry.ts') },
  'cache-guard': { slot: 'around', load: () => import('../plugins/around/cache-guard.ts') },
  explain: { slot: 'around', load: () => import('../plugins/around/explain.ts') },
  checkpoints: {
    slot: 'checkpoints',
    load: () => import('../plugins/checkpoints/checkpoints.ts'),
  },
  mcp: { slot: 'mcp', load: () => import('../plugins/mcp/mcp.ts') },
  hooks: { slot: 'around', load: () => import('../plugins/hooks/hooks.ts') },

  workspace: { slot: 'requests', load: () => import('../plugins/workspace/workspace.ts') },
  'model-list': { slot: 'requests', load: () => import('../plugins/requests/model-list.ts') },

  exec: { slot: 'frontEnds', load: () => import('../plugins/front-ends/exec.ts') },
  'app-server': { slot: 'frontEnds', load: () => import('../plugins/front-ends/app-server.ts') },
  'mcp-server': { slot: 'frontEnds', load: () => import('../plugins/front-ends/mcp-server.ts') },
  thread: { slot: 'frontEnds', load: () => import('../plugins/front-ends/thread.ts') },
  revert: { slot: 'frontEnds', load: () => import('../plugins/front-ends/revert.ts') },
  compact: { slot: 'frontEnds', load: () => import('../plugins/front-ends/compact.ts') },
  plugin: { slot: 'frontEnds', load: () => import('../plugins/front-ends/plugin-list.ts') },
  'audit-command': { slot: 'frontEnds', load: () => import('../plugins/front-ends/audit.ts') },
  'mcp-command': { slot: 'frontEnds', load: () => import('../plugins/front-ends/mcp.ts') },
  prompt: { slot: 'frontEnds', load: () => import('../plugins/front-ends/prompt.ts') },
  command: { slot: 'frontEnds', load: () => import('../plugins/front-ends/command.ts') },
  agent: { slot: 'frontEnds', load: () => import('../plugins/front-ends/agent.ts') },
  skill: { slot: 'frontEnds', load: () => import('../plugins/front-ends/skill.ts') },
  policy: { slot: 'frontEnds', load: () => import('../plugins/front-ends/policy.ts') },
  why: { slot: 'frontEnds', load: () => import('../plugins/front-ends/why.ts') },
  doctor: { slot: 'frontEnds', load: () => import('../plugins/front-ends/doctor.ts') },
  sandbox: { slot: 'frontEnds', load: () => import('../plugins/front-ends/sandbox.ts') },
  demo: { slot: 'frontEnds', load: () => import('../plugins/front-ends/demo.ts') },
};
