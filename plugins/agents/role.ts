/** Roles of sub-agents: from the configuration, or a Markdown file with front matter whose text is the instructions. */

import { basename } from 'node:path';

import type { Effects, SandboxMode } from '../../core/index.ts';
import { folderReader, isMarkdown, type Named, withShadows } from '../markdown/folders.ts';
import { type Fault, isFault, readFrontMatter } from '../markdown/front-matter.ts';
import type { BadFile, Folder, FolderOptions, Source } from '../markdown/sources.ts';

/** What a role is made of, however it is declared. */
export interface RoleOptions {
  /** What it is for: the model chooses by this. */
  readonly description: string;
  readonly instructions?: string;
  /** A name in the `models` slot, and that provider's own name of a model; absent: those of the parent. */
  readonly provider?: string;
  readonly model?: string;
  readonly effort?: string;
  /** Of the parent's tools these; absent: all. */
  readonly tools?: readonly string[];
  /** Narrower than the parent's; a wider one has no effect. */
  readonly sandbox?: SandboxMode;
}

/** A role that can be used, if its standing lets it. */
export interface Role extends RoleOptions, Named {
  /** The file, or `configuration`. */
  readonly source: string;
  readonly by: 'configuration' | Folder['by'];
}

/** What is there, good and bad. */
export interface Roles {
  readonly roles: readonly Role[];
  readonly faults: readonly BadFile[];
}

const nameForm = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const maxName = 64;
const maxDescription = 1024;
/** Bytes; they stand in the window of every sub-agent of the role. */
const maxInstructions = 32 * 1024;
export const sandboxes: readonly SandboxMode[] = [
  'read-only',
  'workspace-write',
  'danger-full-access',
];

/** Gives a function that looks for all roles anew: those of the configuration, then of the folders. */
export function roleReader(
  effects: Effects,
  options: FolderOptions,
  configured: Readonly<Record<string, RoleOptions>>,
): () => Promise<Roles> {
  const ours = Object.entries(configured).map(([name, role]): Role => {
    return { name, ...role, source: 'configuration', by: 'configuration', standing: 'trusted' };
  });
  const read = folderReader(effects, options, { isWanted: isMarkdown, read: readRole });
  return async () => {
    const { things, faults } = await read();
    return { roles: withShadows([...ours, ...things], ({ source }) => source), faults };
  };
}

/** The role that a file declares; without `name` it is called as the file is. */
export async function readRole({ path, by, standing, text }: Source): Promise<Role | Fault> {
  const read = await readFrontMatter(text);
  if (isFault(read)) return read;
  const { values, body, lineOf } = read;
  const { name = basename(path, '.md'), description } = values;
  const fault = keyFault({ ...values, name }, body);
  if (fault !== undefined) return { line: lineOf(fault[0]), reason: `${fault[0]}: ${fault[1]}` };
  const { provider, model, effort, sandbox } = values;
  const tools = toolsOf(values['tools']);
  const isOwn = typeof model === 'string' && model !== 'inherit';
  return {
    name: String(name),
    description: String(description).replaceAll(/\s+/g, ' ').trim(),
    instructions: body,
    ...(typeof provider === 'string' ? { provider } : {}),
    ...(isOwn ? { model } : {}),
    ...(typeof effort === 'string' ? { effort } : {}),
    ...(tools === undefined ? {} : { tools }),
    ...(sandbox === undefined ? {} : { sandbox: sandbox as SandboxMode }), // one of them, as keyFault found
    source: path,
    by,
    standing,
  };
}

type KeyFault = readonly [key: string, reason: string];
type Values = Readonly<Record<string, unknown>>;

const checks: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  name: (value) =>
    typeof value === 'string' && nameForm.test(value) && value.length <= maxName
      ? undefined
      : `expected at most ${maxName} small letters, digits and single hyphens, but got ${JSON.stringify(value)}`,
  description: (value) => {
    if (typeof value !== 'string' || value.trim() === '')
      return 'expected a text, but it is missing';
    return value.length <= maxDescription
      ? undefined
      : `expected at most ${maxDescription} characters, but it has ${value.length}`;
  },
  provider: textOrNone,
  model: textOrNone,
  effort: textOrNone,
  tools: (value) =>
    value === undefined || toolsOf(value) !== undefined ? undefined : 'expected a list of names',
  sandbox: (value) =>
    value === undefined || sandboxes.some((mode) => mode === value)
      ? undefined
      : `expected ${sandboxes.join(', ')}, but got ${JSON.stringify(value)}`,
};

function textOrNone(value: unknown): string | undefined {
  const isFine = value === undefined || (typeof value === 'string' && value !== '');
  return isFine ? undefined : `expected a text, but got ${JSON.stringify(value)}`;
}

function keyFault(values: Values, body: string): KeyFault | undefined {
  for (const [key, check] of Object.entries(checks)) {
    const reason = check(values[key]);
    if (reason !== undefined) return [key, reason];
  }
  if (body === '') return ['instructions', 'expected them after the front matter'];
  const bytes = Buffer.byteLength(body);
  return bytes <= maxInstructions
    ? undefined
    : ['instructions', `expected at most ${maxInstructions} bytes, but they have ${bytes}`];
}

/** A list, or names with commas between, as other agents have it. */
function toolsOf(value: unknown): readonly string[] | undefined {
  const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
  if (!Array.isArray(names)) return undefined;
  return names.every((name) => typeof name === 'string' && name !== '') ? names : undefined;
}
