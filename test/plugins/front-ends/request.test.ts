import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readRequest } from '../../../plugins/front-ends/exec/request.ts';

const read = (...argv: readonly string[]) => readRequest(argv, { cwd: '/work' });

test('without flags a request is a prompt and nothing else', () => {
  assert.deepEqual(read('do it'), {
    prompt: 'do it',
    format: 'text',
    deltas: false,
    outputSchema: undefined,
    outputLastMessage: undefined,
    images: [],
    settings: {},
    addedRoots: [],
    limits: {},
    ephemeral: false,
    notices: [],
  });
});

test('a prompt that is - or not there comes from stdin; after -- it is taken as it is', () => {
  assert.equal(read().prompt, undefined);
  assert.equal(read('-').prompt, undefined);
  assert.equal(read('resume', 'abc', '-').prompt, undefined);
  assert.equal(read('--', '-').prompt, '-');
  assert.equal(read('--', 'resume').prompt, 'resume');
  assert.equal(read('--', '--json').prompt, '--json');
});

test('resume takes an id or --last, with flags before and after', () => {
  assert.deepEqual(read('resume', 'abc', 'go').resume, { thread: 'abc' });
  assert.deepEqual(read('--json', 'resume', 'abc', '--model', 'm', 'go').resume, { thread: 'abc' });
  assert.equal(read('resume', '--last', 'go').resume, 'last');
  assert.deepEqual(
    [read('resume', '--last').prompt, read('resume', '--last', 'go').prompt],
    [undefined, 'go'],
  );
  assert.deepEqual(read('resume', 'abc', '--', 'resume'), {
    ...read('resume', 'abc'),
    prompt: 'resume',
  });
});

test('paths are taken from the folder; flags of settings and limits say only what was given', () => {
  const request = read(
    '-C',
    'sub',
    '-i',
    'a.png',
    '--image=/b.png',
    '--add-dir',
    '../other',
    '--timeout',
    '1.5',
    '--max-steps=3',
    '-s',
    'read-only',
    '--network',
    'x',
  );
  assert.deepEqual(request.images, ['/work/a.png', '/b.png']);
  assert.deepEqual(request.settings, { cwd: '/work/sub', sandbox: 'read-only', network: true });
  assert.deepEqual(request.addedRoots, ['/other']);
  assert.deepEqual(request.limits, { steps: 3, timeoutMs: 1500 });
  const linked = readRequest(['--cd', 'link', 'x'], { cwd: '/work', folder: '/real' });
  assert.equal(linked.settings.cwd, '/real');
});

test('of a flag that comes twice the last counts', () => {
  assert.equal(read('--model', 'a', '--model', 'b', 'x').settings.model, 'b');
});

test('the keys and flags of Codex clients are mapped, what has no meaning here is noticed', () => {
  const request = read(
    '--experimental-json',
    '--config',
    'model_reasoning_effort="high"',
    '--config',
    'approval_policy="on-failure"',
    '--config',
    'sandbox_workspace_write.network_access=true',
    '--config',
    'features.x=1',
    '--thread-source',
    'test',
    '--skip-git-repo-check',
    'resume',
    'abc',
  );
  assert.equal(request.format, 'codex');
  assert.deepEqual(request.settings, { effort: 'high', approval: 'on-request', network: true });
  assert.deepEqual(request.notices, ['--config features.x=1 has no effect here']);
});

test('a flag over --config, wherever it stands', () => {
  assert.equal(read('--model', 'flag', '--config', 'model="config"', 'x').settings.model, 'flag');
});

const refused: readonly (readonly [readonly string[], RegExp])[] = [
  [['--jsno', 'x'], /no flag --jsno; there are --json, /],
  [['-z'], /no flag -z; /],
  [['one', 'two'], /expected one prompt, but got 2 \("one", "two"\): put it in quotes/],
  [['--model'], /expected --model NAME, but no NAME follows/],
  [['--model', '--json', 'x'], /expected --model NAME, but no NAME follows/],
  [['--json=yes', 'x'], /expected --json alone, but got --json=yes/],
  [
    ['--sandbox', 'none', 'x'],
    /expected --sandbox read-only\|workspace-write\|danger-full-access, but got "none"/,
  ],
  [
    ['--approval', 'always', 'x'],
    /expected --approval untrusted\|on-request\|never, but got "always"/,
  ],
  [['--max-steps', '0', 'x'], /--max-steps to be a whole number above 0, but got "0"/],
  [['--max-steps', '1.5', 'x'], /whole number above 0, but got "1.5"/],
  [['--timeout', 'soon', 'x'], /--timeout to be a number above 0, but got "soon"/],
  [['--timeout', '', 'x'], /--timeout to be a number above 0, but got ""/],
  [['--last', 'x'], /expected --last after "resume"/],
  [['resume'], /expected a thread to resume: spindle exec resume ID\|--last/],
  [['--config', 'model', 'x'], /expected --config KEY=VALUE, but got "model"/],
];

for (const [argv, message] of refused) {
  test(`"${argv.join(' ')}" is refused with what was expected`, () => {
    assert.throws(() => read(...argv), { code: 'invalid', message });
  });
}
