/** The plugins that are there when nothing is configured. */

/** Names of built-in plugins, in order. Front ends and `scripted` come in when they are asked for. */
export const defaultPreset: readonly string[] = [
  'local',
  'secrets',
  'audit',
  'jsonl',
  'openai-responses',
  'openai-chat',
  'arguments',
  'retry',
  'cache-guard',
  'approval',
  ...(process.platform === 'darwin' ? ['seatbelt'] : []),
  'system',
  'agents-md',
  'environment',
  'history',
  'shell',
  'apply-patch',
  'read-file',
  'search',
  'plan',
  'view-image',
  'ask-user',
  'summary',
  'prune',
];
