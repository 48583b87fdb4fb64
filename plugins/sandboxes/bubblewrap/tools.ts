/** Folders of tools below the home folder that commands may read. None of them keeps keys. */

import { existsSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';

import { isBelow } from './places.ts';

/** Shown as a whole when the search path leads into them: a program there needs what lies beside it. */
const installations = [
  '.nvm .fnm .volta .nodenv .asdf .pyenv .rbenv .rvm .jenv .sdkman .goenv .ghcup .swiftly .juliaup',
  '.dotnet .opam miniconda3 anaconda3 miniforge3 .local/share/mise .local/share/pnpm',
].flatMap((line) => line.split(' '));

/** Shown with a folder of the search path. */
const companions: Readonly<Record<string, readonly string[]>> = {
  '.cargo/bin': ['.rustup'],
  '.local/bin': ['.local/lib', '.local/share/pipx', '.local/share/uv'],
};

/** What package managers have fetched, by the file that tells which of them a project uses. */
const caches: Readonly<Record<string, readonly string[]>> = {
  'Cargo.toml': ['.cargo/registry', '.cargo/git'],
  'package.json': ['.npm/_cacache', '.cache/yarn', '.cache/node/corepack'],
  'go.mod': ['go/pkg/mod', '.cache/go-build'],
  'pyproject.toml': ['.cache/pip', '.cache/uv'],
  'requirements.txt': ['.cache/pip', '.cache/uv'],
  'pom.xml': ['.m2/repository'],
  'build.gradle': ['.gradle/caches', '.gradle/wrapper'],
  'build.gradle.kts': ['.gradle/caches', '.gradle/wrapper'],
};

/** Where to look for tools. */
export interface ToolSearch {
  readonly homes: readonly string[];
  readonly searchPath: string;
  /** Names of the files that tell which caches are of use. */
  readonly files: ReadonlySet<string>;
  /** Whether a path is not seen otherwise. */
  readonly isHidden: (path: string) => boolean;
}

/** The folders that are there, of those that the search path and the projects lead to. */
export function toolFolders({ homes, searchPath, files, isHidden }: ToolSearch): readonly string[] {
  const entries = searchPath.split(delimiter).filter((entry) => isAbsolute(entry));
  const holdsHome = (entry: string) => homes.some((home) => isBelow(home, entry));
  const hidden = entries.filter((entry) => isHidden(entry) && !holdsHome(entry));
  const used = Object.keys(caches).filter((name) => files.has(name));
  const fetched = used.flatMap((name) => caches[name] ?? []);
  const found = [
    ...hidden.flatMap((entry) => around(entry, homes)),
    ...homes.flatMap((home) => fetched.map((name) => join(home, name))),
  ];
  return [...new Set(found)].filter((folder) => existsSync(folder));
}

/** What a folder of the search path needs, itself included. */
function around(entry: string, homes: readonly string[]): readonly string[] {
  const home = homes.find((one) => isBelow(entry, one));
  const name = home === undefined ? '' : entry.slice(home.length + 1);
  const whole = installations.find((one) => isBelow(name, one));
  if (whole !== undefined) return [`${home}/${whole}`];
  const environment = dirname(entry);
  if (existsSync(`${environment}/pyvenv.cfg`)) return [environment];
  return [entry, ...(companions[name] ?? []).map((one) => `${home}/${one}`)];
}
