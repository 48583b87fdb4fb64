/**
 * Keeps managed policy where the configuration does not reach: threads that were stored before it, settings that come
 * over a wire, MCP servers and requests of any origin. It is a plugin of the first tier.
 */

import { KernelError } from '../core/errors.ts';
import type { Effect, Model, Policy } from '../core/contracts.ts';
import type { Settings } from '../core/item.ts';
import type { Plugin } from '../core/plugin.ts';
import { aroundModel, aroundTurn, models, policies as policySlot } from '../core/slots.ts';
import { ruleOf } from './keys.ts';
import type { Layer } from './layers.ts';
import { type Allow, allowing, type ManagedPolicy } from './managed.ts';
import { folderOf, pathOf } from './plugin-path.ts';

/** What is not as it may be: in words, and the file that says so. */
interface Fault {
  readonly message: string;
  readonly file: string;
}

/** What the guard enforces. */
export interface Guarded {
  readonly policies: readonly ManagedPolicy[];
  /** The managed layers. */
  readonly layers: readonly Layer[];
}

/** The plugin. It refuses turns, model calls and effects; it never allows anything. */
export function managedGuard(guarded: Guarded): Plugin {
  return {
    name: 'managed',
    api: 1,
    setup: (host) => {
      const check = (settings: Settings) => {
        refuse(settingsFault(settings, guarded));
        refuse(modelFault(settings, guarded.policies, host.get(models)));
      };
      host.add(aroundTurn, (context, next) => {
        check(context.settings);
        return next();
      });
      host.add(aroundModel, (request, on, next) => {
        check(request.settings);
        return next(request, on);
      });
      host.add(policySlot, guardPolicy(guarded));
    },
  };
}

function guardPolicy(guarded: Guarded): Policy {
  return {
    name: 'managed',
    judge: (effect, settings) => {
      const fault =
        effectFault(effect, guarded.policies) ??
        bareFault(effect, guarded) ??
        settingsFault(settings, guarded);
      if (fault === undefined) return undefined;
      const { message: reason, file } = fault;
      return { verdict: 'deny', reason, rule: 'managed policy', layer: 'managed', file };
    },
  };
}

/** A mode that confines is no such thing when the sandbox chosen for it is one that does not. */
function bareFault(effect: Effect, { policies, layers }: Guarded): Fault | undefined {
  if (effect.kind !== 'spawn' || effect.confined !== 'none') return undefined;
  const bare = 'danger-full-access';
  const isClosedList = ({ allow: { sandbox } }: ManagedPolicy) =>
    sandbox !== undefined && allowing(sandbox, bare) === undefined;
  const isClosedLayer = ({ values: { sandbox } }: Layer) =>
    sandbox !== undefined && sandbox !== bare;
  const found = policies.find(isClosedList) ?? layers.find(isClosedLayer);
  return found && { file: found.file ?? '', message: 'commands may only run confined' };
}

function refuse(fault: Fault | undefined): void {
  if (fault === undefined) return;
  throw new KernelError('denied', `${fault.message} (managed policy, ${fault.file})`);
}

/** The first thing in a thread's settings that managed policy does not let be. */
function settingsFault(settings: Settings, { policies, layers }: Guarded): Fault | undefined {
  for (const { file, allow } of policies) {
    for (const key of ['provider', 'sandbox', 'approval'] as const) {
      const list = allow[key];
      const isFine = list === undefined || allowing(list, settings[key]) !== undefined;
      if (!isFine) return { file, message: mayOnlyBe(key, list.join(', '), settings[key]) };
    }
    if (settings.network && isClosed(allow))
      return {
        file,
        message: 'the thread has the network, and requests may only go to some hosts',
      };
  }
  return layers.map((layer) => layerFault(settings, layer)).find((fault) => fault !== undefined);
}

/** Requests may go to some hosts only, so what cannot be told apart by host may not be made at all. */
function isClosed({ domains }: Allow): boolean {
  return domains !== undefined && !domains.includes('*');
}

function layerFault(settings: Settings, { values, file = '' }: Layer): Fault | undefined {
  const keys = ['provider', 'model', 'sandbox', 'approval', 'network', 'tools'] as const;
  for (const key of keys) {
    const managed = values[key];
    if (managed === undefined || managed === 'auto') continue;
    const now = settings[key];
    const narrow = ruleOf([key])?.narrower;
    const wanted = narrow === undefined ? managed : narrow(managed, now);
    if (JSON.stringify(wanted) !== JSON.stringify(now))
      return { file, message: mayOnlyBe(key, JSON.stringify(wanted), now) };
  }
  const { roots } = values;
  if (!Array.isArray(roots)) return undefined;
  const folders = roots.map((root) => pathOf(String(root), folderOf(file)));
  const strange = settings.roots.find((root) => root !== settings.cwd && !folders.includes(root));
  return strange === undefined
    ? undefined
    : { file, message: mayOnlyBe('roots', folders.join(', ') || 'the workspace', strange) };
}

function mayOnlyBe(key: string, wanted: string, now: unknown): string {
  const got = now === undefined ? 'not set' : JSON.stringify(now);
  return `${key} may only be ${wanted}, but it is ${got} in this thread: start a new one, or set it`;
}

/** The provider's default model is judged like one that is named. */
function modelFault(
  settings: Settings,
  all: readonly ManagedPolicy[],
  providers: ReadonlyMap<string, Model>,
): Fault | undefined {
  for (const { file, allow } of all) {
    if (allow.model === undefined) continue;
    const model = settings.model ?? providers.get(settings.provider)?.traits(settings).model;
    if (model === undefined || allowing(allow.model, model) === undefined)
      return { file, message: mayOnlyBe('model', allow.model.join(', '), model) };
  }
  return undefined;
}

function effectFault(effect: Effect, all: readonly ManagedPolicy[]): Fault | undefined {
  const host = effect.kind === 'fetch' ? hostOf(effect.url) : undefined;
  const { origin } = effect;
  const server =
    effect.kind === 'call' ? effect.server : origin.kind === 'mcp' ? origin.name : undefined;
  for (const { file, allow } of all) {
    const { domains, mcpServers } = allow;
    if (host !== undefined && domains !== undefined && !allowing(domains, host))
      return { file, message: `requests may only go to ${domains.join(', ')}, not to ${host}` };
    if (server !== undefined && mcpServers !== undefined && !allowing(mcpServers, server))
      return { file, message: `the MCP server ${server} is not among those that are allowed` };
  }
  return undefined;
}

/** In small letters, as URLs have them; what is no URL goes nowhere that is allowed. */
function hostOf(url: string): string {
  return URL.parse(url)?.hostname ?? '';
}
