/**
 * The record of what was decided: a hash-chained log that tells when it was changed. docs/audit.md describes it. Its
 * files are its own and written without effects, each of which would need a record in turn.
 */

import {
  observers,
  requests,
  type AnswerItem,
  type DecisionItem,
  type Event,
  type Plugin,
  type QuestionItem,
} from '../../core/index.ts';
import { Recorder } from './audit/recorder.ts';
import { readRequest, verifyRequest } from './audit/requests.ts';
import { stateFolder } from '../stores/state-folder.ts';

export interface AuditOptions {
  /** Where the files are; made when missing. Default: `audit` in the user's state folder. */
  readonly directory?: string;
}

/** The schema of the options. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    directory: z.string().min(1).optional().describe('folder of the audit log'),
  });
};

/** Adds an observer, and the requests `audit/verify` and `audit/read`. */
export default function audit({ directory = stateFolder('audit') }: AuditOptions = {}): Plugin {
  return {
    name: 'audit',
    api: 1,
    setup: (host) => {
      const recorder = host.scope.use(new Recorder(directory, warn));
      host.add(observers, (event) => {
        const item = itemOf(event);
        if (item !== undefined) recorder.add(event, { isUrgent: !isQuiet(item) });
      });
      host.add(requests, verifyRequest(directory));
      host.add(requests, readRequest(directory));
    },
  };
}

function warn(message: string): void {
  process.emitWarning(message);
}

type Recorded = DecisionItem | QuestionItem | AnswerItem;

/** What of an event the log may be about. */
function itemOf(event: Event): Recorded | undefined {
  if (event.type === 'effect/decided') return event.decision;
  if (event.type !== 'item/appended') return undefined;
  const { item } = event;
  const isIt = item.type === 'decision' || item.type === 'question' || item.type === 'answer';
  return isIt ? item : undefined;
}

/** Reading changes nothing, and a model is asked at every step: what is known of these may come a second later. */
function isQuiet(item: Recorded): boolean {
  if (item.type !== 'decision') return item.type === 'question';
  const { effect, origin, verdict } = item;
  const isHarmless =
    effect.kind === 'read' || (effect.kind === 'fetch' && origin.kind === 'plugin');
  return verdict === 'allow' && isHarmless;
}
