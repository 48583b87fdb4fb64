/** Canary secrets in all a session meets are searched in all it writes, shows and sends. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { makeE2e, unconfined, type E2e } from '../../e2e/place.ts';
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
  ...[key, env.DEPLOY_TOKEN, canary('url'), header],
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
  { text: `Done: ${said}`, deltas: 40 } as Answer,
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

async function makePlace(t: TestContext): Promise<E2e> {
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const place = await makeE2e(t, { answers, files, config, env });
  const { NODE_COMPILE_CACHE: _cache, ...rest } = place.env;
  void rest;
  return place;
}

test('no secret of the environment, the configuration, the files or the model is kept, shown or sent', async (t) => {
  const place = await makePlace(t);
  const first = await place.run([
    'exec',
    '--json-deltas',
    ...unconfined,
    `use ${env.DEPLOY_TOKEN}`,
  ]);
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
  for (const { stdout, stderr } of shown) {
    assert.deepEqual(leaksIn(stdout), []);
    assert.deepEqual(leaksIn(stderr), []);
  }
  const { requests } = place.server;
  assert.ok(requests.length > answers.length - 1);
  for (const { body } of requests) assert.deepEqual(leaksIn(body), []);
  const texts = written(place).filter((path) => statSync(path).isFile());
  assert.ok(
    texts.some((path) => path.includes('blobs')),
    'expected the big result to be a blob',
  );
  assert.ok(texts.some((path) => path.includes('audit')));
  for (const path of texts)
    assert.deepEqual([path, leaksIn(readFileSync(path, 'utf8'))], [path, []]);
});
