import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tools, type Plugin, type Tool } from '../../../core/index.ts';
import secrets, { options } from '../../../plugins/redactors/secrets.ts';
import { isSecretName } from '../../../plugins/redactors/secrets/known.ts';
import { redactorContract, redactorOf } from '../../contracts/redactors.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';
import { letters, privateKey, tokens } from './samples.ts';

redactorContract('secrets', () => secrets(), Object.values(tokens));

for (const [kind, token] of Object.entries(tokens)) {
  test(`a ${kind} is taken out wherever it stands`, async () => {
    const redact = await redactorOf(secrets());
    const mark = `[redacted:${kind}]`;
    for (const [before, after] of [
      ['', ''],
      ['key: ', '\n'],
      ['{"key":"', '"}'],
      ["export KEY='", "'"],
      ['KEY=', ';'],
      ['(', ')'],
    ])
      assert.equal(redact(`${before}${token}${after}`), `${before}${mark}${after}`);
  });
}

const kept: readonly string[] = [
  'f2ae56e4b1c9d8a7f6e5d4c3b2a190817263544f',
  'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  '0193b2f2-6c9d-7a31-8f2e-2b1f0a8f2d11',
  'https://example.com:8080/a@b?x=1:2@3',
  'git@github.com:owner/name.git',
  'ssh://git@example.com:22/name.git',
  'postgres://postgres:postgres@localhost/test',
  'postgres://$USER:$PASSWORD@$HOST/db and postgres://<user>:<password>@host',
  'task-based-sk-loading-spinner-container-large',
  'a risk-free-desk-organizer-with-2-drawers-and-a-very-long-name',
  'sk-your-api-key-here and sk-XXXXXXXXXXXXXXXXXXXXXXXX',
  'Authorization: Bearer YOUR_API_TOKEN_GOES_HERE',
  'headers: { authorization: `Bearer ${token}` }',
  'npm_config_user_agent npm_package_dependencies_typescript',
  'the token ghp_ is a prefix, eyJ too, and AKIA as well',
  '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----',
  "if (text.includes('-----BEGIN RSA PRIVATE KEY-----')) return true; // and then goes on as usual",
  'const password = readPassword();',
  'danger-full-access',
];

for (const text of kept) {
  test(`no secret: ${text.slice(0, 60).replaceAll('\n', ' ')}`, async () => {
    const redact = await redactorOf(secrets());
    assert.equal(redact(text), text);
  });
}

test('the password of a URL goes, its user and host stay', async () => {
  const redact = await redactorOf(secrets());
  assert.equal(
    redact('clone https://bob:hunter2-42@example.com/x.git now'),
    'clone https://bob:[redacted:password]@example.com/x.git now',
  );
});

test('what an Authorization header carries goes, in headers, JSON, JSON in JSON and shells', async () => {
  const redact = await redactorOf(secrets());
  const value = letters(24);
  for (const [before, after] of [
    ['authorization: Bearer ', ''],
    ['{"Authorization": "Basic ', '"}'],
    [String.raw`{"body":"{\"Authorization\":\"Bearer `, String.raw`\"}"}`],
    ["curl -H 'PRIVATE-TOKEN: ", "' https://x"],
    ['x-api-key: ', '\r\n'],
    ['aws_secret_access_key = ', letters(16)],
  ]) {
    const clean = redact(`${before}${value}${after}`);
    assert.ok(clean.startsWith(`${before}[redacted:`), clean);
    assert.ok(!clean.includes(value), clean);
  }
});

for (const [how, text] of [
  ['as it is', [privateKey.head, privateKey.lines, privateKey.tail].join('\n')],
  ['in JSON', JSON.stringify([privateKey.head, privateKey.lines, privateKey.tail].join('\n'))],
  ['with its lines numbered', numbered([privateKey.head, privateKey.lines, privateKey.tail])],
  ['with its end cut off', [privateKey.head, privateKey.lines].join('\n')],
] as const) {
  test(`a private key goes, ${how}; the text after it stays`, async () => {
    const redact = await redactorOf(secrets());
    const clean = redact(`before\n${text}\nafter the key`);
    for (const line of privateKey.lines.split('\n')) assert.ok(!clean.includes(line), clean);
    assert.match(clean, /^before\n.*-----BEGIN RSA PRIVATE KEY-----\[redacted:private-key\]/s);
    assert.match(clean, /after the key$/);
  });
}

function numbered(parts: readonly string[]): string {
  const lines = parts.join('\n').split('\n');
  return lines.map((line, at) => `${String(at + 1).padStart(6)}\t${line}`).join('\n');
}

function withEnv(env: Readonly<Record<string, string>>): Disposable {
  const before = { ...process.env };
  Object.assign(process.env, env);
  return {
    [Symbol.dispose]: () => {
      for (const name of Object.keys(env)) delete process.env[name];
      Object.assign(process.env, before);
    },
  };
}

