/** Canary secrets in all a session meets are searched in all it writes, shows and sends. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { makeE2e, unconfined, type E2e, type E2eOptions } from '../../e2e/place.ts';
import { ended, shows } from '../../fixtures/front-ends/run.ts';
import { badKey, type Answer } from '../../fixtures/model-server.ts';
import { letters, privateKey, tokens } from './samples.ts';

const canary = (name: string) => `canary-${name}-${letters(20, name.length)}`;
const key = canary('key');
const env = {
  OPENAI_API_KEY: key,
  DEPLOY_TOKEN: canary('env'),
  DATABASE: `postgres://bob:${canary('url')}@db.example.com/x`,
};
const header = canary('header');
const config = {
  providers: { 'openai-responses': { headers: { 'x-team-auth': header } } },
};
const pem = [privateKey.head, privateKey.lines, privateKey.tail].join('\n');
const inFile = [...Object.values(tokens), env.DEPLOY_TOKEN, env.DATABASE, header, key, pem].join(
  '\n',
);

/** What must be found nowhere. */
const canaries: readonly string[] = [
  ...Object.values(tokens),
  ...privateKey.lines.split('\n'),
  key,
  env.DEPLOY_TOKEN,
  canary('url'),
  header,
];

const filler = 'nothing to see in this line at all\n'.repeat(600);
const files = {
  'secrets.txt': inFile,
  'big.txt': `${filler}${inFile}\n${filler}`,
};
const said = `The values are ${tokens['github-token']} and ${env.DEPLOY_TOKEN}, and ${header} too.`;
const shell = (command: string, deltas = 1) => ({ call: 'shell', args: { command }, deltas });
const answers: readonly Answer[] = [
  {
    parts: [
      { reasoning: `I think of ${said}`, deltas: 9 },
      { text: said, deltas: 31 },
      shell(`echo ${env.DEPLOY_TOKEN}; cat secrets.txt`, 17),
    ],
  },
  { parts: [shell('cat big.txt'), { call: 'read_file', args: { path: 'secrets.txt' } }] },
  { parts: [shell('cat secrets.txt >&2; exit 3'), { call: 'no_such', args: { value: said } }] },
  { parts: [{ text: `Done: ${said}`, deltas: 40 }] },
  badKey,
];

/** What of `canaries` is in a text. */
function leaksIn(text: string): readonly string[] {
  return canaries.filter((one) => text.includes(one));
}

function* filesIn(folder: string): Generator<string> {
  for (const one of readdirSync(folder, { withFileTypes: true, recursive: true }))
    yield join(one.parentPath, one.name);
}

/** Everything under the home but what the test put there. */
function written(place: E2e): readonly string[] {
  const home = place.env['SPINDLE_HOME'] ?? '';
  return [...filesIn(home)].filter((path) => path !== join(home, 'config.json'));
}

/** With a umask that keeps nothing private, and the cache of compiled code at its own place. */
async function makePlace(t: TestContext, more: Partial<E2eOptions> = {}): Promise<E2e> {
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const all = { ...env, ...more.env };
  return makeE2e(t, { answers, files, config, ...more, env: all });
}

test('no secret of the environment, the configuration, the files or the model is kept, shown or sent', async (t) => {
  const place = await makePlace(t, { env: { NODE_COMPILE_CACHE: '' } });
  const prompt = `use ${env.DEPLOY_TOKEN}`;
  const first = await place.run(['exec', '--json-deltas', ...unconfined, prompt]);
  assert.equal(first.code, 0, first.stderr);
  const failed = await place.run(['exec', 'resume', '--last', ...unconfined, `again, ${said}`]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /401/);
  const shown = [first, failed];
  for (const argv of [
    ['thread', 'export', '--last'],
    ['thread', 'show', '--last'],
    ['audit', 'show'],
    ['config', 'show'],
    ['doctor'],
  ])
    shown.push(await place.run(argv));
  for (const { stdout, stderr } of shown) assert.deepEqual(leaksIn(stdout + stderr), []);
  const { requests } = place.server;
  assert.ok(requests.length >= answers.length);
  for (const { body } of requests) assert.deepEqual(leaksIn(body), []);

  const texts = written(place).filter((path) => statSync(path).isFile());
  for (const kind of ['blobs', 'audit', 'threads'])
    assert.ok(
      texts.some((path) => path.includes(`/${kind}/`)),
      `expected ${kind} to be written`,
    );
  for (const path of texts)
    assert.deepEqual([path, leaksIn(readFileSync(path, 'latin1'))], [path, []]);
  const open = written(place).filter((path) => (statSync(path).mode & 0o077) !== 0);
  assert.deepEqual(open, [], 'expected files of mode 0600 and folders of mode 0700');
  assert.deepEqual(readdirSync(place.cwd).toSorted(), ['.keep', 'big.txt', 'secrets.txt']);
});

test('what a plugin says when it does not start holds no secret', async (t) => {
  for (const optional of [false, true]) {
    const place = await makePlace(t, {
      config: { plugins: { bad: { use: './bad.js', optional } } },
    });
    const fails = 'throw new Error(`no login with ${process.env.DEPLOY_TOKEN}`)';
    for (const source of [`export default () => { ${fails}; };`, `${fails};`]) {
      writeFileSync(join(place.env['SPINDLE_HOME'] ?? '', 'bad.js'), source);
      const { stderr } = await place.run(['exec', '--json', 'go']);
      assert.match(stderr, /no login with \[redacted:DEPLOY_TOKEN\]/);
    }
  }
});

test('a private key that the model says word by word is not in the deltas either', async (t) => {
  const text = `The key is this:\n${pem}\nand that was it.`;
  const place = await makePlace(t, { answers: [{ parts: [{ text, deltas: 50 }], holdAfter: 25 }] });
  const child = place.start('exec', '--json-deltas', 'go');
  const end = ended(child);
  await shows(child.stdout, /key is this/);
  place.server.release();
  const { code, stdout } = await end;
  assert.equal(code, 0);
  assert.deepEqual(leaksIn(stdout), []);
  assert.match(stdout, /redacted:private-key/);
});

test('a secret in the instructions of the configuration is not in the thread', async (t) => {
  const instructions = `never say ${env.DEPLOY_TOKEN}`;
  const place = await makePlace(t, { answers: [{ text: 'fine' }], config: { instructions } });
  const { code } = await place.run(['exec', 'go']);
  assert.equal(code, 0);
  assert.deepEqual(leaksIn(JSON.stringify(place.threads())), []);
  for (const { body } of place.server.requests) assert.deepEqual(leaksIn(body), []);
});
