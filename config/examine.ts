/** The configuration as `spindle doctor` looks at it. */

import { messageOf } from '../core/errors.ts';
import type { FoundConfiguration } from '../plugins/front-ends/doctor.ts';
import { valueAt } from './key-path.ts';
import { mergeLayers } from './layers.ts';
import type { Configuration } from './load.ts';
import { resolveProvider } from './provider.ts';

/** What was found, file by file, and which model plugin would answer. Throws nothing. */
export async function examine(configuration: Configuration): Promise<FoundConfiguration> {
  const { layers, notices, paths } = configuration;
  const counting = layers.flatMap(({ file, name }) =>
    file === undefined ? [] : [{ file, layer: name, state: 'in force' as const }],
  );
  const others = notices.flatMap(({ files = [], message }) =>
    files.map((file) => ({ file, layer: 'repository', state: 'untrusted' as const, message })),
  );
  return {
    files: [...counting, ...others],
    notices: notices.filter(({ files }) => files === undefined).map(({ message }) => message),
    state: paths.state,
    threads: paths.threads,
    provider: await chosenProvider(configuration),
  };
}

async function chosenProvider(
  configuration: Configuration,
): Promise<FoundConfiguration['provider']> {
  try {
    const name = await resolveProvider(configuration);
    const effective = mergeLayers(configuration.layers);
    const section = (key: string) => valueAt(effective, ['providers', name, key]);
    const model = effective['model'] ?? section('model');
    const baseURL = section('baseURL');
    return {
      name,
      model: typeof model === 'string' ? model : undefined,
      baseURL: typeof baseURL === 'string' ? baseURL : undefined,
      hasKey: ['apiKey', 'apiKeyEnv'].some((key) => section(key) !== undefined),
    };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
