/** Members of the known protocol that change nothing here: they are taken, and of the wrong type refused. */

import { z } from 'zod';
import { json, maybe, text } from './values.ts';

const flag = maybe(z.boolean());
const word = maybe(text);
const list = maybe(z.array(json));
const object = maybe(z.record(text, json));
const ofThreads = { approvalsReviewer: word, serviceTier: word };
const ofTurns = {
  ...ofThreads,
  collaborationMode: maybe(
    z.object({
      mode: text,
      settings: z.object({ model: word, reasoning_effort: word, developer_instructions: word }),
    }),
  ),
  disabledPluginIds: maybe(z.array(text)),
  environments: list,
  multiAgentMode: maybe(z.union([text, z.record(text, json)])),
  personality: word,
  summary: word,
};
const ofMessages = {
  additionalContext: object,
  responsesapiClientMetadata: object,
  responsesapiClientMetadataPatch: object,
};

/** By method. */
export const accepted = {
  'thread/start': {
    ...ofThreads,
    allowProviderModelFallback: flag,
    environments: list,
    experimentalRawEvents: flag,
    historyMode: word,
    multiAgentMode: ofTurns.multiAgentMode,
    personality: word,
    projectId: word,
    selectedCapabilityRoots: list,
    serviceName: word,
    sessionStartSource: word,
    threadSource: word,
  },
  'thread/resume': { ...ofThreads, history: list, path: word, personality: word },
  'thread/fork': {
    ...ofThreads,
    attachToSource: flag,
    deferGoalContinuation: flag,
    path: word,
    threadSource: word,
  },
  'thread/list': {
    ancestorThreadId: word,
    attachedToThreadId: word,
    currentAccountOnly: flag,
    includeAttachedThreads: flag,
    originators: maybe(z.array(text)),
    projectId: word,
    useStateDbOnly: flag,
  },
  'thread/items/list': {
    deferOutput: maybe(z.object({ commandExecution: flag, mcpToolCall: flag })),
  },
  'thread/settings/update': ofTurns,
  'thread/queue/add': { responsesapiClientMetadata: object },
  'turn/start': {
    ...ofTurns,
    ...ofMessages,
    cyberAccessProgram: word,
    parentTurnId: word,
    rootTurnId: word,
    serviceTierForTurn: word,
    toolOutput: object,
    turnTrigger: word,
  },
  'turn/steer': ofMessages,
} as const;
