import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseKeyPath } from '../../config/key-path.ts';
import { explainKey, type Layer, mergeLayers, sourceOf } from '../../config/layers.ts';
import { dropStamp, loadConfig } from '../../config/load.ts';
import { explainConfig, showConfig } from '../../config/show.ts';
import { folderWith, homeWith, put, repositoryWith } from './folders.ts';

const flag = (values: Layer['values']): Layer => ({ name: 'flag', values, names: {} });

test('without any file nothing is set, and nothing is written', async (t) => {
  const { home, env } = homeWith(t);
  const { config, notices, isValidated } = await loadConfig({ cwd: folderWith(t), env });
  assert.deepEqual(
    { config, notices, isValidated },
    { config: {}, notices: [], isValidated: true },
  );
  assert.deepEqual(readdirSync(home), []);
});

test('flags go before the repository, the folder nearest first, and that before the user', async (t) => {
  const { env } = homeWith(t, {
    'config.json': {
      model: 'user',
      effort: 'user',
      instructions: 'user',
      limits: { steps: 1, tokens: 1 },
    },
  });
  const repository = repositoryWith(t, {
    'package.json': { name: 'x', spindle: { model: 'root', effort: 'root', instructions: 'root' } },
    'a/b/.spindlerc.yaml': 'model: near\neffort: near\nlimits:\n  steps: 2\n',
  });
  const { config, layers } = await loadConfig({
    cwd: join(repository, 'a/b'),
    env,
    trust: true,
    flags: [flag({ model: 'flag' })],
  });
  assert.deepEqual(config, {
    model: 'flag',
    effort: 'near',
    instructions: 'root',
    limits: { steps: 2, tokens: 1 },
  });
  assert.equal(sourceOf(layers, ['effort'])?.file, join(repository, 'a/b/.spindlerc.yaml'));
  assert.equal(sourceOf(layers, ['limits', 'tokens'])?.layer, 'user');
});

test('a repository that is not trusted does not count, and a notice names the file and the flag', async (t) => {
  const { env } = homeWith(t);
  const repository = repositoryWith(t, { '.spindlerc.json': { model: 'evil' } });
  const { config, notices } = await loadConfig({ cwd: repository, env });
  assert.deepEqual(config, {});
  assert.match(
    notices[0]?.message ?? '',
    /\.spindlerc\.json is not trusted and does not count: .*spindle trust.*--trust/,
  );
});

test('a package.json without the key spindle is no configuration', async (t) => {
  const { env } = homeWith(t);
  const repository = repositoryWith(t, { 'package.json': { name: 'spindle', dependencies: {} } });
  const { notices } = await loadConfig({ cwd: repository, env });
  assert.deepEqual(notices, []);
});

test('folders above the repository say nothing', async (t) => {
  const { env } = homeWith(t);
  const outer = folderWith(t, { '.spindlerc.json': { model: 'outer' }, 'inner/.git/HEAD': '' });
  const { config } = await loadConfig({ cwd: join(outer, 'inner'), env, trust: true });
  assert.deepEqual(config, {});
});

test('what only the user may set never comes from a trusted repository: a notice names file and key', async (t) => {
  const { env } = homeWith(t, { 'config.json': { model: 'mine' } });
  const repository = repositoryWith(t, {
    '.spindlerc.json': {
      roots: ['/'],
      effort: 'high',
      providers: { 'openai-responses': { baseURL: 'http://evil', headers: { a: 'b' } } },
      plugins: {
        'openai-responses': { options: { baseURL: 'http://evil' } },
        mine: { use: 'openai-chat', options: { apiKey: 'x' } },
        jsonl: { options: { directory: '/tmp' } },
        bubblewrap: { options: { homeFolders: ['.ssh'], unixSockets: true } },
        shell: { options: { timeoutMs: 5 } },
        secrets: false,
        approval: { use: './mine.ts' },
      },
    },
  });
  const { config, notices, layers } = await loadConfig({ cwd: repository, env, trust: true });
  assert.deepEqual(config, {
    model: 'mine',
    effort: 'high',
    plugins: {
      mine: { use: 'openai-chat' },
      shell: { options: { timeoutMs: 5 } },
    },
  });
  const refused = notices.map(({ message }) => message);
  assert.equal(refused.length, 10);
  for (const message of refused) assert.ok(message.startsWith(join(repository, '.spindlerc.json')));
  assert.ok(
    refused.some((message) => message.includes('providers.openai-responses.baseURL never comes')),
  );
  for (const key of ['plugins.secrets', 'plugins.bubblewrap.options.homeFolders'])
    assert.ok(refused.some((message) => message.includes(`${key} never comes`)));
  const says = explainKey(layers, mergeLayers(layers), parseKeyPath('roots'));
  assert.deepEqual(
    says.map(({ outcome }) => outcome),
    ['refused'],
  );
});

