/** What is known of models: asked of the plugin that lists them. */

import type { Client, Settings } from '../../../../core/index.ts';

/** A model, as the request `model/list` gives it. */
export interface ListedModel {
  readonly provider: string;
  readonly model: string;
  /** Tokens that it can hold. */
  readonly window: number;
  readonly efforts: readonly string[];
  readonly images: boolean;
  readonly isDefault: boolean;
}

/** The models there are; none when nothing lists them, or no model is configured. */
export async function listModels(client: Client, params: object): Promise<readonly ListedModel[]> {
  try {
    const { models } = (await client.call('model/list', params)) as { models: ListedModel[] }; // its result
    return models;
  } catch {
    return [];
  }
}

/** The model that a thread asks with these settings, if it is known. */
export async function traitsOf(
  client: Client,
  thread: string,
  settings: Settings,
): Promise<ListedModel | undefined> {
  const models = await listModels(client, { thread, settings });
  return models.find(({ provider }) => provider === settings.provider);
}
