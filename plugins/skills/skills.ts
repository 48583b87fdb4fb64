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
  type PromptSource,
} from '../../core/index.ts';
import type { FolderOptions } from '../markdown/sources.ts';
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
  const { isActive } = await import('./skill.ts');
  const { bytes, leftOut } = listingOf(scan.skills, maxBytes);
  const listed = scan.skills.map(({ body: _body, ...skill }): ListedSkill => {
    const isLeftOut = leftOut.some(({ path }) => path === skill.path);
    return { ...skill, isTold: isActive({ ...skill, body: '' }) && !skill.isForUser && !isLeftOut };
  });
  return { skills: listed, faults: scan.faults, budget: { maxBytes, bytes } };
}

async function find({ skills: all, faults }: Scan, name: unknown): Promise<Skill> {
  const { isActive } = await import('./skill.ts');
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
  const told = new Map<string, string>();
  const warned = new Set<string>();
  host.add(prompts, source(scan, { maxBytes, told, warned }));
  host.add(aroundTurn, async ({ input }, next) => {
    const { mayMention, mentioned, contentOf } = await import('./mentions.ts');
    if (!mayMention(input)) return next();
    const named = mentioned(input, (await scan()).skills);
    return named.length === 0 ? next() : next(named.map(contentOf));
  });
  host.scope.use(
    host.client.listen((event) => {
      if (event.type === 'thread/closed') told.delete(event.thread);
    }),
  );
}

interface Telling {
  readonly maxBytes: number;
  /** What each thread was last told: a redactor may have changed what the window holds. */
  readonly told: Map<string, string>;
  /** Notices that were given; they are not given again. */
  readonly warned: Set<string>;
}

/** Looks at each turn; what has changed is told as a new list, and the old one stays where it is. */
function source(scan: Scanning, { maxBytes, told, warned }: Telling): PromptSource {
  return {
    name: 'skills',
    stability: 'thread',
    read: async ({ thread, own, tools, notice }) => {
      if (!tools.some(({ name }) => name === 'read_file' || name === 'shell')) return [];
      const { listingOf } = await import('./listing.ts');
      const { skills: found, faults } = await scan();
      const { text, leftOut } = listingOf(found, maxBytes);
      const warnings = faults.map(
        ({ path, line, reason }) => `skill left out: ${path}:${line}: ${reason}`,
      );
      if (leftOut.length > 0)
        warnings.push(
          `${leftOut.length} skills are not told to the model: they do not fit into ${maxBytes} bytes (option maxBytes of skills)`,
        );
      for (const warning of warnings) {
        if (!warned.has(warning)) notice('warning', warning);
        warned.add(warning);
      }
      const last = own.at(-1)?.text;
      if (last === undefined) return text === '' ? [] : [give(thread, text)];
      const now = text === '' ? 'There are no skills any more.' : text;
      const isTold = [now, changed(now)].some((one) => one === last || one === told.get(thread));
      return isTold ? [] : [give(thread, changed(now))];
    },
  };
  function give(thread: string, text: string) {
    told.set(thread, text);
    return { text, role: 'developer', source: 'skills', pinned: true } as const;
  }
}

function changed(text: string): string {
  return `The skills have changed. In place of the former list:\n${text}`;
}
