/** What a server offers, as it was accepted: kept between starts, and compared with what the server says of itself. */

import { messageOf, invalid, notFound } from '../../core/index.ts';
import type { Offer } from './offer.ts';
import { accept, compare } from './pins.ts';
import { nothingRemembered, type Pin, type Remembered } from './remembered.ts';
import type { ServerConfig } from './server-config.ts';
import type { Shared } from './server.ts';
import { oneLine } from './text.ts';

type Means = Pick<Shared, 'host' | 'state' | 'onChanged' | 'notice'>;

/** Of one server. People are told of tools that are new or have changed. */
export class Accepted {
  now: Remembered;
  readonly #config: ServerConfig;
  readonly #means: Means;

  constructor(config: ServerConfig, means: Means) {
    this.#config = config;
    this.#means = means;
    this.now = means.state.read(config.key) ?? nothingRemembered;
  }

  /** Takes what the server offers now: what is seen for the first time is accepted. */
  take({ tools, ...offered }: Offer): void {
    const { pins, added, changed } = compare(this.now.tools, tools);
    const isFirst = this.now.tools.length === 0;
    this.keep({ ...offered, tools: pins });
    this.#tell(isFirst ? [] : added, changed);
  }

  #tell(added: readonly string[], changed: readonly string[]): void {
    const { name } = this.#config;
    if (added.length > 0) this.#means.notice(`MCP server ${name} has new tools: ${listed(added)}`);
    if (changed.length === 0) return;
    this.#means.notice(
      `MCP server ${name} describes ${listed(changed)} differently than before, so they are disabled: see "spindle mcp diff ${name}", then "spindle mcp accept ${name}"`,
    );
  }

  /** Keeps what has changed; that it cannot be written costs nothing but the next start. */
  keep(changes: Partial<Remembered>): void {
    const before = JSON.stringify(this.now);
    this.now = { ...this.now, ...changes };
    if (JSON.stringify(this.now) === before) return;
    const { host, state, onChanged } = this.#means;
    const { key, name } = this.#config;
    try {
      state.write(key, this.now);
    } catch (error) {
      host.log(`what MCP server ${name} offers was not kept: ${messageOf(error)}`);
    }
    onChanged();
  }

  /** Accepts what has changed of these tools, or of all; gives the names. Throws for one that is not there. */
  accept(tools?: readonly string[]): readonly string[] {
    const all = this.now.tools.map(({ definition }) => definition.name);
    const unknown = tools?.find((tool) => !all.includes(tool));
    if (unknown !== undefined)
      throw notFound`MCP server ${this.#config.name} has no tool ${unknown}; it has ${listed(all) || 'none'}`;
    const isMeant = ({ changed, definition }: Pin) =>
      changed !== undefined && (tools?.includes(definition.name) ?? true);
    const names = this.now.tools.filter(isMeant).map(({ definition }) => definition.name);
    this.keep({ tools: accept(this.now.tools, tools) });
    return names;
  }

  /** A tool by its own name. Throws when it is not there, or not the one that was accepted. */
  usable(tool: string): Pin {
    const { name } = this.#config;
    const pin = this.now.tools.find(({ definition }) => definition.name === tool);
    if (pin === undefined || pin.isGone === true)
      throw notFound`MCP server ${name} has no tool ${tool}`;
    if (pin.changed === undefined) return pin;
    throw invalid`${tool} of MCP server ${name} is disabled: its description is another than the one that was accepted. A person has to look at it with "spindle mcp diff ${name}"`;
  }
}

function listed(names: readonly string[]): string {
  return names.map((one) => oneLine(one, 64)).join(', ');
}
