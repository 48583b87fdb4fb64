import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import * as fc from 'fast-check';

import type { Effect, Settings, Verdict } from '../../../core/index.ts';
import { resolvePath } from '../../../plugins/machines/local/files.ts';
import rules from '../../../plugins/policies/rules.ts';
import { isAtPath, isNamed } from '../../../plugins/policies/rules/glob.ts';
import { isRule, type PlacedRule, type Rule } from '../../../plugins/policies/rules/rule.ts';
import { ruleSchema } from '../../../plugins/policies/rules/schema.ts';
import { lazyParser } from '../../../plugins/policies/shell/load.ts';
import { anyEffect, anySettings, policyContract, policyOf } from '../../contracts/policies.ts';
import { sampleSettings } from '../../contracts/sample-items.ts';
import { remove } from '../../fixtures/folders.ts';

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-rules-')));
mkdirSync(join(cwd, 'src'));
symlinkSync('/etc', join(cwd, 'link'));
after(() => remove(cwd));

const user = (rule: Rule): PlacedRule => ({ rule, layer: 'user', file: '/home/me/config.json' });
const parser = lazyParser();

policyContract('rules', () =>
  rules({
    rules: [
      user({ action: 'deny', command: 'rm' }),
      user({ action: 'ask', path: '/etc' }),
      user({ action: 'deny', domain: '*.evil.com' }),
      user({ action: 'ask', kind: 'call' }),
    ],
    parser,
  }),
);

const settings: Settings = { ...sampleSettings, cwd, roots: [cwd] };

async function judge(
  given: Rule | readonly PlacedRule[],
  effect: Effect,
  changes: Partial<Settings> = {},
): Promise<Verdict | undefined> {
  const all = 'action' in given ? [user(given)] : given;
  const options = { rules: all, parser, resolve: (path: string) => resolvePath(path, '/') };
  const policy = await policyOf(rules(options));
  return policy.judge(effect, { ...settings, ...changes });
}

const origin = { kind: 'tool', name: 'shell' } as const;
const bare = { origin, kind: 'spawn', cwd, confined: 'full', network: false } as const;
const spawn = (text: string): Effect => ({ ...bare, argv: ['bash', '-c', text] });
const write = (path: string): Effect => ({
  origin,
  kind: 'write',
  path,
  inside: path.startsWith(cwd),
  remove: false,
});
const read = (path: string): Effect => ({ origin, kind: 'read', path, inside: true });
const fetch = (url: string): Effect => ({ origin, kind: 'fetch', url, method: 'GET' });
const call = (server: string, tool: string): Effect => ({
  origin,
  kind: 'call',
  args: {},
  confined: false,
  server,
  tool,
});

