/** Pins: a tool that changes after it was accepted is disabled until a person has seen the difference. */

import type { Tool } from '@modelcontextprotocol/client';

import type { Definition, Pin } from './remembered.ts';

/** What a list of tools did to the pins, by the tools' names. */
export interface Compared {
  readonly pins: readonly Pin[];
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly gone: readonly string[];
}

/** The pins after a server gave its list. What is seen for the first time is accepted; what is pinned stays as it was. */
export function compare(before: readonly Pin[], listed: readonly Tool[]): Compared {
  const now = new Map(listed.map((tool) => [tool.name, definitionOf(tool)]));
  const known = new Map(before.map((pin) => [pin.definition.name, pin]));
  const added = [...now.values()].filter(({ name }) => !known.has(name));
  const kept = before.map((pin) => repinned(pin, now.get(pin.definition.name)));
  return {
    pins: [...kept, ...added.map((definition) => ({ definition, hash: hashOf(definition) }))],
    added: added.map(({ name }) => name),
    changed: namesOf(
      kept.filter((pin, at) => pin.changed !== undefined && isNews(pin, before[at])),
    ),
    gone: namesOf(kept.filter(({ isGone }, at) => isGone === true && before[at]?.isGone !== true)),
  };
}

function namesOf(pins: readonly Pin[]): readonly string[] {
  return pins.map(({ definition }) => definition.name);
}

function isNews(pin: Pin, before: Pin | undefined): boolean {
  return (
    before?.changed === undefined ||
    hashOf(before.changed) !== hashOf(pin.changed ?? before.changed)
  );
}

function repinned({ definition, hash }: Pin, now: Definition | undefined): Pin {
  if (now === undefined) return { definition, hash, isGone: true };
  if (hashOf(now) !== hash) return { definition, hash, changed: now };
  return { definition: now, hash }; // what is not pinned, such as annotations, may change
}

/** The pins with what has changed accepted, of these tools or of all. */
export function accept(pins: readonly Pin[], names?: readonly string[]): readonly Pin[] {
  return pins.map((pin) => {
    const { changed } = pin;
    const isMeant = names?.includes(pin.definition.name) ?? true;
    return changed === undefined || !isMeant ? pin : { definition: changed, hash: hashOf(changed) };
  });
}

function definitionOf(tool: Tool): Definition {
  const { name, title, description, annotations, inputSchema, outputSchema, execution } = tool;
  const task = execution?.taskSupport;
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(annotations === undefined ? {} : { annotations }),
    inputSchema: inputSchema, // JSON, as it came
    ...(outputSchema === undefined ? {} : { outputSchema: outputSchema }), // as above
    ...(task === 'optional' || task === 'required' ? { task } : {}),
  };
}

/** SHA-256 in hex over what a model is told of a tool. */
export function hashOf({ name, description, inputSchema, outputSchema }: Definition): string {
  // Only a server that has started is hashed, so this costs no start.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const text = JSON.stringify([name, description ?? '', sorted(inputSchema), sorted(outputSchema)]);
  return createHash('sha256').update(text).digest('hex');
}

/** The same whatever the order of keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, one]) => [key, sorted(one)]);
}
