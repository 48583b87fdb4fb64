import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { tools, type Host } from '../../core/index.ts';
import { loadConfig, type LoadOptions } from '../../config/load.ts';
import { pathsOf } from '../../config/paths.ts';
import { type LoadedPlugin, loadPlugins } from '../../config/plugin-loader.ts';
import { planPlugins } from '../../config/plugin-plan.ts';
import { trustFolder } from '../../config/trust-command.ts';
import { folderWith, homeWith, put, repositoryWith } from './folders.ts';

/** A plugin in TypeScript that proves whose `spindle` and `zod` it got. */
const proving = `
import { tools, type Plugin } from 'spindle';
import { z } from 'zod';
export const options = z.strictObject({ word: z.string().default('hello') });
export default function prove({ word }: { word: string }): Plugin {
  return { name: 'prove', api: 1, setup: (host) => void host.add(tools, { name: word } as never) };
}
`;

/** What a repository's own copies would do if they were used. */
const wrongCopies = {
  'node_modules/spindle/package.json': { name: 'spindle', version: '9.9.9', main: 'index.js' },
  'node_modules/spindle/index.js': 'throw new Error("the wrong spindle")',
  'node_modules/zod/package.json': { name: 'zod', version: '3.0.0', main: 'index.js' },
  'node_modules/zod/index.js': 'throw new Error("the wrong zod")',
};

type Options = Partial<LoadOptions> & Pick<LoadOptions, 'cwd' | 'env'>;

/** Loads the plugins of a configuration that are not ours. */
async function load(t: TestContext, options: Options) {
  const configuration = await loadConfig(options);
  const { paths, root, hashes, isValidated, fingerprint } = configuration;
  const requests = planPlugins(configuration, { slots: [] });
  const loaded = await loadPlugins(requests, {
    userFolder: paths.config,
    ...(hashes === undefined ? {} : { guard: { root, hashes } }),
    isValidated,
    importLimitMs: 2000,
    version: fingerprint.slice(0, 8),
  });
  t.after(() => loaded[Symbol.dispose]());
  return loaded;
}

/** The names that a plugin adds to the slot \`tools\`, which must be this program's. */
async function toolsOf(loaded: LoadedPlugin | undefined): Promise<readonly string[]> {
  const names: string[] = [];
  const add = (slot: unknown, { name }: { name: string }) => {
    assert.equal(slot, tools);
    names.push(name);
  };
  assert.ok(loaded);
  await loaded.plugin.setup({ add } as unknown as Host);
  return names;
}

test('a plugin in an empty folder, named by its path, gets this program', async (t) => {
  const folder = folderWith(t, { 'prove.ts': proving });
  const { env } = homeWith(t, {
    'config.json': {
      plugins: { prove: { use: join(folder, 'prove.ts'), options: { word: 'empty' } } },
    },
  });
  const { plugins } = await load(t, { cwd: folderWith(t), env });
  assert.equal(plugins[0]?.tier, 'user');
  assert.deepEqual(await toolsOf(plugins[0]), ['empty']);
});

test("a plugin in the user's folder is named relative to the file that names it", async (t) => {
  const { env } = homeWith(t, {
    'config.yaml': 'plugins:\n  prove:\n    use: ./plugins/prove.ts\n',
    'plugins/prove.ts': proving,
  });
  const { plugins } = await load(t, { cwd: folderWith(t), env });
  assert.deepEqual(await toolsOf(plugins[0]), ['hello'], 'the default of its schema');
});

test('a repository with another spindle and another zod does no harm', async (t) => {
  const { env } = homeWith(t);
  const repository = repositoryWith(t, {
    ...wrongCopies,
    'package.json': {
      name: 'spindle',
      exports: './wrong.js',
      spindle: { plugins: { prove: { use: './prove.ts' } } },
    },
    'wrong.js': 'throw new Error("the repository itself")',
    'prove.ts': `import './inner/more.ts';\n${proving}`,
    'inner/more.ts': "import { tools } from 'spindle';\nimport 'zod';\nvoid tools;\n",
  });
  const { plugins } = await load(t, { cwd: repository, env, trust: true });
  assert.equal(plugins[0]?.tier, 'repository');
  assert.deepEqual(await toolsOf(plugins[0]), ['hello']);
});

const packages: readonly (readonly [string, Record<string, unknown>])[] = [
  [
    'as a module',
    {
      'package.json': {
        name: 'acme-prove',
        type: 'module',
        exports: { '.': { import: './lib/index.js' } },
      },
      'lib/index.js':
        "import { tools } from 'spindle';\nimport { z } from 'zod';\nimport lib from 'acme-lib';\nexport const options = async () => z.strictObject({ word: z.string().optional() });\nexport default ({ word = lib }) => ({ name: 'prove', api: 1, setup: (host) => void host.add(tools, { name: word }) });\n",
    },
  ],
  [
    'in CommonJS',
    {
      'package.json': { name: 'acme-prove', main: 'index.js' },
      'index.js':
        "const { tools } = require('spindle');\nconst lib = require('acme-lib');\nmodule.exports = ({ word = lib }) => ({ name: 'prove', api: 1, setup: (host) => void host.add(tools, { name: word }) });\n",
    },
  ],
];

