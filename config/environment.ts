/** What the environment says: the variables that programs which talk to models share. */

import { type ConfigData, type KeyPath, withValue } from './key-path.ts';
import type { Layer } from './layers.ts';
import type { Environment } from './paths.ts';

const variables: readonly (readonly [name: string, path: KeyPath])[] = [
  ['OPENAI_MODEL', ['model']],
  ['OPENAI_BASE_URL', ['providers', 'openai-responses', 'baseURL']],
  ['CODEX_API_KEY', ['providers', 'openai-responses', 'apiKey']],
  ['OPENAI_API_KEY', ['providers', 'openai-responses', 'apiKey']],
];

/**
 * The environment as a layer, for showing where a value is from; `undefined` when none of its variables is set. It
 * stands below every file: what was written for this program goes before what all programs share. The model plugins
 * read these variables themselves, so that a key never goes to an address it was not meant for.
 */
export function environmentLayer(env: Environment): Layer | undefined {
  let values: ConfigData = {};
  const names: Record<string, string> = {};
  for (const [name, path] of variables) {
    if (!env[name]) continue;
    values = withValue(values, path, env[name]);
    names[path.join('.')] = name;
  }
  return Object.keys(values).length === 0 ? undefined : { name: 'environment', values, names };
}
