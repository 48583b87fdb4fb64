/** `--config key=value` as Codex's clients write it (`@openai/codex-sdk`), as far as it concerns a thread. */

import { KernelError } from '../../../core/index.ts';
import type { Settings } from '../../../core/index.ts';

type Reader = (value: unknown) => Partial<Settings> | undefined;

const approvals = new Map<unknown, Settings['approval']>([
  ['untrusted', 'untrusted'],
  ['on-request', 'on-request'],
  ['on-failure', 'on-request'],
  ['never', 'never'],
]);

const readers: Readonly<Record<string, Reader>> = {
  model: text('model'),
  model_reasoning_effort: text('effort'),
  model_provider: text('provider'),
  approval_policy: (value) => {
    const approval = approvals.get(value);
    return approval && { approval };
  },
  sandbox_mode: text('sandbox'),
  'sandbox_workspace_write.network_access': (value) =>
    typeof value === 'boolean' ? { network: value } : undefined,
};

/** The settings that overrides ask for, the later over the earlier, and the overrides that have no meaning here. */
export function codexSettings(overrides: readonly string[]): {
  readonly settings: Partial<Settings>;
  readonly unknown: readonly string[];
} {
  let settings: Partial<Settings> = {};
  const unknown: string[] = [];
  for (const override of overrides) {
    const [, key = '', value = ''] = /^\s*([^=]+?)\s*=([\s\S]*)$/.exec(override) ?? [];
    if (key === '')
      throw new KernelError('invalid', `expected --config KEY=VALUE, but got "${override}"`);
    const read = Object.hasOwn(readers, key) ? readers[key]?.(literal(value)) : undefined;
    if (read === undefined) unknown.push(override);
    settings = { ...settings, ...read };
  }
  return { settings, unknown };
}

function text(name: 'model' | 'effort' | 'provider' | 'sandbox'): Reader {
  return (value) => (typeof value === 'string' ? { [name]: value } : undefined);
}

/** A TOML value as far as it looks like JSON; anything else is a text. */
function literal(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value.trim();
  }
}
