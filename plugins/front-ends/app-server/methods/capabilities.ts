/** What there is to work with: models, profiles; and an account, which nobody needs. */

import { serverRequests as shapes } from '../schemas/server-requests.ts';
import type { Method } from '../session.ts';
import { method } from './method.ts';
import { type ListedModel, listModels } from './models.ts';
import { pageOf } from './pages.ts';

/** `account/read`, `model/list`, `modelProvider/list`, and lists that are empty here. */
export const capabilityMethods: Readonly<Record<string, Method>> = {
  'account/read': method(shapes['account/read'], () => {
    return {
      account: null,
      requiresOpenaiAuth: false as const,
      userId: null,
      workspaceRouting: null,
    };
  }),

  'model/list': method(shapes['model/list'], async (params, { client }) => {
    const { modelProvider } = params;
    const models = await listModels(client, {});
    const all = models.filter(
      ({ provider }) => modelProvider == null || provider === modelProvider,
    );
    const { data, nextCursor } = pageOf({ all: all.map(wireModel), idOf: ({ id }) => id }, params);
    return { data, nextCursor };
  }),

  'modelProvider/list': method(shapes['modelProvider/list'], async (_params, { client }) => {
    const models = await listModels(client, {});
    return {
      data: models.map(wireProvider),
      defaultProviderId: models.find(({ isDefault }) => isDefault)?.provider ?? '',
      canChangeDefault: false as const,
    };
  }),

  'collaborationMode/list': method(shapes['collaborationMode/list'], () => ({ data: [] })),
  'experimentalFeature/list': method(shapes['experimentalFeature/list'], () => {
    return { data: [], nextCursor: null };
  }),
};

/** Where a provider is and how it is paid is configured elsewhere: no client sees it. */
function wireProvider({ provider }: ListedModel) {
  const auth = { mode: 'externallyConfigured' as const };
  const settings = { type: 'customGateway' as const, auth };
  return { id: provider, name: provider, baseUrl: null, canEdit: false as const, settings };
}

function wireModel({ provider, model, efforts, images, isDefault }: ListedModel) {
  const supported = efforts.map((reasoningEffort) => ({ reasoningEffort, description: '' }));
  const usual = efforts.includes('medium') ? 'medium' : (efforts[0] ?? 'none');
  return {
    id: model,
    model,
    displayName: model,
    description: `by ${provider}`,
    hidden: false,
    isDefault,
    supportedReasoningEfforts: supported,
    defaultReasoningEffort: usual,
    inputModalities: images ? (['text', 'image'] as const).slice() : (['text'] as const).slice(),
    supportsPersonality: false,
    additionalSpeedTiers: [],
    serviceTiers: [],
    defaultServiceTier: null,
    upgrade: null,
    upgradeInfo: null,
    availabilityNux: null,
    modelSpecialty: null,
    multiAgentVersion: null,
    availableAccessPrograms: null,
  };
}
