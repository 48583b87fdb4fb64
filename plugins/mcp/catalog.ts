/** The tools of all servers under the names that the model knows them by. */

import { invalid, type JsonSchema, notFound } from '../../core/index.ts';
import { nameFor } from './names.ts';
import type { Definition, Pin } from './remembered.ts';
import { simplify } from './schema.ts';
import type { McpServer } from './server.ts';
import { groupsOf, isChosen } from './server-config.ts';
import { clean, oneLine } from './text.ts';

/** A tool as the model may be offered it. */
export interface OfferedTool {
  /** What the model calls it. */
  readonly name: string;
  readonly server: McpServer;
  readonly definition: Definition;
  readonly groups: readonly string[];
}

/** While all tools together are no more than this, they are offered as they are. */
export interface Few {
  readonly tools: number;
  readonly bytes: number;
}

const maxDescription = 1000;

export class Catalog {
  readonly servers: ReadonlyMap<string, McpServer>;
  readonly #few: Few;
  readonly #isTaken: (name: string) => boolean;
  /** Names stay as they were first given. */
  readonly #names = new Map<string, string>();
  readonly #given = new Set<string>();

  constructor(servers: readonly McpServer[], few: Few, isTaken: (name: string) => boolean) {
    this.servers = new Map(servers.map((server) => [server.config.name, server]));
    this.#few = few;
    this.#isTaken = isTaken;
  }

  /** The server of this name; throws `not_found` with the names there are. */
  server(name: string): McpServer {
    const found = this.servers.get(name);
    if (found !== undefined) return found;
    const known = [...this.servers.keys()].map((one) => oneLine(one, 64)).join(', ') || 'none';
    throw notFound`there is no MCP server "${oneLine(name, 64)}"; there are: ${known}`;
  }

  /** What of a server the model may have now: chosen, and as it was accepted. */
  toolsOf(server: McpServer): readonly OfferedTool[] {
    return usablePins(server).map(({ definition }) => this.#offered(server, definition));
  }

  all(): readonly OfferedTool[] {
    return [...this.servers.values()].flatMap((server) => this.toolsOf(server));
  }

  #offered(server: McpServer, definition: Definition): OfferedTool {
    const { name, alias = {} } = server.config;
    const key = JSON.stringify([name, definition.name]);
    const known = this.#names.get(key);
    const wanted = { server: name, tool: clean(definition.name), alias: alias[definition.name] };
    const isTaken = (one: string) => this.#given.has(one) || this.#isTaken(one);
    const given = known ?? nameFor(wanted, isTaken);
    this.#names.set(key, given);
    this.#given.add(given);
    return { name: given, server, definition, groups: groupsOf(server.config, definition.name) };
  }

  /** Those that are offered as they are: of servers that are to be, and of the rest while they are few. */
  direct(): readonly OfferedTool[] {
    const servers = [...this.servers.values()].filter(({ config }) => config.fault === undefined);
    const always = servers.filter(({ config }) => config.offer === 'direct');
    const rest = servers.filter(({ config }) => config.offer === undefined);
    const pins = rest.flatMap(usablePins);
    const isFew =
      pins.length <= this.#few.tools &&
      pins.reduce((sum, { definition }) => sum + bytesOf(definition), 0) <= this.#few.bytes;
    const shown = new Set(isFew ? [...always, ...rest] : always);
    return servers.filter((one) => shown.has(one)).flatMap((one) => this.toolsOf(one));
  }

  /** The tool that a model means; starts the server that the name begins with when it is not known yet. */
  async find(name: string, signal: AbortSignal): Promise<OfferedTool> {
    const known = this.#find(name);
    if (known !== undefined) return known;
    const server = [...this.servers.values()].find(({ config }) => isOf(name, config.name));
    if (server !== undefined) {
      await server.ready(signal);
      const found = this.#find(name);
      if (found !== undefined) return found;
      this.#refuseChanged(server, name);
    }
    throw notFound`there is no tool "${oneLine(name, 80)}": find its name with tool_search`;
  }

  #find(name: string): OfferedTool | undefined {
    const all = this.all();
    const isMeant = ({ server: { config }, definition }: OfferedTool) =>
      [`${config.name}__${definition.name}`, `${config.name}/${definition.name}`].includes(name);
    return all.find((one) => one.name === name) ?? all.find(isMeant);
  }

  #refuseChanged({ config, remembered }: McpServer, name: string): void {
    const isIt = ({ definition, changed }: Pin) =>
      changed !== undefined && name.endsWith(definition.name);
    if (!remembered.tools.some(isIt)) return;
    throw invalid`${oneLine(name, 80)} is disabled: its description is another than the one that was accepted. A person has to look at it with "spindle mcp diff ${config.name}"`;
  }
}

function isOf(name: string, server: string): boolean {
  const plain = server.replaceAll(/[^A-Za-z0-9_-]/gu, '_');
  return [`${server}__`, `${server}/`, `${plain}__`].some((start) => name.startsWith(start));
}

function usablePins({ config, remembered }: McpServer): readonly Pin[] {
  if (config.fault !== undefined) return [];
  return remembered.tools.filter(
    ({ definition, changed, isGone }) =>
      changed === undefined && isGone !== true && isChosen(config, definition.name),
  );
}

function bytesOf({ description = '', inputSchema }: Definition): number {
  return description.length + JSON.stringify(inputSchema).length;
}

/** What a model is told of a tool. `changes`: what of its schema providers would refuse, and is left out. */
export interface Told {
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly changes: readonly string[];
}

/** The description begins with where the tool is from. */
export function tellTool({ server, definition }: OfferedTool): Told {
  const { title, description } = definition;
  const said = clean(description ?? title ?? definition.name, maxDescription);
  const { schema, changes } = simplify(definition.inputSchema);
  return {
    description: `[MCP ${oneLine(server.config.name, 40)}] ${said}`,
    inputSchema: schema,
    changes,
  };
}
