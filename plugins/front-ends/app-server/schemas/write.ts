/** The protocol as files: JSON Schemas of all messages, and types for TypeScript. */

import { z } from 'zod';
import { initialize } from './initialize.ts';
import { notifications } from './notifications.ts';
import { questions } from './questions.ts';
import { serverRequests } from './server-requests.ts';
import { threadRequests } from './thread-requests.ts';
import { definitionsOf, type Schema, typeOf } from './typescript.ts';
import { worldRequests } from './world-requests.ts';

const requests = { initialize, ...threadRequests, ...serverRequests, ...worldRequests };

const id = z.union([z.string(), z.int()]);

/** The files by name. */
export function schemaFiles(): Readonly<Record<string, string>> {
  const asked = entriesOf(requests);
  const told = entriesOf(notifications);
  const posed = entriesOf(questions);
  const files: Readonly<Record<string, Schema>> = {
    'ClientRequest.json': messages(
      asked.map(([name, { params }]) => [name, params]),
      'request',
    ),
    'ClientResult.json': byMethod(
      asked.map(([name, { result }]) => [name, result]),
      'output',
    ),
    'ServerNotification.json': messages(told, 'notification'),
    'ServerRequest.json': messages(
      posed.map(([name, { params }]) => [name, params]),
      'request',
    ),
    'ServerRequestAnswer.json': byMethod(
      posed.map(([name, { answer }]) => [name, answer]),
      'input',
    ),
  };
  const texts = Object.entries(files).map(([name, schema]) => [
    name,
    `${JSON.stringify(schema, null, 2)}\n`,
  ]);
  return { ...Object.fromEntries(texts), 'protocol.ts': types() };
}

type Named = readonly (readonly [name: string, schema: z.ZodType])[];

const entriesOf = <T>(table: Readonly<Record<string, T>>) => Object.entries(table);

/** One schema of all such messages, told apart by `method`. */
function messages(named: Named, kind: 'request' | 'notification'): Schema {
  const all = named.map(([name, params]) => {
    const method = z.literal(name);
    if (kind === 'request') return z.object({ id, method, params });
    return z.object({ method, params, emittedAtMs: z.int() });
  });
  return schemaOf(z.union(all), 'input');
}

/** An object of all schemas by method. */
function byMethod(named: Named, io: 'input' | 'output'): Schema {
  return schemaOf(z.object(Object.fromEntries(named)), io);
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return made as Schema; // of the shape that zod gives
}

function types(): string {
  const pairs = z.object(
    Object.fromEntries(
      entriesOf(requests).map(([name, { params, result }]) => [name, z.object({ params, result })]),
    ),
  );
  const asked = z.object(
    Object.fromEntries(
      entriesOf(questions).map(([name, { params, answer }]) => [
        name,
        z.object({ params, answer }),
      ]),
    ),
  );
  const all = {
    ClientRequests: pairs,
    ServerNotifications: z.object(notifications),
    ServerRequests: asked,
  };
  const whole = schemaOf(z.object(all), 'input');
  const declared = Object.entries(whole.properties ?? {}).map(([name, schema]) => {
    const members = Object.entries(schema.properties ?? {}).map(
      ([method, one]) => `  ${JSON.stringify(method)}: ${typeOf(one)};`,
    );
    return [`/** By method. */`, `export interface ${name} {`, ...members, '}'].join('\n');
  });
  const head = '/** The protocol of `spindle app-server`. Made by `spindle app-server schema`. */';
  return `${[head, ...definitionsOf(whole), ...declared].join('\n\n')}\n`;
}
