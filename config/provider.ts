/** Which model plugin answers, when the configuration leaves it open. */

import { KernelError } from '../core/errors.ts';
import type { Configuration } from './load.ts';

/**
 * The provider: what the configuration names; with `auto`, the first section of `providers`, else the one whose key or
 * base URL is in the environment, else the only one that managed policy allows. Throws KernelError `model_config`, which lists models found on this machine and the
 * flags that select one.
 */
export async function resolveProvider(configuration: Configuration): Promise<string> {
  const { config, layers, policies } = configuration;
  const named = config.provider ?? 'auto';
  if (named !== 'auto') return named;
  const [section] = Object.keys(config.providers ?? {});
  if (section !== undefined) return section;
  if (
    layers.some(({ name, values }) => name === 'environment' && values['providers'] !== undefined)
  ) {
    return 'openai-responses';
  }
  const [only, ...more] = policies.flatMap(({ allow }) => allow.provider ?? []);
  if (only !== undefined && more.length === 0 && !only.includes('*')) return only;
  const { findLocalModels } = await import('./local-models.ts');
  throw new KernelError('model_config', noProvider(await findLocalModels()));
}

function noProvider(found: readonly { readonly url: string; readonly model: string }[]): string {
  const lines = found.map(
    ({ url, model }) =>
      `  spindle exec --provider openai-chat -c providers.openai-chat.baseURL=${url} --model ${model} "…"`,
  );
  const local =
    lines.length === 0
      ? 'No model server was found on this machine (Ollama, LM Studio, vLLM, llama.cpp on their usual ports).'
      : ['Models found on this machine, and the line that selects each:', ...lines].join('\n');
  return `no model is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL for another host, or name one under "providers" in the configuration (docs/config.md).\n${local}`;
}
