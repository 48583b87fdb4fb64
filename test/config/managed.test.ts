import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { explainKey, mergeLayers, type Layer } from '../../config/layers.ts';
import { loadConfig, type LoadOptions } from '../../config/load.ts';
import { openKernel } from '../../config/open.ts';
import { flagSettings } from '../../config/settings.ts';
import type { Client, Item } from '../../core/index.ts';
import { makeE2e, unconfined, type E2e, type E2eOptions } from '../e2e/place.ts';
import { folderWith, homeWith, put, repositoryWith } from './folders.ts';

const flag = (values: Layer['values'], names = {}): Layer => ({ name: 'flag', values, names });

interface Given {
  /** The file of managed policy. */
  readonly managed: unknown;
  readonly config?: unknown;
  readonly flags?: readonly Layer[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Options to load a configuration under a policy; `file` is the policy's. */
function under(t: TestContext, { managed, config = {}, flags = [], env: more = {} }: Given) {
  const { env, home } = homeWith(t, { 'config.json': config });
  const file = join(folderWith(t, { 'managed.json': managed }), 'managed.json');
  const options: LoadOptions = {
    cwd: repositoryWith(t),
    env: { ...env, SPINDLE_MANAGED: file, ...more },
    flags,
  };
  return { options, file, home };
}

const messages = ({ notices }: Awaited<ReturnType<typeof loadConfig>>) =>
  notices.map(({ message }) => message);

test('a locked key is what managed policy says, or the default; others lose, each with a notice', async (t) => {
  const { options, file, home } = under(t, {
    managed: {
      effort: 'low',
      lock: ['model', 'limits.steps', 'providers', 'plugins.audit.options'],
    },
    config: {
      model: 'mine',
      effort: 'high',
      limits: { steps: 9, tokens: 7 },
      providers: { 'openai-responses': { baseURL: 'https://mine.example', apiKey: 'secret-1' } },
      plugins: { audit: false, shell: { options: { timeoutMs: 5 } } },
    },
    flags: [flag({ model: 'flagged' }, { model: '--model' })],
  });
  const configuration = await loadConfig(options);
  assert.deepEqual(configuration.config, {
    effort: 'low',
    limits: { tokens: 7 },
    plugins: { shell: { options: { timeoutMs: 5 } } },
  });
  const said = messages(configuration).join('\n');
  const user = join(home, 'config.json');
  assert.ok(
    said.includes(
      `--model: model "flagged" does not count: model is locked (managed policy, ${file})`,
    ),
    said,
  );
  assert.ok(said.includes(`${user}: limits.steps 9 does not count: limits.steps is locked`), said);
  assert.ok(said.includes(`${user}: plugins.audit false does not count`), said);
  assert.ok(
    said.includes(`${user}: effort "high" does not count: it is "low" (managed policy, ${file})`),
    said,
  );
  assert.match(
    said,
    /providers\.openai-responses .*"\[redacted\]".* does not count: providers is locked/,
  );
});

const allowed: readonly (readonly [string, Given, Record<string, unknown>, RegExp])[] = [
  [
    'sandbox modes: the next layer that says one of them wins',
    {
      managed: { allow: { sandbox: ['read-only', 'workspace-write'] } },
      config: { sandbox: 'read-only' },
      flags: [flag({ sandbox: 'danger-full-access' }, { sandbox: '--sandbox' })],
    },
    { sandbox: 'read-only' },
    /^--sandbox: sandbox "danger-full-access" does not count: sandbox may only be read-only, workspace-write/,
  ],
  [
    'sandbox modes: the first of them where the default is none of them',
    { managed: { allow: { sandbox: ['read-only'] } } },
    { sandbox: 'read-only' },
    /^$/,
  ],
  [
    'approvals',
    { managed: { allow: { approval: ['untrusted'] } }, config: { approval: 'never' } },
    { approval: 'untrusted' },
    /config\.json: approval "never" does not count/,
  ],
  [
    'models, with * for any text; the first one that is a name where none is named',
    { managed: { allow: { model: ['gpt-5*', 'o3'] } }, config: { model: 'gpt-4' } },
    { model: 'o3' },
    /model "gpt-4" does not count: model may only be gpt-5\*, o3/,
  ],
  [
    'models: one that fits a pattern stays',
    { managed: { allow: { model: ['gpt-5*', 'o3'] } }, config: { model: 'gpt-5-mini' } },
    { model: 'gpt-5-mini' },
    /^$/,
  ],
  [
    'models: the one of the environment counts only when it is allowed',
    { managed: { allow: { model: ['o3'] } }, env: { OPENAI_MODEL: 'gpt-4' } },
    { model: 'o3' },
    /^OPENAI_MODEL: model "gpt-4" does not count/,
  ],
  [
    'models: that of a provider too',
    {
      managed: { allow: { model: ['o3'], provider: ['openai-*'] } },
      config: {
        providers: { 'openai-responses': { model: 'gpt-4' }, scripted: {} },
      },
    },
    { model: 'o3' },
    /providers\.scripted .*provider may only be openai-\*[\s\S]*providers\.openai-responses\.model "gpt-4" does not/,
  ],
  [
    'the network: closed where requests may go to some hosts only',
    { managed: { allow: { domains: ['api.openai.com'] } }, config: { network: true } },
    {},
    /network true does not count: requests may only go to api\.openai\.com/,
  ],
  [
    'MCP servers by name, and by what else is said of them',
    {
      managed: {
        allow: { mcpServers: ['files', { name: 'hub', url: 'https://hub.example/mcp' }] },
      },
      config: {
        mcpServers: {
          files: { command: 'files' },
          hub: { url: 'https://other.example/mcp' },
          evil: { command: 'evil' },
        },
      },
    },
    { mcpServers: { files: { command: 'files' } } },
    /mcpServers\.hub .*its url may only be "https:\/\/hub\.example\/mcp"[\s\S]*mcpServers\.evil .*may only be files, hub/,
  ],
  [
    'plugins that are not ours, by name; ours may stay',
    {
      managed: { allow: { plugins: ['team-*'] } },
      config: {
        plugins: {
          'team-lint': { use: './lint.js' },
          other: { use: './other.js' },
          shell: { use: './shell.js' },
          search: false,
        },
      },
    },
    { plugins: { 'team-lint': { use: './lint.js' }, search: false } },
    /plugins\.other .*plugins may only be ours and team-\*[\s\S]*plugins\.shell /,
  ],
];

for (const [what, given, config, notices] of allowed) {
  test(`allow ${what}`, async (t) => {
    const configuration = await loadConfig(under(t, given).options);
    assert.deepEqual(configuration.config, config);
    assert.match(messages(configuration).join('\n'), notices);
    // Now by its stamp, without the schema.
    const again = await loadConfig(under(t, given).options);
    assert.deepEqual(again.config, config);
  });
}

test('config explain shows who wins, who loses, and why', async (t) => {
  const { options, file } = under(t, {
    managed: { network: true, lock: ['effort'], allow: { sandbox: ['read-only'] } },
    config: { sandbox: 'workspace-write', effort: 'high', network: true },
    flags: [flag({ sandbox: 'danger-full-access' }, { sandbox: '--sandbox' })],
  });
  const { layers } = await loadConfig(options);
  const effective = mergeLayers(layers);
  const says = (key: string) =>
    explainKey(layers, effective, [key]).map(({ layer, outcome, value, why }) =>
      [layer, outcome, value, why?.replace(file, 'FILE')].filter((one) => one !== undefined),
    );
  const why = 'sandbox may only be read-only (managed policy, FILE)';
  assert.deepEqual(says('sandbox'), [
    ['flag', 'loses', 'danger-full-access', why],
    ['user', 'loses', 'workspace-write', why],
    ['default', 'wins', 'read-only'],
  ]);
  assert.deepEqual(says('effort'), [
    ['user', 'loses', 'high', 'effort is locked (managed policy, FILE)'],
  ]);
  assert.deepEqual(says('network'), [
    ['managed', 'wins', true],
    ['user', 'loses', true],
  ]);
});

test('flags of a resumed thread are narrowed as well', async (t) => {
  const { options } = under(t, {
    managed: { sandbox: 'workspace-write', lock: ['effort'] },
    flags: [flag({ sandbox: 'danger-full-access', effort: 'high', model: 'm' })],
  });
  assert.deepEqual(flagSettings(await loadConfig(options)), {
    sandbox: 'workspace-write',
    model: 'm',
  });
});

const closed: readonly (readonly [string, unknown, RegExp])[] = [
  ['is no JSON', '{"sandbox":', /managed\.json: expected JSON/],
  ['has an unknown key', { sandboxes: [] }, /managed\.json: sandboxes: unknown key/],
  [
    'allows an unknown thing',
    { allow: { models: ['x'] } },
    /managed\.json: allow\.models: unknown key/,
  ],
  ['allows no such mode', { allow: { sandbox: ['none'] } }, /allow\.sandbox\.0: .*"read-only"/],
  ['allows nothing at all', { allow: { model: [] } }, /allow\.model: /],
  [
    'has a hash that is none',
    { allow: { plugins: [{ name: 'a', sha256: 'x' }] } },
    /allow\.plugins/,
  ],
  ['locks what is no key', { lock: ['a..b'] }, /expected a key such as limits\.steps/],
  ['has a value of another type', { network: 'yes' }, /managed\.json: network: .*boolean/],
  [
    'gives a plugin options it does not have',
    { plugins: { shell: { options: { no: 1 } } } },
    /shell\.options\.no/,
  ],
  ['is empty', '\n', /managed\.json cannot be \(it is empty\): mend it/],
  ['is a list', '[]', /managed\.json: expected an object/],
];

for (const [what, managed, message] of closed) {
  test(`managed policy that ${what} closes, and names the file`, async (t) => {
    const { options } = under(t, { managed });
    await assert.rejects(loadConfig(options), { code: 'denied', message });
    await assert.rejects(loadConfig(options), { code: 'denied', message: /Nothing starts while/ });
  });
}

test('a folder, a link that leads nowhere, and a file that may not be read close too', async (t) => {
  const { env } = homeWith(t);
  const folder = folderWith(t, { 'secret.json': {} });
  mkdirSync(join(folder, 'folder.json'));
  symlinkSync('nowhere', join(folder, 'link.json'));
  chmodSync(join(folder, 'secret.json'), 0);
  const names = ['folder.json', 'link.json', ...(process.getuid?.() === 0 ? [] : ['secret.json'])];
  for (const name of names) {
    const file = join(folder, name);
    await assert.rejects(loadConfig({ cwd: folder, env: { ...env, SPINDLE_MANAGED: file } }), {
      code: 'denied',
      message: new RegExp(`${name} cannot be .*mend it`),
    });
  }
});

const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

const marking = (name: string, value: string) =>
  `import { word } from './${name}.js';\nexport default () => ({ name: '${name}', api: 1, setup: (host) => host.log(word) });\n// ${value}\n`;

test('a plugin is allowed by its content: a change of it, or of what it imports, is told with the new hash', async (t) => {
  const { home, options, file } = under(t, {
    managed: {},
    config: { plugins: { linter: { use: './plugin.js' } } },
  });
  put(home, { 'plugin.js': 'export default () => ({ name: "linter", api: 1, setup() {} });' });
  const allow = (sha256: string) =>
    writeFileSync(file, JSON.stringify({ allow: { plugins: [{ name: 'linter', sha256 }] } }));

  allow(hash(join(home, 'plugin.js')));
  const good = await loadConfig(options);
  assert.deepEqual(good.notices, []);
  {
    await using opened = await openKernel({ ...options, needsModel: false, slots: [] });
    assert.deepEqual(opened.failed, []);
  }
  put(home, { 'plugin.js': marking('word', 'changed'), 'word.js': 'export const word = 1;' });
  const bad = await loadConfig(options);
  assert.equal(bad.config.plugins, undefined);
  const [message = ''] = messages(bad);
  const [, found = ''] =
    /the SHA-256 of its content is ([0-9a-f]{64}), and [0-9a-f]{64} is allowed/.exec(message) ?? [];
  allow(found);
  assert.deepEqual((await loadConfig(options)).notices, []);
  put(home, { 'word.js': 'export const word = 2;' });
  assert.match(messages(await loadConfig(options)).join(), /plugins\.linter .* is allowed/);
});

test('a plugin that changes between being looked at and being run does not run', async (t) => {
  const { home, options, file } = under(t, {
    managed: {},
    config: { plugins: { linter: { use: './plugin.js' } } },
  });
  // It changes what it imports next, as someone else might.
  const source = `import { writeFileSync } from 'node:fs';
writeFileSync(new URL('./late.js', import.meta.url), 'export const late = "evil";');
const { late } = await import('./late.js');
export default () => ({ name: 'linter', api: 1, setup() { throw new Error(late); } });`;
  put(home, { 'plugin.js': source, 'late.js': 'export const late = "good";' });
  writeFileSync(
    file,
    JSON.stringify({ allow: { plugins: [{ name: 'linter', sha256: '0'.repeat(64) }] } }),
  );
  const [message = ''] = messages(await loadConfig(options));
  const [, sha256] = /content is ([0-9a-f]{64})/.exec(message) ?? [];
  writeFileSync(file, JSON.stringify({ allow: { plugins: [{ name: 'linter', sha256 }] } }));
  await assert.rejects(openKernel({ ...options, needsModel: false }), {
    message: /late\.js is not the file that managed policy allows/,
  });
});

const policy = (name: string) =>
  `import { policies, tools } from 'spindle';
export default (options) => ({ name: '${name}', api: 1, setup: (host) => {
  host.add(policies, { name: '${name}-' + options.level, judge: () => undefined }, 'first');
  host.add(tools, { name: 'look', description: '${name}', inputSchema: {}, run: () => ({ content: [] }) }, 'first');
} });`;

test('a required plugin stands in the first tier; it cannot be removed, replaced, configured or shadowed', async (t) => {
  const { options, home, file } = under(t, {
    managed: { plugins: { guard: { use: './guard.js', options: { level: 1 } }, audit: true } },
    config: {
      plugins: {
        guard: { use: './mine.js', options: { level: 0 }, order: 'first' },
        audit: { use: './mine.js' },
        early: { use: './early.js', order: 'first' },
      },
    },
  });
  put(join(file, '..'), { 'guard.js': policy('guard') });
  put(home, { 'mine.js': policy('mine'), 'early.js': policy('early') });
  await using opened = await openKernel({ ...options, needsModel: false });
  const { slots, plugins } = await opened.kernel.client('test').request('kernel/describe', {});
  const entries = (slot: string) => slots.find((one) => one.slot === slot)?.entries ?? [];
  assert.deepEqual(
    entries('policies')
      .slice(0, 2)
      .map(({ name, tier }) => [name, tier]),
    [
      ['managed', 'managed'],
      ['guard-1', 'managed'],
    ],
  );
  assert.equal(entries('tools').find(({ name }) => name === 'look')?.plugin, 'guard');
  const tiers = new Map(plugins.map(({ name, tier }) => [name, tier]));
  assert.deepEqual(
    [tiers.get('audit'), tiers.get('mine'), tiers.get('early')],
    ['managed', undefined, 'user'],
  );
  const said = messages(opened.configuration).join('\n');
  assert.match(said, /plugins\.guard .* does not count: it is /);
  assert.match(said, /plugins\.audit .*mine.* does not count: it is true/);
});

test('repositories in the folders that are trusted count without more; others do not', async (t) => {
  const { options, file } = under(t, { managed: {} });
  const repository = repositoryWith(t, { '.spindlerc.json': { model: 'theirs' } });
  const at = { ...options, cwd: repository };
  assert.deepEqual((await loadConfig(at)).config, {});
  for (const [folder, model] of [
    [repository, 'theirs'],
    [join(repository, '..'), 'theirs'],
    [`${repository}-other`, undefined],
    [repository.slice(0, -1), undefined],
  ] as const) {
    writeFileSync(file, JSON.stringify({ trust: [folder] }));
    assert.equal((await loadConfig(at)).config.model, model, folder);
  }
});

/** The items of one turn of a thread that is started with these settings. */
async function turnWith(client: Client, settings: object): Promise<readonly Item[]> {
  const { id } = await client.request('thread/start', { settings, ephemeral: true });
  using events = client.subscribe({ thread: id });
  const items: Item[] = [];
  await client.request('turn/start', { thread: id, input: [{ type: 'text', text: 'go' }] });
  for await (const event of events) {
    if (event.type !== 'item/appended') continue;
    items.push(event.item);
    if (event.item.type === 'end') break;
  }
  return items;
}

const spawning = {
  scripted: {
    options: { steps: [{ calls: [{ name: 'shell', args: { command: 'true' } }] }] },
  },
};

test('a client cannot start what the configuration could not: its turn is refused, and so is every effect', async (t) => {
  const { options, file } = under(t, {
    managed: {
      roots: ['/srv/data'],
      network: false,
      allow: {
        sandbox: ['read-only', 'workspace-write'],
        provider: ['scripted', 'openai-responses'],
        model: ['small'],
      },
    },
    config: { provider: 'scripted', plugins: spawning },
  });
  await using opened = await openKernel({ ...options, needsModel: true });
  const client = opened.kernel.client('test');
  const { cwd } = options;
  for (const [settings, message] of [
    [
      { sandbox: 'danger-full-access' },
      /^sandbox may only be read-only, workspace-write, but it is "danger-full-access" in this thread: start a new one/,
    ],
    [{ network: true }, /^network may only be false/],
    [{ roots: [cwd, '/etc'] }, /^roots may only be \/srv\/data/],
    [{ provider: 'openai-chat' }, /^provider may only be scripted, openai-responses/],
    [{ model: 'big' }, /^model may only be small, but it is "big"/],
  ] as const) {
    const items = await turnWith(client, settings);
    const end = items.at(-1);
    assert.ok(end?.type === 'end' && end.status === 'failed', JSON.stringify(end));
    assert.match(end.error?.message ?? '', message);
    assert.ok(end.error?.message.endsWith(`(managed policy, ${file})`) ?? false);
    assert.deepEqual(
      items.filter(({ type }) => ['step', 'decision'].includes(type)),
      [],
    );
  }
  const fine = await turnWith(client, { roots: [cwd, '/srv/data'], model: 'small' });
  assert.ok(fine.some(({ type }) => type === 'step'));
});

test('MCP servers and hosts that are not allowed are denied whoever calls them, with the file in the record', async (t) => {
  const { options, file, home } = under(t, {
    managed: { allow: { mcpServers: ['good'], domains: ['*.good.example', '127.0.0.1'] } },
    config: { plugins: { probe: { use: './probe.js' } } },
  });
  put(home, {
    'probe.js': `import { requests } from 'spindle';
export default () => ({ name: 'probe', api: 1, setup: (host) => {
  const tries = {
    call: (server) => host.effects.call({ server, tool: 't', args: {}, confined: true }, async () => 'called'),
    fetch: (url) => host.effects.fetch(url),
  };
  host.add(requests, { name: 'probe/try', params: {}, result: {}, run: ({ what, value }) => tries[what](value) });
} });`,
  });
  await using opened = await openKernel({ ...options, needsModel: false });
  const client = opened.kernel.client('test');
  const denials: unknown[] = [];
  using _heard = client.listen((event) => {
    if (event.type === 'effect/decided') denials.push([event.decision.layer, event.decision.file]);
  });
  const attempt = (what: string, value: string) => client.call('probe/try', { what, value });
  for (const [what, value, message] of [
    ['call', 'evil', /the MCP server evil is not among those that are allowed/],
    [
      'fetch',
      'http://good.example.evil.example/',
      /requests may only go to \*\.good\.example, 127\.0\.0\.1, not to good/,
    ],
    ['fetch', 'http://user@evil.example#.good.example', /not to evil\.example/],
    ['fetch', 'not a url', /not to /],
  ] as const)
    await assert.rejects(attempt(what, value), { code: 'denied', message });
  assert.equal(denials.length, 4);
  for (const denial of denials) assert.deepEqual(denial, ['managed', file]);
  await assert.rejects(attempt('fetch', 'http://127.0.0.1:9/'), { code: 'unreachable' });
});

/** The binary under a policy. */
async function program(
  t: TestContext,
  managed: unknown,
  { answers = [{ text: 'done' }, { text: 'done' }], config = {} }: Partial<E2eOptions> = {},
): Promise<E2e & { readonly file: string }> {
  const file = join(folderWith(t, { 'managed.json': managed }), 'managed.json');
  const env = { SPINDLE_MANAGED: file };
  return { ...(await makeE2e(t, { answers, config, env })), file };
}

test('the program: what a flag asks for against the policy loses, on stderr and in the thread', async (t) => {
  const place = await program(t, {
    sandbox: 'workspace-write',
    roots: [],
    allow: { model: ['stand-in'] },
    limits: { steps: 5 },
  });
  const flags = [
    '--sandbox',
    'danger-full-access',
    '-m',
    'other',
    '--add-dir',
    '/etc',
    '--max-steps',
    '9',
  ];
  const { code, stderr, stdout } = await place.run(['exec', ...flags, 'go']);
  assert.deepEqual([code, stdout], [0, 'done\n'], stderr);
  assert.match(
    stderr,
    /--sandbox: sandbox "danger-full-access" does not count: it is "workspace-write" \(managed policy, /,
  );
  assert.match(stderr, /--model: model "other" does not count: model may only be stand-in/);
  assert.match(stderr, /--max-steps: limits\.steps 9 does not count: it is 5/);
  assert.match(stderr, /--add-dir does not count: roots are set by managed policy/);
  const [first] = place.threads()[0] ?? [];
  assert.ok(first?.type === 'thread');
  assert.equal(first.settings.sandbox, 'workspace-write');
  assert.deepEqual(first.settings.roots, [place.cwd]);
  assert.equal(place.server.requests[0]?.json.model, 'stand-in');
  const explained = await place.run([
    'config',
    'explain',
    'sandbox',
    '--sandbox',
    'danger-full-access',
  ]);
  assert.match(
    explained.stdout,
    /wins +\(managed: .*managed\.json\) +"workspace-write"\n +loses +\(flag: --sandbox\) +"danger-full-access"/,
  );
  const model = await place.run(['config', 'explain', 'model', '-m', 'other']);
  assert.match(
    model.stdout,
    /loses +\(flag: --model\) +"other", because model may only be stand-in \(managed policy, .*managed\.json\)/,
  );
});

test("the program: what clients of Codex's SDK ask for loses too", async (t) => {
  const place = await program(t, { sandbox: 'read-only', lock: ['approval'] });
  const asked = [
    '--config',
    'sandbox_mode="danger-full-access"',
    '--config',
    'approval_policy="never"',
  ];
  const { code, stderr } = await place.run(['exec', '--experimental-json', ...asked], {
    stdin: 'go',
  });
  assert.equal(code, 0, stderr);
  const [first] = place.threads()[0] ?? [];
  assert.ok(first?.type === 'thread');
  assert.deepEqual([first.settings.sandbox, first.settings.approval], ['read-only', 'on-request']);
  assert.match(stderr, /--config: approval "never" does not count: approval is locked/);
});

test('the program: a thread from before the policy is not gone on with as it was', async (t) => {
  const place = await program(t, {});
  const before = await place.run(['exec', ...unconfined, 'go']);
  assert.equal(before.code, 0, before.stderr);
  writeFileSync(place.file, JSON.stringify({ allow: { sandbox: ['workspace-write'] } }));
  const after = await place.run(['exec', 'resume', '--last', 'on']);
  assert.equal(after.code, 1);
  assert.match(
    after.stderr,
    /sandbox may only be workspace-write, but it is "danger-full-access" in this thread/,
  );
  const narrowed = await place.run([
    'exec',
    'resume',
    '--last',
    '--sandbox',
    'workspace-write',
    'on',
  ]);
  assert.equal(narrowed.code, 0, narrowed.stderr);
});

test('the program: a model is not asked at a host that is not allowed', async (t) => {
  const place = await program(t, { allow: { domains: ['api.openai.com'] } });
  const { code, stderr } = await place.run(['exec', 'go']);
  assert.equal(code, 1);
  assert.match(stderr, /requests may only go to api\.openai\.com, not to 127\.0\.0\.1/);
  assert.equal(place.server.requests.length, 0);
});

test('the program: with policy that cannot be used no command starts; exit code 1, the file and what to do', async (t) => {
  const place = await program(t, '{ "sandbox": ');
  const commands = [
    ['exec', 'go'],
    ['exec', '--json', 'go'],
    ['config', 'show'],
    ['thread', 'list'],
    ['plugin', 'list'],
    ['trust'],
    ['audit', 'verify'],
    [],
  ];
  for (const argv of commands) {
    const { code, stderr } = await place.run(argv);
    assert.equal(code, 1, argv.join(' '));
    assert.ok(stderr.includes(place.file), stderr);
    assert.match(
      stderr,
      /Nothing starts while managed policy cannot be used \(docs\/managed\.md\)/,
    );
  }
  const doctor = await place.run(['doctor']);
  assert.equal(doctor.code, 1);
  assert.ok(doctor.stdout.includes(place.file), doctor.stdout);
  assert.equal(place.server.requests.length, 0);
  for (const argv of [['--version'], ['--help'], ['config', 'schema']])
    assert.equal((await place.run(argv)).code, 0);
});