const verdicts: readonly (readonly [Rule, Effect, Verdict['verdict'] | 'none'])[] = [
  ...(
    [
      ['git push origin', 'deny'],
      ['git -C /x --no-pager -c a=b push', 'deny'],
      ['/usr/local/bin/git push', 'deny'],
      ['./GIT push', 'deny'],
      ["'git' push", 'deny'],
      ['git "push"', 'deny'],
      ['g\\it push', 'deny'],
      ['ls; (A=b git push) | cat', 'deny'],
      ['echo "$(git push)"', 'deny'],
      ['cat <<E\n$(git push)\nE', 'deny'],
      ['timeout 5 nohup env A=b git push', 'deny'],
      ['sudo git push', 'deny'],
      ['xargs git push < a', 'deny'],
      ['find . -exec git push {} +', 'deny'],
      ['bash -c "git push"', 'deny'],
      ['git $what', 'ask'],
      ['git -C "$folder" push', 'ask'],
      ['$git push', 'ask'],
      ['eval git push', 'ask'],
      ['source x', 'ask'],
      ['git commit -m push', 'none'],
      ['git status; git log', 'none'],
      ['echo git push', 'none'],
      ['npm run push', 'none'],
      ['git commit -m "$(cat <<\'E\'\ngit push\nE\n)"', 'none'],
    ] as const
  ).map(
    ([text, verdict]) => [{ action: 'deny', command: 'git push' }, spawn(text), verdict] as const,
  ),
  [{ action: 'deny', command: ['git', 'push', '--force'] }, spawn('git push -u o --force'), 'deny'],
  [{ action: 'deny', command: 'git push --force' }, spawn('git push --force=x'), 'deny'],
  [{ action: 'deny', command: 'git push --force' }, spawn('git push'), 'none'],
  [{ action: 'deny', command: 'git push --force' }, spawn('git push $x'), 'ask'],
  [{ action: 'deny', command: 'rm -rf' }, spawn('rm -f -r x'), 'deny'],
  [{ action: 'deny', command: 'rm -rf' }, spawn('rm -fvr x'), 'deny'],
  [{ action: 'deny', command: 'rm -rf' }, spawn('rm x'), 'none'],
  [{ action: 'deny', command: 'rm' }, { ...bare, argv: ['/bin/rm', 'x'] }, 'deny'],
  [{ action: 'deny', path: '**/.env' }, read(join(cwd, 'src/.env')), 'deny'],
  [{ action: 'deny', path: '**/.env' }, read('/elsewhere/.env'), 'deny'],
  [{ action: 'deny', path: '**/.env' }, read(join(cwd, '.env.example')), 'none'],
  [{ action: 'deny', path: '**/.env' }, spawn('cat src/.env'), 'deny'],
  [{ action: 'deny', path: '**/.env' }, spawn('cd src && cat .env'), 'deny'],
  [{ action: 'deny', path: '**/.env' }, spawn('node --env-file=.env x'), 'deny'],
  [{ action: 'deny', path: '**/.env' }, spawn('wc < .env'), 'deny'],
  [{ action: 'deny', path: 'src' }, write(join(cwd, 'src/a/b')), 'deny'],
  [{ action: 'deny', path: 'src' }, write(join(cwd, 'srcs/a')), 'none'],
  [{ action: 'deny', path: 'src', kind: 'write' }, read(join(cwd, 'src/a')), 'none'],
  [{ action: 'deny', path: 'src', kind: 'write' }, spawn('echo a > src/b'), 'deny'],
  [{ action: 'deny', path: 'src', kind: 'write' }, spawn('cat src/b'), 'none'],
  [{ action: 'deny', path: 'src', kind: 'write' }, spawn('echo a > "$f"'), 'ask'],
  [{ action: 'deny', path: '/etc' }, spawn('cat link/passwd'), 'deny'],
  [{ action: 'deny', path: '/etc/shadow' }, spawn('cat link/../etc/shadow'), 'deny'],
  [{ action: 'deny', path: 'src', command: 'rm' }, spawn('rm src/a; ls b'), 'deny'],
  [{ action: 'deny', path: 'src', command: 'rm' }, spawn('rm a; ls src'), 'none'],
  [{ action: 'deny', domain: '*.evil.com' }, fetch('https://a.EVIL.com./x'), 'deny'],
  [{ action: 'deny', domain: '*.evil.com' }, fetch('https://good@a.evil.com:80/'), 'deny'],
  [{ action: 'deny', domain: '*.evil.com' }, fetch('https://evil.com.good.com/'), 'none'],
  [{ action: 'deny', domain: '*.evil.com' }, fetch('not a URL'), 'ask'],
  [{ action: 'deny', domain: '127.0.0.1' }, fetch('http://2130706433/'), 'deny'],
  [{ action: 'ask', server: 'git*' }, call('github', 'push'), 'ask'],
  [{ action: 'ask', server: 'git*', tool: 'get_*' }, call('github', 'push'), 'none'],
  [{ action: 'ask', tool: 'shell' }, spawn('ls'), 'ask'],
  [{ action: 'ask', tool: 'search' }, spawn('ls'), 'none'],
  [{ action: 'ask', confined: false }, spawn('ls'), 'none'],
  [{ action: 'ask', confined: false }, { ...bare, argv: ['ls'], confined: 'none' }, 'ask'],
  [{ action: 'ask', kind: 'fetch' }, fetch('https://a.com'), 'ask'],
  [{ action: 'allow', command: 'ls' }, spawn('ls'), 'none'],
];

test('rules are about what they say; what is not certain is asked for', async () => {
  for (const [rule, effect, expected] of verdicts) {
    const verdict = (await judge(rule, effect))?.verdict ?? 'none';
    assert.equal(verdict, expected, JSON.stringify([rule, effect]));
  }
});

const input = (argv: readonly string[], data: string): Effect => ({
  origin,
  kind: 'input',
  process: 'p1',
  argv,
  data,
});

test('input to a shell is judged by what it says, to others by their command', async () => {
  const rule = { action: 'deny', command: 'rm' } as const;
  assert.equal((await judge(rule, input(['bash'], 'ls; rm x\n')))?.verdict, 'deny');
  assert.equal((await judge(rule, input(['bash', '-i'], 'eval $x')))?.verdict, 'ask');
  assert.equal(await judge(rule, input(['bash'], 'ls\n')), undefined);
  assert.equal(await judge(rule, input(['bash', '-c', 'cat'], 'rm x')), undefined);
  assert.equal((await judge(rule, input(['bash', '-c', 'bash'], 'x')))?.verdict, 'ask');
});

test('of all layers the strictest rule wins, of equals the strongest layer, and the verdict names it', async () => {
  const layered: readonly PlacedRule[] = [
    {
      rule: { action: 'ask', command: 'git' },
      layer: 'managed',
      file: '/etc/spindle/managed.json',
    },
    { rule: { action: 'ask', command: 'git push' }, layer: 'flag', file: '--config' },
    user({ action: 'allow', command: 'git push' }),
  ];
  const asked = await judge(layered, spawn('git push'));
  assert.deepEqual(asked, {
    verdict: 'ask',
    reason: 'a rule asks for it',
    rule: '{"action":"ask","command":"git"}',
    layer: 'managed',
    file: '/etc/spindle/managed.json',
  });
  const reason = 'pushing is for people';
  const denied = await judge(
    [...layered, user({ action: 'deny', command: 'git push', reason })],
    spawn('git push'),
  );
  assert.deepEqual([denied?.verdict, denied?.layer, denied?.reason], ['deny', 'user', reason]);
});

