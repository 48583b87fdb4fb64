/** What a host's model may ask for: never more than the server was started with. */

import { isAbsolute, resolve } from 'node:path';

import { KernelError } from '../../../core/index.ts';
import type { ApprovalMode, SandboxMode, Settings } from '../../../core/index.ts';

/** What the server was started with. Paths are real ones. */
export interface Bounds {
  /** Settings of new threads. */
  readonly settings: Partial<Settings>;
  /** The folder it was started in. */
  readonly cwd: string;
  /** Folders given by `--root`; empty when there are none. */
  readonly roots: readonly string[];
  /** A path with its links resolved, as far as it exists. */
  readonly realPath: (path: string) => string;
}

/** What a call of a tool asks for. */
export interface Wishes {
  readonly cwd?: string | undefined;
  readonly sandbox?: SandboxMode | undefined;
  readonly approval?: ApprovalMode | undefined;
}

const sandboxes: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
/** With `never` nobody is asked, so what a person could allow is refused; with `untrusted` a person is asked first. */
const narrower: Readonly<Record<ApprovalMode, readonly ApprovalMode[]>> = {
  untrusted: ['untrusted'],
  'on-request': ['on-request', 'untrusted', 'never'],
  never: ['never'],
};

/** The folders in which threads may work: those of `--root`, else the start folder and the host's own roots. */
export function foldersOf(bounds: Bounds, hostRoots: readonly string[]): readonly string[] {
  if (bounds.roots.length > 0) return bounds.roots;
  return [bounds.cwd, ...hostRoots.map((uri) => folderOf(uri, bounds))].filter(
    (folder) => folder !== undefined,
  );
}

function folderOf(uri: string, { realPath }: Bounds): string | undefined {
  if (!uri.startsWith('file://')) return undefined;
  try {
    return realPath(decodeURIComponent(new URL(uri).pathname));
  } catch {
    return undefined;
  }
}

/** Whether a path lies in one of these folders. All are real paths. */
export function isInside(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => `${path}/`.startsWith(folder.replace(/\/?$/, '/')));
}

/** The folder of a new thread. Throws `denied` for one outside, naming the flag. */
export function cwdOf(
  wanted: string | undefined,
  bounds: Bounds,
  folders: readonly string[],
): string {
  const usual = isInside(bounds.cwd, folders) ? bounds.cwd : (folders[0] ?? bounds.cwd);
  if (wanted === undefined || wanted === '') return usual;
  const cwd = bounds.realPath(isAbsolute(wanted) ? wanted : resolve(usual, wanted));
  if (isInside(cwd, folders)) return cwd;
  const known = folders.join(', ');
  throw denied(
    `cwd ${wanted} is outside the folders that this server may work in (${known}): start it with --root ${cwd}`,
  );
}

/** What is wished for, where it is no more than `most`. Throws `denied` for what is wider, naming the flag. */
export function granted({ sandbox, approval }: Wishes, most: Partial<Settings>): Partial<Settings> {
  return {
    ...(sandbox === undefined ? {} : { sandbox: sandboxOf(sandbox, most.sandbox) }),
    ...(approval === undefined ? {} : { approval: approvalOf(approval, most.approval) }),
  };
}

function sandboxOf(wanted: SandboxMode, most: SandboxMode = 'workspace-write'): SandboxMode {
  if (sandboxes.indexOf(wanted) <= sandboxes.indexOf(most)) return wanted;
  throw denied(
    `sandbox ${wanted} is wider than this server's own (${most}): start it with --sandbox ${wanted}`,
  );
}

function approvalOf(wanted: ApprovalMode, most: ApprovalMode = 'on-request'): ApprovalMode {
  if (narrower[most].includes(wanted)) return wanted;
  throw denied(
    `approval ${wanted} is wider than this server's own (${most}): start it with --approval ${wanted}`,
  );
}

/** What of a thread's settings is wider than this server's own, narrowed. Throws `denied` for its folder. */
export function narrowStored(
  stored: Settings,
  bounds: Bounds,
  folders: readonly string[],
): Partial<Settings> {
  const cwd = bounds.realPath(stored.cwd);
  if (!isInside(cwd, folders))
    throw denied(
      `the thread works in ${stored.cwd}, which is outside the folders of this server (${folders.join(', ')}): start it with --root ${stored.cwd}`,
    );
  const { sandbox = 'workspace-write', approval = 'on-request', network = false } = bounds.settings;
  const isWiderSandbox = sandboxes.indexOf(stored.sandbox) > sandboxes.indexOf(sandbox);
  const allowed = narrower[approval].includes(stored.approval);
  const extra = (bounds.settings.roots ?? []).filter((root) => root !== bounds.settings.cwd);
  const isOurs = (root: string) => root === stored.cwd || extra.includes(root);
  const roots = stored.roots.filter(isOurs);
  return {
    ...(isWiderSandbox ? { sandbox } : {}),
    ...(allowed ? {} : { approval }),
    ...(stored.network && !network ? { network } : {}),
    ...(roots.length === stored.roots.length ? {} : { roots }),
  };
}

const denied = (message: string) => new KernelError('denied', message);