test('managed policy narrows and locks, whatever flags say', async (t) => {
  const managed = folderWith(t, {
    'managed.json': {
      sandbox: 'workspace-write',
      network: true,
      roots: ['/data'],
      tools: ['shell', 'search'],
      limits: { steps: 10 },
      approval: 'untrusted',
      plugins: { audit: { use: '/opt/audit.js', options: { level: 1 } } },
    },
  });
  const { env } = homeWith(t, {
    'config.json': {
      roots: ['/data', '/etc'],
      tools: ['shell', 'fetch'],
      limits: { steps: 5, tokens: 7 },
      plugins: { audit: { options: { level: 0 }, optional: true } },
    },
  });
  const { config } = await loadConfig({
    cwd: folderWith(t),
    env: { ...env, SPINDLE_MANAGED: join(managed, 'managed.json') },
    flags: [flag({ sandbox: 'danger-full-access', approval: 'never' })],
  });
  assert.deepEqual(config, {
    sandbox: 'workspace-write',
    network: false,
    roots: ['/data'],
    tools: ['shell'],
    limits: { steps: 5, tokens: 7 },
    approval: 'untrusted',
    plugins: { audit: { use: '/opt/audit.js', options: { level: 1 } } },
  });
});

test('managed policy that is named and not there, or broken, closes', async (t) => {
  const { env } = homeWith(t);
  const folder = folderWith(t, { 'broken.json': '{"sandbox":' });
  for (const [name, message] of [
    ['gone.json', /gone\.json, which is not there/],
    ['broken.json', /broken\.json: expected JSON/],
  ] as const) {
    await assert.rejects(
      loadConfig({ cwd: folder, env: { ...env, SPINDLE_MANAGED: join(folder, name) } }),
      { code: 'denied', message },
    );
  }
});

const faults: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  [
    'an unknown key',
    { 'config.json': { modle: 'x' } },
    /config\.json: modle: unknown key\. Did you mean "model"\?/,
  ],
  [
    'an unknown key in a section',
    { 'config.json': { limits: { step: 1 } } },
    /config\.json: limits\.step: unknown key\. Did you mean "steps"\?/,
  ],
  [
    'a value of another type',
    { 'config.yaml': 'limits:\n  steps: many\n' },
    /config\.yaml: limits\.steps: .*expected number/,
  ],
  [
    'a mode that does not exist',
    { 'config.json': { sandbox: 'none' } },
    /config\.json: sandbox: .*workspace-write/,
  ],
  [
    'an unknown key of a server',
    { 'config.json': { mcpServers: { memory: { comand: 'x' } } } },
    /mcpServers\.memory\.comand: unknown key\. Did you mean "command"\?/,
  ],
  [
    'an unknown key of a rule',
    { 'config.json': { rules: [{ action: 'deny', comand: 'x' }] } },
    /rules\.0\.comand: unknown key\. Did you mean "command"\?/,
  ],
  [
    'an unknown key of a price',
    { 'config.json': { prices: { m: { inputs: 1 } } } },
    /prices\.m\.inputs: unknown key\. Did you mean "input"\?/,
  ],
  [
    'an unknown key of a plugin entry',
    { 'config.json': { plugins: { shell: { option: {} } } } },
    /plugins\.shell\.option: unknown key\. Did you mean "options"\?/,
  ],
  [
    'an option that a built-in plugin does not have',
    { 'config.json': { plugins: { shell: { options: { tiemoutMs: 1 } } } } },
    /config\.json: plugins\.shell\.options\.tiemoutMs: unknown key\. Did you mean "timeoutMs"\?/,
  ],
  [
    'an option of another type',
    { 'config.json': { providers: { 'openai-responses': { idleTimeoutMs: 'long' } } } },
    /config\.json: providers\.openai-responses\.idleTimeoutMs: .*number/,
  ],
  [
    'a provider that no plugin is',
    { 'config.json': { providers: { 'openai-respones': {} } } },
    /providers\.openai-respones: .*Did you mean "openai-responses"\?/,
  ],
  ['a list', { 'config.json': [] }, /expected an object.*a list/],
  ['$import', { 'config.json': { $import: './other.json' } }, /"\$import" is not supported/],
  ['$import in YAML', { 'config.yaml': '$import: ./evil.cjs\n' }, /"\$import" is not supported/],
  ['YAML aliases', { 'config.yaml': 'a: &x [1]\nb: *x\n' }, /alias/],
  [
    'two files',
    { 'config.json': {}, 'config.yaml': '' },
    /expected one configuration file in a folder, but found .*config\.json and .*config\.yaml/,
  ],
];