for (const [how, files] of packages) {
  for (const place of ['home', 'repository'] as const) {
    test(`an npm package in JavaScript ${how} is found from the ${place}, with the zod of its own libraries left alone`, async (t) => {
      const installed = {
        ...wrongCopies,
        'node_modules/zod/index.js': "module.exports = 'their zod'",
        'node_modules/acme-lib/package.json': { name: 'acme-lib', main: 'index.js' },
        'node_modules/acme-lib/index.js': "module.exports = require('zod');",
        ...Object.fromEntries(
          Object.entries(files).map(([name, content]) => [
            `node_modules/acme-prove/${name}`,
            content,
          ]),
        ),
      };
      const config = { plugins: { 'acme-prove': true } };
      const { env } = homeWith(t, place === 'home' ? { ...installed, 'config.json': config } : {});
      const repository = repositoryWith(
        t,
        place === 'repository' ? { ...installed, '.spindlerc.json': config } : {},
      );
      const { plugins } = await load(t, { cwd: repository, env, trust: true });
      assert.deepEqual(await toolsOf(plugins[0]), ['their zod']);
    });
  }
}

/** A home whose only plugin is this text. */
function homeWithPlugin(t: TestContext, text: string, entry: Record<string, unknown> = {}) {
  return homeWith(t, {
    'plugin.mjs': text,
    'config.json': { plugins: { mine: { use: './plugin.mjs', ...entry } } },
  });
}

const faults: readonly (readonly [string, string, RegExp])[] = [
  ['has no default export', 'export const x = 1;', /default export that is a function.*nothing/],
  [
    'exports no factory',
    'export default { name: "x" };',
    /default export that is a function.*object/,
  ],
  [
    'has a factory that throws',
    'export default () => { throw new Error("no luck"); };',
    /its factory failed: no luck/,
  ],
  [
    'has a factory that gives something else',
    'export default () => ({ name: "x" });',
    /expected its factory to give \{ name, api: 1, setup \}/,
  ],
  [
    'is for another API level',
    'export default () => ({ name: "x", api: 2, setup() {} });',
    /made for level 2 of the plugin API.*has level 1/,
  ],
  ['does not parse', 'export default (', /cannot be loaded: /],
  ['never ends its import', 'await new Promise(() => {});', /its import took longer than 2000 ms/],
  ['throws when it is loaded', 'throw new Error("at once");', /cannot be loaded: at once/],
  [
    'imports what is not there',
    "import 'nowhere-to-be-found';",
    /cannot be loaded: Cannot find package 'nowhere-to-be-found'/,
  ],
  [
    'has options that are no schema',
    'export const options = 5; export default () => ({});',
    /export "options" of a plugin to be a zod schema/,
  ],
];

for (const [what, text, message] of faults) {
  test(`a plugin that ${what} is an error that names it and its configuration`, async (t) => {
    const { home, env } = homeWithPlugin(t, text);
    await assert.rejects(
      load(t, { cwd: folderWith(t), env }),
      (error: Error & { code: string; plugin: string }) => {
        assert.equal(error.code, 'plugin');
        assert.match(error.message, message);
        assert.equal(error.plugin, 'mine');
        assert.ok(error.message.includes(join(home, 'config.json')), error.message);
        return true;
      },
    );
  });
}

test('an optional plugin that fails is reported, and the others are loaded', async (t) => {
  const { env } = homeWithPlugin(t, 'throw new Error("at once");', { optional: true });
  const { plugins, failed } = await load(t, { cwd: folderWith(t), env });
  assert.deepEqual(plugins, []);
  assert.match(failed[0]?.error.message ?? '', /at once/);
});

test('options that a plugin does not take are an error that names key and file', async (t) => {
  const text =
    "import { z } from 'zod';\nexport const options = async () => z.strictObject({ word: z.string() });\nexport default () => ({ name: 'x', api: 1, setup() {} });";
  const { home, env } = homeWithPlugin(t, text, { options: { wrod: 1 } });
  await assert.rejects(load(t, { cwd: folderWith(t), env }), (error: Error) => {
    assert.match(error.message, /plugins\.mine\.options\.word: /);
    assert.match(error.message, /plugins\.mine\.options\.wrod: unknown key\./);
    assert.ok(error.message.includes(join(home, 'config.json')));
    return true;
  });
});

test('a file and a package that are not there are named, with where they were looked for and what to do', async (t) => {
  const { home, env } = homeWith(t, { 'config.json': { plugins: { a: { use: './gone.ts' } } } });
  const cwd = folderWith(t);
  await assert.rejects(load(t, { cwd, env }), {
    message: new RegExp(`the file ./gone.ts is not there \\(looked at ${join(home, 'gone.ts')}`),
  });
  put(home, { 'config.json': { plugins: { shel: true } } });
  await assert.rejects(load(t, { cwd, env }), {
    message: /the package "shel" is not there.*Did you mean "shell"\?/,
  });
});

