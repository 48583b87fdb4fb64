/**
 * Stands round `npm pack` and `npm publish`, as their `prepack` (`node config/pack.ts`) and `postpack`
 * (`node config/pack.ts restore`): builds, and lends the manifest of the published package the place of ours.
 */

import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build, EXTERNAL } from './build.ts';

const root = join(import.meta.dirname, '..');
const manifestFile = join(root, 'package.json');
const keptFile = join(root, '.package.json.source');

/** What is published of our manifest as it is. */
const KEPT = ['name', 'version', 'description', 'keywords', 'license', 'author', 'type', 'engines'];

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

function entry(name: string, types: string): { readonly types: string; readonly default: string } {
  return { types: `./dist/types/${types}.d.ts`, default: `./dist/${name}.js` };
}

/** The published manifest: no scripts, no Node for the checkout, and of the dependencies only what is not bundled. */
function published(source: Manifest, hasClient: boolean): unknown {
  return {
    ...Object.fromEntries(KEPT.map((key) => [key, source[key]])),
    bin: { spindle: 'dist/spindle.cjs' },
    exports: {
      '.': entry('index', 'core/index'),
      ...(hasClient ? { './client': entry('client', 'plugins/front-ends/client') } : {}),
      './package.json': './package.json',
    },
    files: ['dist', 'docs', 'CHANGELOG.md'],
    dependencies: Object.fromEntries(EXTERNAL.map((name) => [name, source.dependencies[name]])),
  };
}

/** Puts our own manifest back, if it was lent away. */
function restore(): void {
  if (existsSync(keptFile)) renameSync(keptFile, manifestFile);
}

/** npm runs no `postpack` when it cannot write the tarball, so that is asked before anything is changed. */
function checkDestination(): void {
  const folder = process.env['npm_config_pack_destination'] || root;
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new Error(
      `expected a folder that can be written to for the tarball, but got ${folder}; create it, or name another`,
      { cause: error },
    );
  }
}

async function prepare(): Promise<void> {
  restore();
  checkDestination();
  await build();
  const text = readFileSync(manifestFile, 'utf8');
  // Our own package.json, whose shape npm has just checked.
  const source = JSON.parse(text) as Manifest;
  const manifest = published(source, existsSync(join(root, 'dist/client.js')));
  writeFileSync(keptFile, text);
  writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
}

if (process.argv[2] === 'restore') restore();
else await prepare();