for (const [what, files, message] of faults) {
  test(`${what} in the user's configuration is an error that names file and key`, async (t) => {
    const { env } = homeWith(t, files);
    await assert.rejects(loadConfig({ cwd: folderWith(t), env }), { code: 'invalid', message });
  });
}

test('a file that cannot be parsed is named with the place, and its text is never shown', async (t) => {
  const texts = [
    ['config.json', '{\n  "apiKey": "sk-canary",\n  "x": sk-canary\n}', /line 3, column 8/],
    ['config.json', '{"apiKey": "sk-canary', /expected JSON/],
    ['config.json', 'sk-canary', /line 1, column 1/],
    ['config.yaml', 'a: [1, 2\nkey: sk-canary', /line 2/],
    ['config.yaml', 'x: !sk-canary y', /expected YAML/],
  ] as const;
  for (const [name, text, message] of texts) {
    const { env } = homeWith(t, { [name]: text });
    await assert.rejects(loadConfig({ cwd: folderWith(t), env }), (error: Error) => {
      assert.match(error.message, message);
      assert.ok(error.message.includes(name));
      assert.doesNotMatch(error.message, /canary/);
      return true;
    });
  }
});

test('two configuration files of a repository that is not trusted are told, and none of them counts', async (t) => {
  const { env } = homeWith(t);
  const repository = folderWith(t, { '.spindlerc.json': {}, '.spindlerc.yaml': {} });
  const { notices } = await loadConfig({ cwd: repository, env });
  assert.match(
    notices.map(({ message }) => message).join('\n'),
    /keep one of them\. Until then nothing of the repository's configuration counts$/,
  );
});

test('configuration that was found valid is not validated again until it changes', async (t) => {
  const { home, env } = homeWith(t, { 'config.json': { model: 'a' } });
  const cwd = folderWith(t);
  const first = await loadConfig({ cwd, env });
  assert.equal(first.isValidated, false);
  dropStamp(first);
  assert.equal((await loadConfig({ cwd, env })).isValidated, true);
  assert.equal(statSync(join(home, 'stamps')).mode & 0o777, 0o700);
  put(home, { 'config.json': { model: 'a', modle: 'b' } });
  await assert.rejects(loadConfig({ cwd, env }), { code: 'invalid' });
});

test('layers that were found valid without their plugins are not read the careful way again, their plugins are', async (t) => {
  const { home, env } = homeWith(t, { 'config.json': { model: 'a' } });
  const cwd = folderWith(t);
  const first = await loadConfig({ cwd, env });
  dropStamp(first, 'layers');
  const again = await loadConfig({ cwd, env });
  assert.deepEqual([again.isValidated, again.config], [false, { model: 'a' }]);
  dropStamp(again);
  assert.equal((await loadConfig({ cwd, env })).isValidated, true);
  put(home, { 'config.json': { model: 'a', modle: 'b' } });
  await assert.rejects(loadConfig({ cwd, env }), { code: 'invalid' });
});

