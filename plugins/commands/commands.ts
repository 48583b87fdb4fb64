/**
 * Slash commands for every front end: `command/list` and `command/run`, over what the slot `commands` holds, what comes
 * with the program, and Markdown files. docs/commands.md.
 */

import {
  commands,
  entryOf,
  requests,
  type Client,
  type Content,
  type Host,
  type JsonSchema,
  type Limits,
  type Method,
  type Params,
  type Plugin,
  type Result,
} from '../../core/index.ts';
import type { FolderOptions } from '../markdown/sources.ts';
import { builtInCommands } from './built-in.ts';
import { commandSources, type FoundCommands, type SourcedCommand } from './slot.ts';

/** It takes no options from a configuration; the folders come from the program. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({});
};

/** What `command/run` takes: who types, where, and what. */
interface RunParams {
  readonly thread: string;
  readonly name: string;
  readonly argument?: string;
  /** Further input, limits and output schema of the turn that the command starts, if it does. */
  readonly input?: readonly Content[];
  readonly limits?: Limits;
  readonly outputSchema?: JsonSchema;
}

export default function commandsPlugin(config: FolderOptions = {}): Plugin {
  return {
    name: 'commands',
    api: 1,
    setup: (host) => {
      const { folders = [] } = config;
      for (const command of builtInCommands) host.add(commands, command, 'last');
      if (folders.length > 0) addFiles(host, config);
      host.add(requests, {
        name: 'command/list',
        params: { type: 'object' },
        result: { type: 'object' },
        run: async () => {
          const found = await findAll(host);
          const all = found.commands.map(({ name, description, from }) => ({
            name,
            description,
            from,
          }));
          return { commands: all, faults: found.faults };
        },
      });
      host.add(requests, {
        name: 'command/run',
        params: runParams,
        result: { type: 'object' },
        // As `params` says.
        run: async (params, { client }) => runCommand(params as RunParams, client, host),
      });
    },
  };
}

const runParams: JsonSchema = {
  type: 'object',
  properties: {
    thread: { type: 'string' },
    name: { type: 'string' },
    argument: { type: 'string' },
    input: { type: 'array' },
    limits: { type: 'object' },
    outputSchema: { type: 'object' },
  },
  required: ['thread', 'name'],
};

/** What reads files is loaded when commands are first looked for. */
function addFiles(host: Host, config: FolderOptions): void {
  let files: Promise<() => Promise<FoundCommands>> | undefined;
  const load = async () => (await import('./files.ts')).commandFiles(host.effects, config).list;
  host.add(commandSources, { list: async () => (await (files ??= load()))() });
}

/** All commands by name; of those that want one name the first counts. */
async function findAll(host: Host): Promise<FoundCommands> {
  const found = await Promise.all(host.get(commandSources).map(({ list }) => list()));
  const owners = await ownersOf(host);
  const own = [...host.get(commands)].map(([name, command]): SourcedCommand => {
    return { ...command, name, from: `plugin ${owners.get(command.name) ?? ''}`.trim() };
  });
  const all = new Map<string, SourcedCommand>();
  const faults = found.flatMap((one) => one.faults);
  for (const command of [...own, ...found.flatMap((one) => one.commands)]) {
    const before = all.get(command.name);
    if (before === undefined) all.set(command.name, command);
    else
      faults.push({
        path: command.from,
        line: 1,
        reason: `"${command.name}" is taken (${before.from})`,
      });
  }
  return { commands: [...all.values()], faults };
}

/** The plugin of each command in the slot. */
async function ownersOf({ client }: Host): Promise<ReadonlyMap<string, string>> {
  const { slots } = await client.request('kernel/describe', {});
  const entries = slots.find(({ slot }) => slot === commands.name)?.entries ?? [];
  return new Map(entries.toReversed().map(({ name, plugin }) => [name, plugin]));
}

/** What a command gave, and the turn that it started, if it started one. Throws `not_found`. */
async function runCommand(params: RunParams, client: Client, host: Host) {
  const { thread, name, argument = '' } = params;
  const all = new Map((await findAll(host)).commands.map((one) => [one.name, one]));
  const command = entryOf(all, name, `command "/${name}"`);
  const turns: string[] = [];
  const text = await command.run(argument, watching(client, params, turns), thread);
  const [turn] = turns;
  return { ...(typeof text === 'string' ? { text } : {}), ...(turn === undefined ? {} : { turn }) };
}

/** The client, with what the asker wants of a turn in this thread added to its start; its id goes to `turns`. */
function watching(client: Client, wanted: RunParams, turns: string[]): Client {
  const { thread, input = [], limits, outputSchema } = wanted;
  return {
    ...client,
    request: async <M extends Method>(method: M, params: Params<M>): Promise<Result<M>> => {
      if (method !== 'turn/start') return client.request(method, params);
      const given = params as Params<'turn/start'>; // that is the method
      if (given.thread !== thread) return client.request(method, params);
      const start = { limits, outputSchema, ...given, input: [...given.input, ...input] };
      const started = await client.request('turn/start', start);
      turns.push(started.turn);
      return started;
    },
  };
}
