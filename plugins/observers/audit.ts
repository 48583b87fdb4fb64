/**
 * The record of what was decided: a hash-chained log that tells when it was changed. docs/audit.md describes it. Its
 * files are its own and written without effects, each of which would need a record in turn.
 */

import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { observers, requests, type Event, type Plugin } from '../../core/index.ts';
import { EntryMaker } from './audit/entries.ts';
import { Recorder } from './audit/recorder.ts';
import { readRequest, verifyRequest } from './audit/requests.ts';

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
export default function audit({ directory = stateFolder() }: AuditOptions = {}): Plugin {
  return {
    name: 'audit',
    api: 1,
    setup: (host) => {
      const recorder = host.scope.use(new Recorder(directory, warn));
      const maker = new EntryMaker();
      host.add(observers, (event) => {
        const entry = maker.entryOf(event);
        if (entry !== undefined) recorder.add(entry, { isUrgent: !isQuiet(event) });
      });
      host.add(requests, verifyRequest(directory));
      host.add(requests, readRequest(directory));
    },
  };
}

function warn(message: string): void {
  process.emitWarning(message);
}

/** Reading changes nothing, and a model is asked at every step: what is known of these may come a second later. */
function isQuiet(event: Event): boolean {
  const decision =
    event.type === 'effect/decided'
      ? event.decision
      : event.type === 'item/appended' && event.item.type === 'decision'
        ? event.item
        : undefined;
  if (decision === undefined || decision.verdict === 'deny') return false;
  const { effect, origin } = decision;
  return effect.kind === 'read' || (effect.kind === 'fetch' && origin.kind === 'plugin');
}

/** As the XDG base directory specification (0.8) has it, where only absolute paths count. */
function stateFolder(): string {
  const { SPINDLE_HOME: own, XDG_STATE_HOME: state } = process.env;
  if (own !== undefined && own !== '') return resolve(own, 'audit');
  const isUsable = state !== undefined && isAbsolute(state);
  return join(isUsable ? state : join(homedir(), '.local', 'state'), 'spindle', 'audit');
}