test('in the mode never, what a rule asks for is refused', async () => {
  const rule = { action: 'ask', command: 'git push' } as const;
  const verdict = await judge(rule, spawn('git push'), { approval: 'never' });
  assert.equal(verdict?.verdict, 'deny');
  assert.match(verdict.reason, /--approval on-request/);
});

test('a request of a plugin to its model is asked for by no rule, and denied by one', async () => {
  const effect: Effect = { ...fetch('https://a.com'), origin: { kind: 'plugin', name: 'openai' } };
  assert.equal(await judge({ action: 'ask', kind: 'fetch' }, effect), undefined);
  assert.equal((await judge({ action: 'deny', domain: 'a.com' }, effect))?.verdict, 'deny');
});

test('the parser is loaded only for a command that rules are about', async () => {
  let loads = 0;
  const counting = () => {
    loads += 1;
    return parser();
  };
  const of = async (rule: Rule) => policyOf(rules({ rules: [user(rule)], parser: counting }));
  await (await of({ action: 'allow', command: 'ls' })).judge(spawn('ls'), settings);
  await (await of({ action: 'deny', tool: 'x' })).judge(spawn('ls'), settings);
  await (await of({ action: 'deny', command: 'rm' })).judge(read('/a'), settings);
  await (await of({ action: 'deny', command: 'rm' })).judge({ ...bare, argv: ['ls'] }, settings);
  assert.equal(loads, 0);
  await (await of({ action: 'deny', command: 'rm' })).judge(spawn('ls'), settings);
  assert.equal(loads, 1);
});

test('a rule that denies is never overruled, whatever rules that allow stand beside it', async () => {
  const rule: fc.Arbitrary<Rule> = fc.record({
    action: fc.constant('allow' as const),
    command: fc.constantFrom('ls', 'rm', 'git push'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(rule), anyEffect, anySettings, async (allowing, effect, some) => {
      const deny = user({ action: 'deny', kind: effect.kind });
      const policy = await policyOf(rules({ rules: [...allowing.map(user), deny], parser }));
      assert.equal((await policy.judge(effect, some))?.verdict, 'deny');
    }),
    { numRuns: 50 },
  );
});

const at = (path: string, pattern: string) => isAtPath(path, pattern, { roots: ['/w', '/v'] });

test('patterns of names and paths', () => {
  assert.ok(isNamed('get_x', 'get_*') && isNamed('a.b', 'a.b') && isNamed('', '*'));
  assert.ok(!isNamed('axb', 'a.b') && !isNamed('get', 'get_*') && !isNamed('x\nget_a', 'get_*'));
  const matching = [
    ['/w/a', 'a'],
    ['/v/a/b', 'a'],
    ['/w/a.ts', '*.ts'],
    ['/w/x/y.ts', '**/y.ts'],
    ['/y.ts', '**/y.ts'],
    ['/w/a/x/b', 'a/**/b'],
    ['/w/a/b', 'a/**/b'],
    ['/w/a1', 'a?'],
    ['/etc/x', '/etc/'],
    ['/w/a+b', 'a+b'],
  ] as const;
  for (const [path, pattern] of matching) assert.ok(at(path, pattern), `${path} ${pattern}`);
  const others = [
    ['/w/ab', 'a'],
    ['/w/x/a.ts', '*.ts'],
    ['/w/xy.ts', '**/y.ts'],
    ['/w/a/', 'a?'],
    ['/wx/a', 'a'],
    ['/etcx', '/etc'],
    ['/w/aab', 'a+b'],
  ] as const;
  for (const [path, pattern] of others) assert.ok(!at(path, pattern), `${path} ${pattern}`);
});

test('a rule is about something, and has no other keys; both checks agree on that', () => {
  const good = [
    { action: 'deny', command: ['a', 'b'] },
    { action: 'ask', confined: true },
  ];
  const bad = [
    {},
    { action: 'deny' },
    { action: 'deny', reason: 'x' },
    { action: 'refuse', command: 'a' },
    { action: 'deny', command: '' },
    { action: 'deny', command: ' ' },
    { action: 'deny', command: [] },
    { action: 'deny', comand: 'a' },
    { action: 'deny', kind: 'run' },
    { action: 'deny', path: 3 },
    null,
    [],
    'deny',
  ];
  for (const one of good) assert.ok(isRule(one) && ruleSchema.safeParse(one).success);
  for (const one of bad) {
    assert.equal(isRule(one), false, JSON.stringify(one));
    assert.equal(ruleSchema.safeParse(one).success, false, JSON.stringify(one));
  }
});