test('the values of variables that look like secrets go, under the name of the variable', async () => {
  const redact = await redactorOf(secrets());
  using _env = withEnv({
    ACME_TOKEN: 'tok$en/with.marks+4',
    ACME_PASSWORD: 'say "hello" 12\\3',
    ACME_HEADERS_AUTH: 'Bearer q1w2e3r4t5y6',
    ACME_DATABASE: 'postgres://bob:p%40ssw0rd!@db/x',
    ACME_DEPLOY_KEY: `first-line-${letters(20)}\nsecond-line-${letters(20)}`,
  });
  assert.equal(redact('a tok$en/with.marks+4 b'), 'a [redacted:ACME_TOKEN] b');
  assert.equal(redact(JSON.stringify('say "hello" 12\\3')), '"[redacted:ACME_PASSWORD]"');
  assert.equal(redact('q1w2e3r4t5y6'), '[redacted:ACME_HEADERS_AUTH]');
  assert.equal(
    redact('p@ssw0rd! p%40ssw0rd!'),
    '[redacted:ACME_DATABASE] [redacted:ACME_DATABASE]',
  );
  assert.equal(redact(`second-line-${letters(20)}`), '[redacted:ACME_DEPLOY_KEY]');
});

test('variables that hold words, paths, numbers, addresses and places are no secrets', async () => {
  const redact = await redactorOf(secrets());
  const env = {
    A_TOKEN: 'development',
    B_SECRET: 'Correct Horse',
    C_KEY: '/home/someone/.ssh/id_ed25519',
    D_TOKENS: '1000000000',
    E_AUTH: 'https://login.example.com/oauth2',
    F_KEY: 'certs/server-2.pem',
    G_PASSWORD: 'true',
    H_AUTH: 'login2.example.com',
    I_SECRET: '2026-11-24T10:00:00',
    J_KEY: 'short1',
    PUBLIC_K_KEY: 'pk_9f8e7d6c5b4a',
    L_KEY_ID_TYPE: 'ed25519-v2-type',
    GIT_AUTHOR_NAME: 'Ann 0. Nymous',
    USER: 'robot2000',
    M_PASSWORD: 'robot2000',
  };
  using _env = withEnv(env);
  for (const value of Object.values(env)) assert.equal(redact(`a ${value} b`), `a ${value} b`);
});

test('the names that say of a variable that it holds a secret', () => {
  const yes =
    'OPENAI_API_KEY GITHUB_TOKEN npm_config__authToken PGPASSWORD MYSQL_PWD DB_PASS AWS_SECRET_ACCESS_KEY STRIPE_KEYS CI_CREDENTIALS BASIC_AUTH SESSION_COOKIES';
  const no =
    'PATH PWD_HOST SSH_AUTH_SOCK GIT_AUTHOR_NAME XAUTHORITY KEYBOARD GOOGLE_APPLICATION_CREDENTIALS_FILE MAX_TOKENS_LIMIT NEXT_PUBLIC_KEY AUTH_URL TOKENIZER COLORTERM';
  assert.deepEqual(
    yes.split(' ').filter((name) => !isSecretName(name)),
    [],
  );
  assert.deepEqual(no.split(' ').filter(isSecretName), []);
});

test('configured values, variables and patterns go as well; names of the format never do', async () => {
  using _env = withEnv({ PLAIN_NAME: 'swordfish' });
  const plugin = secrets({
    values: ['hush-hush', 'assistant'],
    env: ['PLAIN_NAME'],
    patterns: ['EMP-\\d{6}', '[0-9a-f]{32,}'],
  });
  const redact = await redactorOf(plugin);
  assert.equal(
    redact('hush-hush swordfish EMP-123456'),
    '[redacted:configured] [redacted:PLAIN_NAME] [redacted:pattern]',
  );
  assert.equal(redact('assistant'), 'assistant');
  const hash = 'ab'.repeat(32);
  assert.equal(redact(hash), hash);
  assert.equal(redact(`x ${hash}`), 'x [redacted:pattern]');
});

test('options: a pattern that is none, or matches nothing at all, is refused', async () => {
  const schema = await options();
  assert.equal(
    schema.safeParse({ patterns: ['EMP-\\d+'], values: ['abcdef'], env: ['A'] }).success,
    true,
  );
  for (const wrong of [
    { patterns: ['('] },
    { patterns: ['x*'] },
    { values: ['abc'] },
    { value: [] },
  ])
    assert.equal(schema.safeParse(wrong).success, false, JSON.stringify(wrong));
});

test('in a thread: what a tool gives is clean for the model, the log and the store', async (t) => {
  const token = tokens['github-token'] ?? '';
  const leak: Tool = {
    name: 'leak',
    description: 'gives a secret away',
    inputSchema: { type: 'object' },
    run: (_args, { progress }) => {
      progress(`token ${token.slice(0, 9)}`);
      progress(`${token.slice(9)} end`);
      return { content: [{ type: 'text', text: `it is ${token}.` }], detail: { deep: [token] } };
    },
  };
  const plugin: Plugin = { name: 'leak', api: 1, setup: (host) => void host.add(tools, leak) };
  const thread = await openToolThread(t, { plugins: [plugin, secrets()] });
  const deltas: string[] = [];
  const [result] = await thread.watch([{ name: 'leak', args: { token } }], (event) => {
    if (event.type === 'item/delta') deltas.push(event.text);
  });
  assert.ok(result);
  assert.equal(textOfResult(result), 'it is [redacted:github-token].');
  assert.deepEqual(result.detail, { deep: ['[redacted:github-token]'] });
  assert.equal(deltas.join(''), 'token [redacted:github-token] end');
  const items = JSON.stringify(await thread.items());
  assert.ok(!items.includes(token));
});
