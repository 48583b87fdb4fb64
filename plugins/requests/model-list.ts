/** Which models there are: one of each provider, as settings would choose it. */

import {
  models,
  type Model,
  type Plugin,
  requests,
  type RequestHandler,
  type Settings,
  type Traits,
} from '../../core/index.ts';

/** Options of `model-list`, given by the program that it is part of. */
export interface ModelListOptions {
  /** The settings of new threads. */
  readonly settings?: Partial<Settings>;
}

/**
 * `model/list` {settings?} gives `{models}`: of each provider the model that it would ask with these settings (default: those
 * of new threads), with `window`, `output`, `efforts`, `images`, `tools`; `isDefault` marks the provider of the settings. A
 * provider that has no model configured is left out.
 */
export default function modelList({ settings: usual = {} }: ModelListOptions = {}): Plugin {
  return {
    name: 'model-list',
    api: 1,
    setup: (host) => {
      const handler: RequestHandler = {
        name: 'model/list',
        params: { type: 'object', properties: { settings: { type: 'object' } } },
        result: { type: 'object' },
        run: async (params) => {
          const { settings = usual } = Object(params) as ModelListOptions; // of the shape above
          const all = [...host.get(models).values()];
          const listedModels = all.flatMap((model) => listed(model, settings));
          const isChosen = listedModels.some(({ isDefault }) => isDefault);
          return {
            models: listedModels.map((one, at) =>
              at === 0 && !isChosen ? { ...one, isDefault: true } : one,
            ),
          };
        },
      };
      host.add(requests, handler);
    },
  };
}

/** It takes no options from a configuration. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({});
};

type Listed = Readonly<{ provider: string; isDefault: boolean }> & Traits;

function listed(model: Model, settings: Partial<Settings>): readonly Listed[] {
  const isDefault = model.name === settings.provider;
  // A model's name is its provider's.
  const { model: _model, effort: _effort, ...others } = settings;
  const own = isDefault ? settings : others;
  try {
    const traits = model.traits({ ...own, provider: model.name } as Settings); // reads what concerns the model
    return [{ provider: model.name, isDefault, ...traits }];
  } catch {
    return [];
  }
}
