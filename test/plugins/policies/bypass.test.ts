import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import type { Effect, Settings } from '../../../core/index.ts';
import { resolvePath } from '../../../plugins/machines/local/files.ts';
import approval from '../../../plugins/policies/approval.ts';
import type { PlacedRule } from '../../../plugins/policies/rules/rule.ts';
import { policyOf } from '../../contracts/policies.ts';
import { sampleSettings } from '../../contracts/sample-items.ts';
import { allowed, bypasses } from './bypasses.ts';
import { remove } from '../../fixtures/folders.ts';

process.env['PATH'] = '/usr/bin:/bin';

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-bypass-')));
mkdirSync(join(cwd, 'sub'));
symlinkSync('/etc', join(cwd, 'link'));
after(() => remove(cwd));

const rules: readonly PlacedRule[] = allowed.map((command) => ({
  rule: { action: 'allow', command },
  layer: 'user',
}));
const policy = await policyOf(approval({ rules, resolve: (path) => resolvePath(path, '/') }));
const attempts = Object.entries(bypasses).flatMap(([how, texts]) =>
  texts.map((text) => ({ how, text })),
);

async function judge(text: string, settings: Partial<Settings>, confined: 'full' | 'none') {
  const effect: Effect = {
    origin: { kind: 'tool', name: 'shell' },
    kind: 'spawn',
    argv: ['bash', '-c', text],
    cwd,
    confined,
    network: confined === 'none',
  };
  return policy.judge(effect, { ...sampleSettings, cwd, roots: [cwd], ...settings });
}

test(`${attempts.length} attempts are neither known reads nor allowed by a rule they do not deserve`, async () => {
  assert.ok(attempts.length >= 200);
  const through: string[] = [];
  for (const { how, text } of attempts) {
    const inside = await judge(text, { approval: 'untrusted' }, 'full');
    const outside = await judge(text, { approval: 'on-request' }, 'none');
    const never = await judge(text, { approval: 'never' }, 'none');
    const verdicts = [inside, outside, never].map((one) => one?.verdict).join(' ');
    if (verdicts !== 'ask ask deny') through.push(`${how}: ${JSON.stringify(text)} ${verdicts}`);
  }
  assert.deepEqual(through, []);
});

const deserving: readonly string[] = [
  'npm test',
  '/usr/bin/npm test',
  'npm test -- --grep "a b"',
  'CI=1 npm test 2>&1 | tail -n 20',
  'cd sub && npm test > out.txt',
  'timeout -k 5 60 npm test',
  'nohup npm test > log.txt 2>&1 &',
  'env CI=1 npm test',
  'bash -c "npm test && echo done"',
  'for i in 1 2; do npm test; done',
  "git commit -m \"$(cat <<'END'\nA title\n\nIt's text; $(not run) `nor this`\nEND\n)\"",
  'git commit -m "$message"',
  'git push -u origin feature',
  'timeout 5 node x.js',
  'node build.js --fast',
  'find . -name "*.ts"',
  'if [ -f package.json ]; then npm test; else echo "none"; fi',
];

test('what deserves a rule is allowed by it, with the rule and its layer named', async () => {
  for (const text of deserving) {
    const verdict = await judge(text, { approval: 'on-request' }, 'none');
    assert.equal(verdict?.verdict, 'allow', text);
    assert.match(verdict.rule, /"action":"allow"/);
    assert.equal(verdict.layer, 'user');
  }
});
