/** Builds `dist/`, what the published package holds: `node config/build.ts`. */

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown, type OutputOptions, type Plugin, type RolldownOutput } from 'rolldown';
import { chunksOf } from './build-chunks.ts';
import { thinOpenai } from './build-openai.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const resolve = (name: string) => fileURLToPath(import.meta.resolve(name));

/** What stays outside the bundle because it brings a native binary, or reads a file beside itself. */
export const EXTERNAL: readonly string[] = ['@vscode/ripgrep', '@silvia-odwyer/photon-node'];

/** Entry names and their sources; those that are not there yet are left out. */
const ENTRIES = {
  main: join(root, 'config/main.ts'),
  index: join(root, 'core/index.ts'),
  client: join(root, 'plugins/front-ends/client.ts'),
  zod: resolve('zod'),
  'image-worker': join(root, 'plugins/around/bounds/image-worker.ts'),
};

/**
 * An ESM import of a built-in module reads every export when it is linked, among them getters that load much more
 * (`node:http` loads undici: 20 ms or more; `node:util` and `node:crypto` some ms). `process.getBuiltinModule` reads
 * nothing. Only the block of imports that a chunk begins with is rewritten.
 */
const plainBuiltins: Plugin = {
  name: 'plain-builtins',
  renderChunk(code) {
    const block = /^(?:import .*;\n)*/.exec(code)?.[0] ?? '';
    const bound = block.replaceAll(
      /^import (.+) from "(.+)";$/gm,
      (line, clause: string, from: string) => {
        if (!isBuiltin(from) || clause.includes('default as')) return line;
        // A default and a namespace import are both the module itself.
        const names = clause.replace('* as ', '').split(/, (?=\{)/);
        const patterns = names.map((name) => name.replaceAll(' as ', ': '));
        const bindings = patterns.map(
          (name) => `${name} = globalThis.process.getBuiltinModule("${from}")`,
        );
        return `var ${bindings.join(', ')};`;
      },
    );
    return bound + code.slice(block.length);
  },
};

/**
 * V8 keeps a source in two bytes a character as soon as one is not Latin-1, and reads it more slowly. Such characters
 * stand in strings, templates and regular expressions alone, which take escapes; a raw template would show them.
 */
const plainCharacters: Plugin = {
  name: 'plain-characters',
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      const isLeft = file.type !== 'chunk' || /\braw`[^`]*[^\0-\x7f]/.test(file.code);
      if (!isLeft) file.code = file.code.replaceAll(/(\\*)([^\0-\x7f])/g, escape);
    }
  },
};

/** A backslash before it had no meaning. */
function escape(_: string, slashes: string, character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  return `${slashes.slice(slashes.length % 2)}\\u${code}`;
}

/** Puts WebAssembly beside the bundle: what our sources resolve by name, and what a package has beside its own module. */
const wasmBeside = (folder: string): Plugin => ({
  name: 'wasm-beside',
  buildStart: () => void mkdirSync(folder, { recursive: true }),
  transform: {
    filter: { code: /\.wasm['"]/ },
    handler: (code, id) => {
      for (const [, name = ''] of code.matchAll(
        /new URL\(\s*"([^"]+\.wasm)",\s*import\.meta\.url\)/g,
      )) {
        copyFileSync(join(dirname(id), name), join(folder, name));
      }
      return code.replaceAll(
        /import\.meta\.resolve\(\s*'([^']+\.wasm)',?\s*\)/g,
        (_, name: string) => {
          copyFileSync(resolve(name), join(folder, basename(name)));
          return `new URL('./${basename(name)}', import.meta.url).href`;
        },
      );
    },
  },
});

const output: OutputOptions = {
  format: 'esm',
  comments: false,
  // Names and lines stay: a stack trace is for people, and with the compile cache they cost nothing at start.
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: false } },
  // Flat, so that a path relative to `import.meta.url` holds in every chunk.
  chunkFileNames: '[name]-[hash].js',
};

/** Bundles these entries, by default the program's, into a folder. */
export async function bundle(
  entries: Readonly<Record<string, string>> = ENTRIES,
  dir = dist,
): Promise<RolldownOutput> {
  const input = Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));
  await using bundler = await rolldown({
    input,
    platform: 'node',
    external: [...EXTERNAL],
    plugins: [plainBuiltins, plainCharacters, wasmBeside(dir), thinOpenai],
    transform: { target: 'node24' },
    checks: { eval: false, pluginTimings: false },
    preserveEntrySignatures: 'allow-extension',
  });
  const groups = [{ name: chunksOf(root) }];
  const codeSplitting = { groups, includeDependenciesRecursively: false };
  return await bundler.write({ ...output, dir, codeSplitting });
}

/** A package that slipped out of the bundle would be missing where Spindle is installed. */
function checkExternals(built: RolldownOutput): void {
  const names = built.output.flatMap((file) =>
    file.type === 'chunk' ? [...file.imports, ...file.dynamicImports] : [],
  );
  const own = new Set(built.output.map((file) => file.fileName));
  const strange = names.filter(
    (name) => !own.has(name) && !isBuiltin(name) && !EXTERNAL.includes(name),
  );
  if (strange.length > 0) {
    throw new Error(
      `expected the bundle to import only ${EXTERNAL.join(', ')} and Node, but it imports ${strange.join(', ')}; ` +
        'bundle it, or list it in EXTERNAL of config/build.ts',
    );
  }
}

function emitTypes(): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', join(import.meta.dirname, 'tsconfig.types.json')];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0)
    throw new Error('expected tsc to write the declarations; mend what it reports above');
}

/** The types of `spindle/client` as they are without zod, which is not where Spindle is installed. */
async function writeProtocolTypes(): Promise<void> {
  const { schemaFiles } = await import('../plugins/front-ends/app-server/schemas/write.ts');
  const folder = join(dist, 'types/plugins/front-ends/app-server/schemas');
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  writeFileSync(join(folder, 'types.d.ts'), schemaFiles()['protocol.ts'] ?? '');
}

/** The JSON Schema of the configuration, for editors. */
async function writeConfigSchema(): Promise<void> {
  const file = join(import.meta.dirname, 'schema.ts');
  if (!existsSync(file)) return;
  const schema: { readonly configJsonSchema?: () => unknown } = await import(file);
  const json = await schema.configJsonSchema?.();
  if (json !== undefined)
    writeFileSync(join(dist, 'config.schema.json'), `${JSON.stringify(json, null, 2)}\n`);
}

/** Builds everything anew; throws when what came out could not run where it is installed. */
export async function build(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const built = await bundle();
  checkExternals(built);
  copyFileSync(join(import.meta.dirname, 'spindle.cjs'), join(dist, 'spindle.cjs'));
  emitTypes();
  await writeProtocolTypes();
  await writeConfigSchema();
  const names = readdirSync(dist).filter((name) => name.endsWith('.js'));
  const bytes = names.reduce((sum, name) => sum + statSync(join(dist, name)).size, 0);
  console.error(`built dist: ${names.length} files, ${Math.round(bytes / 1024)} KB of JavaScript`);
}

if (import.meta.main) await build();
