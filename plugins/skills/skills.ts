/**
 * Agent Skills: `SKILL.md` files of the user, and of a repository as far as the user trusts them. The model is told names
 * and descriptions and reads a body when a task needs it; the user names one as `$name` or `/name`. docs/skills.md.
 */

import {
  aroundTurn,
  KernelError,
  prompts,
  requests,
  type Host,
  type JsonSchema,
  type Plugin,
  type PromptContext,
} from '../../core/index.ts';
import { commandSources, type FoundCommands, type SourcedCommand } from '../commands/slot.ts';
import type { FolderOptions } from '../markdown/sources.ts';
import { leftOut, listSource, type Told } from '../markdown/told.ts';
import type { Scan } from './scan.ts';
import type { Skill } from './skill.ts';

/** The folders come from the program. */
export interface SkillsOptions extends FolderOptions {
  /** Bytes that names and descriptions may take of the prompt. Default: 8000. */
  readonly maxBytes?: number;
}

/** The schema of what a configuration may say. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    maxBytes: z.int().min(500).optional().describe('bytes of names and descriptions together'),
  });
};

const defaultMaxBytes = 8000;

/** What `skill/list` answers. */
export interface SkillList {
  readonly skills: readonly ListedSkill[];
  /** Files that are left out, and why. */
  readonly faults: Scan['faults'];
  /** Bytes of the prompt that names and descriptions may take, and take. */
  readonly budget: { readonly maxBytes: number; readonly bytes: number };
}

/** A skill, and whether the model is told of it. */
export type ListedSkill = Omit<Skill, 'body'> & { readonly isTold: boolean };

export default function skills(config: SkillsOptions = {}): Plugin {
  return {
    name: 'skills',
    api: 1,
    setup: (host) => {
      const { folders = [], maxBytes = defaultMaxBytes } = config;
      const scan =
        folders.length === 0 ? () => Promise.resolve(nothing) : lazyScanner(host, config);
      host.add(requests, {
        name: 'skill/list',
        params: { type: 'object' },
        result: { type: 'object' },
        run: async (): Promise<SkillList> => listOf(await scan(), maxBytes),
      });
      host.add(requests, {
        name: 'skill/read',
        params: byName,
        result: { type: 'object' },
        run: async (params) => find(await scan(), (params as { readonly name?: unknown }).name), // as `params` says
      });
      if (folders.length > 0) takePart(host, scan, maxBytes);
    },
  };
}

const byName: JsonSchema = {
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
};

type Scanning = () => Promise<Scan>;
const nothing: Scan = { skills: [], faults: [] };

/** What reads skills is loaded when they are first looked for. */
function lazyScanner(host: Host, config: FolderOptions): Scanning {
  let scan: Promise<Scanning> | undefined;
  const load = async () => (await import('./scan.ts')).scanner(host.effects, config);
  return async () => (await (scan ??= load()))();
}

async function listOf(scan: Scan, maxBytes: number): Promise<SkillList> {
  const { listingOf } = await import('./listing.ts');
  const { isActive } = await import('../markdown/folders.ts');
  const { bytes, leftOut: rest } = listingOf(scan.skills, maxBytes);
  const listed = scan.skills.map(({ body: _body, ...skill }): ListedSkill => {
    const isLeftOut = rest.some(({ path }) => path === skill.path);
    return { ...skill, isTold: isActive(skill) && !skill.isForUser && !isLeftOut };
  });
  return { skills: listed, faults: scan.faults, budget: { maxBytes, bytes } };
}

async function find({ skills: all, faults }: Scan, name: unknown): Promise<Skill> {
  const { isActive } = await import('../markdown/folders.ts');
  const active = all.filter(isActive);
  const found = active.find((skill) => skill.name === name);
  if (found !== undefined) return found;
  const named = all.find((skill) => skill.name === name);
  const fault = faults.find(({ path }) => path.endsWith(`/${String(name)}/SKILL.md`));
  const why =
    named !== undefined
      ? `${named.path} is not trusted as it is: look at it, then run "spindle trust"`
      : fault !== undefined
        ? `${fault.path}:${fault.line}: ${fault.reason}`
        : `there are: ${active.map((skill) => skill.name).join(', ') || 'none'}`;
  throw new KernelError('not_found', `there is no skill ${JSON.stringify(name)}; ${why}`);
}

function takePart(host: Host, scan: Scanning, maxBytes: number): void {
  const read = async ({ tools }: PromptContext): Promise<Told> => {
    const isReadable = tools.some(({ name }) => name === 'read_file' || name === 'shell');
    return isReadable ? tell(await scan(), maxBytes) : { text: '', warnings: [] };
  };
  host.add(prompts, listSource(host, { name: 'skills', what: 'skills', read }));
  host.add(commandSources, { list: async () => commandsOf(await scan()) });
  host.add(aroundTurn, async ({ input }, next) => {
    const { mayMention, mentioned, contentOf } = await import('./mentions.ts');
    if (!mayMention(input)) return next();
    const named = mentioned(input, (await scan()).skills);
    return named.length === 0 ? next() : next(named.map(contentOf));
  });
}

/** `/name argument` says the same as `$name argument`. */
async function commandsOf({ skills: all }: Scan): Promise<FoundCommands> {
  const { isActive } = await import('../markdown/folders.ts');
  const active = all.filter(isActive).map(({ name, description, path }): SourcedCommand => {
    const run: SourcedCommand['run'] = async (argument, client, thread) => {
      const text = `$${name} ${argument}`.trim();
      await client.request('turn/start', { thread, input: [{ type: 'text', text }] });
    };
    return { name, description, from: path, run };
  });
  return { commands: active, faults: [] };
}

async function tell({ skills: found, faults }: Scan, maxBytes: number): Promise<Told> {
  const { listingOf } = await import('./listing.ts');
  const { text, leftOut: rest } = listingOf(found, maxBytes);
  const warnings = faults.map((fault) => leftOut('skill', fault));
  const budget = `they do not fit into ${maxBytes} bytes (option maxBytes of skills)`;
  if (rest.length > 0) warnings.push(`${rest.length} skills are not told to the model: ${budget}`);
  return { text, warnings };
}
