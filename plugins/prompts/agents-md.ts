/**
 * AGENTS.md: the user's own, then those from the top of the repository down to the thread's folder, then nested ones
 * once work reaches their folder. They are data, labelled with where they are from; an edited one is told again.
 */

import { dirname } from 'node:path';

import {
  prompts,
  type Appended,
  type Plugin,
  type PromptContext,
  type PromptSource,
} from '../../core/index.ts';
import {
  chain,
  findTop,
  isBelow,
  filesIn,
  type Finder,
  type Known,
  type Reading,
} from './agents-md/folders.ts';
import { foldersIn } from './agents-md/reached.ts';
import { showEach, showTogether, showUserFile, type ShownFile } from './agents-md/show.ts';
import { labelled, type Shown, type Standing } from './agents-md/text.ts';

export interface AgentsMdOptions {
  /** The user's own file, absolute; it may be missing. */
  readonly userFile?: string;
  /** Names that count where a folder has no AGENTS.md, in order. Default: CLAUDE.md. */
  readonly fallbacks?: readonly string[];
  /** Bytes that the repository's files may take together; the user's own and each nested one have as many again. */
  readonly maxBytes?: number;
}

/** The schema of AgentsMdOptions. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    userFile: z.string().min(1).optional().describe("the user's own file"),
    fallbacks: z
      .array(z.string().min(1))
      .optional()
      .describe('names that count when there is no AGENTS.md'),
    maxBytes: z.int().positive().optional().describe('bytes of the files together'),
  });
};

export default function agentsMd(config: AgentsMdOptions = {}): Plugin {
  return {
    name: 'agents-md',
    api: 1,
    setup: (host) => {
      const threads = new Map<string, Known>();
      host.add(prompts, agentsMdSource(config, threads));
      host.scope.use(
        host.client.listen((event) => {
          if (event.type === 'thread/closed') threads.delete(event.thread);
        }),
      );
    },
  };
}

const defaultMaxBytes = 32 * 1024;
/** New folders that are looked into between two steps. */
const maxLooks = 32;

/** Asked at each step, since that is when work reaches a folder; at the start of a turn it looks for edits as well. */
function agentsMdSource(config: AgentsMdOptions, threads: Map<string, Known>): PromptSource {
  return {
    name: 'agents-md',
    stability: 'turn',
    read: async (context) => {
      const isFirst = !threads.has(context.thread);
      const known = threads.get(context.thread) ?? nothingKnown();
      threads.set(context.thread, known);
      const isStart = isFirst || context.since.some((item) => item.type === 'turn');
      if (isStart) known.looked.clear();
      const { cwd, roots } = context.settings;
      const finder = finderOf(config, context, known);
      const top = known.tops.get(cwd) ?? (await findTop(cwd, roots, { known, finder }));
      known.tops.set(cwd, top);
      const { maxBytes = defaultMaxBytes, userFile } = config;
      const inside = [top, cwd, ...roots];
      const work = {
        context,
        known,
        finder,
        inside,
        top,
        maxBytes,
        userFile,
        present: new Set<string>(),
      };
      return isStart ? startTurn(work) : reachFolders(work);
    },
  };
}

interface Work extends Reading {
  readonly context: PromptContext;
  readonly top: string;
  readonly userFile: string | undefined;
}

function nothingKnown(): Known {
  return {
    tops: new Map(),
    looked: new Map(),
    contents: new Map(),
    given: new Map(),
    warned: new Set(),
  };
}

/** A notice that was given is not given again while this process has the thread. */
function finderOf(config: AgentsMdOptions, context: PromptContext, known: Known): Finder {
  const { effects, notice } = context;
  const warn = (message: string) => {
    if (!known.warned.has(message)) notice('warning', message);
    known.warned.add(message);
  };
  const names = ['AGENTS.override.md', 'AGENTS.md', ...(config.fallbacks ?? ['CLAUDE.md'])];
  return { effects, names, warn };
}

async function startTurn(work: Work): Promise<readonly Appended[]> {
  const { context, top, userFile } = work;
  const main = chain(top, context.settings.cwd);
  const known = new Set(context.own.map((fragment) => dirname(fragment.source)));
  const nested = [...known].filter((folder) => isBelow(folder, [top]) && !main.includes(folder));
  const shown = [
    userFile === undefined ? undefined : await showUserFile(userFile, work),
    ...(await showTogether(await filesIn(main, work), work)),
    ...(await showEach(await filesIn(nested, work), work)),
  ];
  return [
    ...shown.flatMap((file) => (file === undefined ? [] : tell(file, work))),
    ...tellGone(work),
  ];
}

async function reachFolders(work: Work): Promise<readonly Appended[]> {
  const { context, known, top } = work;
  const { since, settings } = context;
  const turn = since.at(-1)?.turn;
  const recent = since.filter((item) => item.turn === turn);
  const reached = foldersIn(recent, settings.cwd).filter(
    (folder) => isBelow(folder, [top]) && !isForeign(folder),
  );
  const folders = new Set(reached.flatMap((folder) => chain(top, folder)));
  const unknown = [...folders].filter((folder) => !known.looked.has(folder)).slice(0, maxLooks);
  const shown = await showEach(await filesIn(unknown, work), work);
  return shown.flatMap((file) => tell(file, work));
}

/** Folders of others' code. */
function isForeign(folder: string): boolean {
  return /[\\/](?:node_modules|\.git)(?:[\\/]|$)/.test(folder);
}

/** What is to be appended of a file, unless the window holds it as it is. */
function tell({ path, shown }: ShownFile, { context, known }: Work): readonly Appended[] {
  const before = context.own.findLast((fragment) => fragment.source === path);
  if (before === undefined && shown.text === '' && shown.shownBytes === shown.bytes) return [];
  const standings: readonly Standing[] = ['new', 'changed'];
  const texts = standings.map((standing) => labelled(path, shown, standing));
  const isTold = texts.some((text) => text === before?.text || text === known.given.get(path));
  return before !== undefined && isTold
    ? []
    : [give(path, before === undefined ? 'new' : 'changed', { shown, known })];
}

/** Files that the window holds and that are not there any more. */
function tellGone({ context, known, userFile, present }: Work): readonly Appended[] {
  const paths = new Set(context.own.map((fragment) => fragment.source));
  return [...paths].flatMap((path) => {
    const isLooked = path === userFile || known.looked.has(dirname(path));
    const last = context.own.findLast((fragment) => fragment.source === path)?.text;
    const isTold = last === labelled(path, undefined, 'gone');
    return !isLooked || present.has(path) || isTold ? [] : [give(path, 'gone', { known })];
  });
}

function give(
  path: string,
  standing: Standing,
  of: { readonly shown?: Shown; readonly known: Known },
): Appended {
  const text = labelled(path, of.shown, standing);
  of.known.given.set(path, text);
  return { text, role: 'user', source: path, pinned: true };
}
