import { quote } from './patch.ts';

/** A path inside the workspace: relative, with `/`, without `.` and `..`; or why it is none. */
export type WorkspacePath = { readonly path: string } | { readonly problem: string };

/**
 * Reads a path of a patch, by its letters alone: links are for the effects to judge. An absolute path is taken when it
 * lies below `root` (absolute, the workspace), else refused; so is one that leaves the workspace by `..`, by backslashes
 * too, since they separate on Windows.
 */
export function workspacePath(written: string, root?: string): WorkspacePath {
  if (/[\0\n\r]/u.test(written)) return refuse(written, 'has a control character in it');
  const relative = belowRoot(written, root);
  if (/^(?:[/\\]|[A-Za-z]:)/u.test(relative))
    return refuse(written, 'is absolute and not in the workspace');
  if (escapes(relative.split('/')) || escapes(relative.split(/[/\\]/u)))
    return refuse(written, 'leaves the workspace');
  if (/\/\.{0,2}$/u.test(relative)) return refuse(written, 'names a folder');
  const path = normalize(relative);
  return path === '' ? refuse(written, 'names the workspace itself') : { path };
}

function refuse(written: string, why: string): WorkspacePath {
  return {
    problem: `expected the path of a file, relative to the workspace, got ${quote(written)}, which ${why}; name a file inside it.`,
  };
}

function belowRoot(written: string, root: string | undefined): string {
  if (root === undefined) return written;
  const base = root.endsWith('/') ? root : `${root}/`;
  return written.startsWith(base) ? written.slice(base.length) : written;
}

function escapes(parts: readonly string[]): boolean {
  let depth = 0;
  for (const part of parts) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}

function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
