/** What front ends can ask of checkpoints, as schemas; docs/checkpoints.md shows the answers. */

import type { JsonSchema } from '../../core/index.ts';

const text: JsonSchema = { type: 'string' };
const yes: JsonSchema = { type: 'boolean' };
const how = { force: yes, skip: yes, dryRun: yes };
const inThread = (properties: JsonSchema): JsonSchema => ({
  type: 'object',
  properties: { thread: text, ...properties },
  required: ['thread'],
});
const answering = (...required: readonly string[]): JsonSchema => ({ type: 'object', required });
const outcome = answering('done', 'turn', 'files', 'changed', 'uncovered', 'failed', 'later');

/** The requests. */
export const described = [
  { name: 'checkpoint/list', params: inThread({}), result: answering('thread', 'turns') },
  {
    name: 'checkpoint/diff',
    params: inThread({ turn: text, version: { type: 'number' } }),
    result: answering('thread', 'version'),
  },
  {
    name: 'checkpoint/revert',
    params: inThread({ turn: text, files: yes, ...how }),
    result: outcome,
  },
  { name: 'checkpoint/undo', params: inThread(how), result: outcome },
] as const;

/** What can be typed in a thread. */
export const describedCommands = [
  { name: 'diff', description: 'Shows what a turn changed, the last one by itself. [TURN]' },
  {
    name: 'revert',
    description: 'Goes back to before a turn, the last one by itself. [TURN] [files] [yes|force]',
  },
  { name: 'undo', description: 'Takes the last revert back. [yes|force]' },
] as const;