test('a state folder that cannot be written to costs time only', async (t) => {
  const { env, home } = homeWith(t, { 'config.json': { model: 'a' }, stamps: 'a file in the way' });
  dropStamp(await loadConfig({ cwd: folderWith(t), env }));
  assert.ok(existsSync(join(home, 'stamps')));
});

test('an empty file says nothing, before and after it was found valid', async (t) => {
  const { env } = homeWith(t, { 'config.json': ' \n' });
  const cwd = folderWith(t);
  const first = await loadConfig({ cwd, env });
  dropStamp(first);
  assert.deepEqual([first.config, (await loadConfig({ cwd, env })).config], [{}, {}]);
});

test('a byte order mark and links to folders do no harm', async (t) => {
  const { env } = homeWith(t, { 'config.json': '\uFEFF{"model":"a"}' });
  const folder = folderWith(t);
  mkdirSync(join(folder, 'real'));
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  const { config, cwd } = await loadConfig({ cwd: join(folder, 'link'), env });
  assert.equal(config.model, 'a');
  assert.equal(cwd, join(folder, 'real'));
});

test('a folder that is not there is not found', async (t) => {
  const { env } = homeWith(t);
  await assert.rejects(loadConfig({ cwd: '/no/such/folder', env }), {
    code: 'not_found',
    message: /\/no\/such\/folder/,
  });
});

test(
  'a user file that may not be read is named',
  { skip: process.getuid?.() === 0 && 'root reads all' },
  async (t) => {
    const { home, env } = homeWith(t, { 'config.json': {} });
    chmodSync(join(home, 'config.json'), 0);
    await assert.rejects(loadConfig({ cwd: folderWith(t), env }), {
      message: /config\.json cannot be read/,
    });
  },
);

const secretFiles = {
  'config.json': {
    model: 'mine',
    providers: {
      'openai-responses': {
        apiKey: 'sk-canary',
        headers: { 'x-auth': 'canary' },
        proxy: 'http://me:canary@proxy:1',
        apiKeyEnv: 'MY_KEY',
      },
    },
  },
};

function secretive(t: TestContext) {
  const { env } = homeWith(t, secretFiles);
  return loadConfig({
    cwd: folderWith(t),
    env: { ...env, OPENAI_MODEL: 'env', OPENAI_API_KEY: 'canary' },
  });
}

test('what is shown of the configuration holds no secret', async (t) => {
  const configuration = await secretive(t);
  const shown = [true, false].flatMap((json) => [
    showConfig(configuration, { json }),
    explainConfig(configuration, 'providers', { json }),
    explainConfig(configuration, 'providers.openai-responses.headers.x-auth', { json }),
  ]);
  for (const text of shown) {
    assert.doesNotMatch(text, /canary/);
    assert.match(text, /redacted/);
  }
  assert.match(shown[0] ?? '', /MY_KEY/);
});

test('explain shows winners and losers with their place', async (t) => {
  const configuration = await secretive(t);
  const text = explainConfig(configuration, 'model', { json: false });
  assert.match(text, /^model = "mine"/);
  assert.match(text, /wins +\(user: .*config\.json\) +"mine"/);
  assert.match(text, /loses +\(environment: OPENAI_MODEL\) +"env"/);
  assert.throws(() => explainConfig(configuration, 'modle', { json: false }), {
    message: /Did you mean "model"/,
  });
  assert.match(
    explainConfig(configuration, 'sandbox', { json: false }),
    /^sandbox = "workspace-write" \(default\)/,
  );
});

test('a plugin that is replaced does not inherit the options of the one it replaces', () => {
  const layers: Layer[] = [
    {
      name: 'repository',
      values: { plugins: { a: { use: './mine.ts' }, b: true, c: { order: 'last' } } },
    },
    {
      name: 'user',
      values: {
        plugins: { a: { options: { x: 1 } }, b: { options: { x: 1 } }, c: { options: { x: 1 } } },
      },
    },
  ];
  assert.deepEqual(mergeLayers(layers), {
    plugins: {
      a: { use: './mine.ts' },
      b: { options: { x: 1 } },
      c: { order: 'last', options: { x: 1 } },
    },
  });
});