test('two plugins that call themselves the same are an error that names both entries', async (t) => {
  const text = "export default () => ({ name: 'same', api: 1, setup() {} });";
  const { env } = homeWith(t, {
    'a.mjs': text,
    'b.mjs': text,
    'config.json': { plugins: { a: { use: './a.mjs' }, b: { use: './b.mjs' } } },
  });
  await assert.rejects(load(t, { cwd: folderWith(t), env }), {
    message: /plugins\.a and plugins\.b both .*"same"/,
  });
});

test('a trusted plugin cannot import by a computed name what nobody looked at', async (t) => {
  const { env } = homeWith(t);
  const repository = repositoryWith(t, {
    '.spindlerc.json': { plugins: { mine: { use: './mine.mjs' } } },
    'mine.mjs':
      "const name = ['./hid', 'den.mjs'].join('');\nexport default (await import(name)).default;\n",
    'hidden.mjs': "export default () => ({ name: 'mine', api: 1, setup() {} });",
  });
  trustFolder(repository, pathsOf(env));
  await assert.rejects(load(t, { cwd: repository, env }), {
    message: /hidden\.mjs is not among the files that were trusted/,
  });
  const { plugins } = await load(t, { cwd: repository, env, trust: true });
  assert.equal(plugins.length, 1);
});

for (const type of ['commonjs', 'module', undefined]) {
  test(`plugins in TypeScript and JavaScript are modules in a package of type ${type}, and say nothing on stderr`, async (t) => {
    const { env } = homeWith(t, {
      'package.json': type === undefined ? {} : { type },
      'prove.ts': proving,
      'plain.js':
        "import { tools } from 'spindle';\nimport { name } from './part.js';\nexport default () => ({ name, api: 1, setup: (host) => void host.add(tools, { name }) });\n",
      'part.js': "export const name = 'plain';\n",
      'config.json': { plugins: { prove: { use: './prove.ts' }, plain: { use: './plain.js' } } },
    });
    const warnings: string[] = [];
    const listen = ({ message }: Error) => void warnings.push(message);
    process.on('warning', listen);
    t.after(() => process.off('warning', listen));
    const { plugins } = await load(t, { cwd: folderWith(t), env });
    assert.deepEqual(await Promise.all(plugins.map(toolsOf)), [['hello'], ['plain']]);
    await new Promise(setImmediate);
    assert.deepEqual(warnings, []);
  });
}

test('a plugin that changed is read anew with a changed configuration', async (t) => {
  const { home, env } = homeWith(t);
  const cwd = folderWith(t);
  for (const name of ['one', 'two']) {
    put(home, {
      'config.json': { instructions: name, plugins: { mine: { use: './mine.mjs' } } },
      'mine.mjs': "export { default } from './inner.mjs';",
      'inner.mjs': `import { tools } from 'spindle';\nexport default () => ({ name: 'mine', api: 1, setup: (host) => void host.add(tools, { name: '${name}' }) });`,
    });
    const { plugins } = await load(t, { cwd, env });
    assert.deepEqual(await toolsOf(plugins[0]), [name]);
  }
});

async function order(t: TestContext, config: unknown): Promise<readonly string[]> {
  const { env } = homeWith(t, { 'config.json': config });
  const configuration = await loadConfig({ cwd: folderWith(t), env });
  return planPlugins(configuration, { slots: ['tools'] }).map(({ name }) => name);
}

test('plugins are added, left out, and put before or after others', async (t) => {
  const all = await order(t, {});
  assert.deepEqual(all.slice(0, 2), ['shell', 'apply-patch']);
  const changed = await order(t, {
    plugins: {
      search: false,
      plan: { before: 'shell' },
      'read-file': { after: 'ask-user' },
      mine: { use: './x.ts' },
    },
  });
  assert.deepEqual(changed, [
    'plan',
    'shell',
    'apply-patch',
    'view-image',
    'ask-user',
    'read-file',
    'agents',
    'mine',
  ]);
  await assert.rejects(order(t, { plugins: { plan: { before: 'shel' } } }), {
    message: /plugins\.plan wants to stand beside "shel".*Did you mean "shell"/,
  });
});

test('a second instance of a model plugin has the name of its entry, and its section of the providers', async (t) => {
  const { env } = homeWith(t, {
    'config.json': {
      plugins: { local: { use: 'scripted', options: { closing: 'bye' } } },
      providers: { local: { deltas: 2 } },
    },
  });
  const configuration = await loadConfig({ cwd: folderWith(t), env });
  const request = planPlugins(configuration).find(({ name }) => name === 'local');
  assert.deepEqual(request?.options, { deltas: 2, name: 'local', closing: 'bye' });
});

test("a repository's plugin never gets what the user keeps for a built-in one of the same name", async (t) => {
  const { env } = homeWith(t, {
    'config.json': { providers: { 'openai-chat': { apiKey: 'canary' } } },
  });
  const repository = repositoryWith(t, {
    '.spindlerc.json': { plugins: { 'openai-chat': { use: './mine.ts' } } },
  });
  const configuration = await loadConfig({ cwd: repository, env, trust: true });
  const request = planPlugins(configuration).find(({ name }) => name === 'openai-chat');
  assert.deepEqual(request?.options, {});
  assert.equal(request?.tier, 'repository');
});
