/**
 * Loads the modules of plugins that are not ours. Wherever such a file lies, its imports of `spindle` and `zod` are
 * this running program's, so that it needs no installation and a second copy in some node_modules does no harm.
 */

import { existsSync, readFileSync } from 'node:fs';
import { type LoadHookSync, registerHooks, type ResolveHookSync } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { KernelError } from '../core/errors.ts';
import { sha256 } from './imports.ts';
import type { PluginModule } from './plugin-loader.ts';
import { isPath, pathOf } from './plugin-path.ts';

/** What of a repository may run: SHA-256 by absolute path. Files under `root` that are not among them are refused. */
export interface Guard {
  readonly root: string;
  readonly hashes: ReadonlyMap<string, string>;
}

export interface ModulesOptions {
  /** Absent: everything may run. */
  readonly guard?: Guard;
  /** Files that run only with this content: SHA-256 by path. */
  readonly pins?: ReadonlyMap<string, string>;
  /** Files are loaded once for each: those of another version are read anew. */
  readonly version?: string;
}

/** Modules of plugins, and the hooks they need, which are in force until disposed. */
export class PluginModules implements Disposable {
  readonly #options: ModulesOptions;
  readonly #hooks: Disposable;
  readonly #program = programUrls();
  /** What is asked for by name, from which file: a specifier that no folder can answer. */
  readonly #asked = new Map<string, { readonly specifier: string; readonly parent: string }>();
  /** URLs of plugins' own files, not of packages they use. */
  readonly #own = new Set<string>();

  constructor(options: ModulesOptions = {}) {
    this.#options = options;
    const hooks = registerHooks({
      resolve: (specifier, context, next) => this.#resolve(specifier, context, next),
      load: (url, context, next) => this.#load(url, context, next),
    });
    this.#hooks = { [Symbol.dispose]: () => hooks.deregister() };
  }

  /**
   * The URL of a path or a package, as named by a file in `folders`: the first that has it. Throws KernelError
   * `not_found` saying where it was looked for.
   */
  resolve(use: string, folders: readonly string[]): string {
    const looked: string[] = [];
    for (const folder of isPath(use) ? folders.slice(0, 1) : folders) {
      const specifier = isPath(use) ? pathToFileURL(pathOf(use, folder)).href : use;
      const asked = `spindle-plugin:${this.#asked.size}`;
      this.#asked.set(asked, { specifier, parent: pathToFileURL(join(folder, 'config')).href });
      try {
        const url = import.meta.resolve(asked);
        if (!url.startsWith('file:') || existsSync(fileURLToPath(url))) return url;
        looked.push(fileURLToPath(url));
      } catch (error) {
        if (!isNotFound(error)) throw error;
        looked.push(isPath(use) ? pathOf(use, folder) : join(folder, 'node_modules'));
      }
    }
    const what = isPath(use) ? `the file ${use}` : `the package "${use}"`;
    throw new KernelError('not_found', `${what} is not there (looked at ${looked.join(', ')})`);
  }

  /** Imports a plugin's module. */
  async import(url: string): Promise<PluginModule> {
    const own = this.#adopt(url);
    return (await import(own)) as PluginModule; // a module's namespace
  }

  /** Makes a file the plugin's own; gives its URL in this version. */
  #adopt(url: string): string {
    const { version } = this.#options;
    const own = version === undefined ? url : `${url}?${version}`;
    this.#own.add(own);
    return own;
  }

  #resolve(
    ...[specifier, context, next]: Parameters<ResolveHookSync>
  ): ReturnType<ResolveHookSync> {
    const asked = this.#asked.get(specifier);
    if (asked !== undefined) {
      return next(asked.specifier, { ...context, parentURL: asked.parent });
    }
    const { parentURL = '' } = context;
    const isOwn = this.#own.has(parentURL);
    const ours = this.#program[specifier];
    if (ours !== undefined && (isOwn || specifier.startsWith('spindle'))) {
      return { url: ours, shortCircuit: true };
    }
    const found = next(specifier, context);
    if (!isOwn || !/^(?:\.|\/|file:|#)/.test(specifier) || !found.url.startsWith('file:'))
      return found;
    if (context.conditions.includes('import')) return { ...found, url: this.#adopt(found.url) };
    this.#own.add(found.url); // `require` knows files, not URLs
    return found;
  }

  #load(...[url, context, next]: Parameters<LoadHookSync>): ReturnType<LoadHookSync> {
    const format = this.#own.has(url) ? ownFormat(fileURLToPath(url)) : undefined;
    const loaded = next(url, format === undefined ? context : { ...context, format });
    const { guard, pins } = this.#options;
    if ((guard ?? pins) !== undefined && url.startsWith('file:') && loaded.source) {
      const path = fileURLToPath(url);
      const hash = sha256(bytesOf(loaded.source));
      if (guard !== undefined) checkTrusted(path, hash, guard);
      checkPinned(path, hash, pins?.get(path));
    }
    return loaded;
  }

  [Symbol.dispose](): void {
    this.#hooks[Symbol.dispose]();
  }
}

/** Where `spindle` and `zod` are in this program: sources, or built files beside this one. */
function programUrls(): Readonly<Record<string, string>> {
  const built = new URL('./index.js', import.meta.url);
  const isBuilt = existsSync(built);
  const zod = isBuilt ? beside('./zod.js') : import.meta.resolve('zod');
  return {
    spindle: isBuilt ? built.href : beside('../core/index.ts'),
    'spindle/client': beside(isBuilt ? './client.js' : '../plugins/front-ends/client.ts'),
    zod,
    'zod/v4': zod,
  };
}

function beside(file: string): string {
  return new URL(file, import.meta.url).href;
}

/**
 * A file that imports or exports is a module, whatever package.json is above it, or none: a plugin may lie in an empty
 * folder, or in a repository that is CommonJS.
 */
function ownFormat(path: string): 'module' | 'module-typescript' | undefined {
  if (!/\.(?:js|ts)$/.test(path)) return undefined;
  if (!/^\s*(?:import|export)\b(?!\s*\()/m.test(readFileSync(path, 'utf8'))) return undefined;
  return path.endsWith('.ts') ? 'module-typescript' : 'module';
}

/** A computed import could reach a file that nobody looked at; and a file may change after it was looked at. */
function checkTrusted(path: string, hash: string, guard: Guard): void {
  if (!path.startsWith(join(guard.root, '/')) || path.split(/[/\\]/).includes('node_modules'))
    return;
  if (guard.hashes.get(path) === hash) return;
  throw new KernelError(
    'denied',
    `${path} is not among the files that were trusted (${basename(guard.root)}): import it by a plain relative path, and run "spindle trust" again`,
  );
}

/** Between being found right and being run a file may change. */
function checkPinned(path: string, hash: string, pin: string | undefined): void {
  if (pin === undefined || pin === hash) return;
  throw new KernelError(
    'denied',
    `${path} is not the file that managed policy allows: it has changed`,
  );
}

function bytesOf(source: string | NodeJS.TypedArray | ArrayBuffer): string | Uint8Array {
  if (typeof source === 'string') return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

function isNotFound(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
}
