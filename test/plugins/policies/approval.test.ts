import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import * as fc from 'fast-check';

import {
  tools,
  type Effect,
  type Plugin,
  type Settings,
  type Verdict,
} from '../../../core/index.ts';
import approval from '../../../plugins/policies/approval.ts';
import { anyEffect, anySettings, policyContract, policyOf } from '../../contracts/policies.ts';
import { ripgrepArguments } from '../../../plugins/tools/ripgrep/arguments.ts';
import { sampleSettings } from '../../contracts/sample-items.ts';
import { openToolThread, textOfResult } from '../../contracts/tool-thread.ts';

// Known reads depend on it: the one of whoever runs the tests may lead into the sample root.
process.env['PATH'] = '/usr/bin:/bin';

policyContract('approval', approval);

const origin = { kind: 'tool', name: 'shell' } as const;
const spawn = {
  origin,
  kind: 'spawn',
  argv: ['make'],
  cwd: '/work',
  confined: 'full',
  network: false,
} as const;
const write = { origin, kind: 'write', path: '/work/a', inside: true, remove: false } as const;
const read = { origin, kind: 'read', path: '/work/a', inside: true } as const;
const fetch = { origin, kind: 'fetch', url: 'https://example.com', method: 'GET' } as const;
const call = { origin, kind: 'call', server: 's', tool: 't', args: {}, confined: false } as const;
const input = { origin, kind: 'input', process: 'p1', argv: ['make'], data: 'y\n' } as const;

const staying: readonly Effect[] = [
  spawn,
  { ...spawn, confined: 'partial' },
  write,
  { ...write, remove: true },
  read,
  { ...read, path: '/usr/include/stdio.h', inside: false },
  input,
  { ...call, confined: true },
];

const leaving: readonly (readonly [Effect, RegExp])[] = [
  [{ ...spawn, confined: 'none' }, /--sandbox danger-full-access/],
  [{ ...spawn, network: true }, /network: true/],
  [{ ...write, path: '/etc/hosts', inside: false }, /\/etc\/hosts.*root/],
  [{ ...write, path: '/work/.git/hooks/pre-commit' }, /\.git .*danger-full-access/],
  [{ ...write, path: '/work/a/.GIT/config', remove: true }, /\.git/],
  [{ ...write, path: '/work/.mcp.json' }, /\.mcp\.json/],
  [{ ...write, path: '/work/.spindlerc.json' }, /\.spindlerc/],
  [{ ...write, path: '/work/.vscode/tasks.json' }, /\.vscode/],
  [{ ...read, path: '/home/me/.ssh/id', inside: false }, /\.ssh\/id.*root/],
  [{ ...read, path: '/usrx/a', inside: false }, /outside/],
  [fetch, /network: true/],
  [call, /acts outside/],
];

async function judge(effect: Effect, settings: Partial<Settings>): Promise<Verdict> {
  const policy = await policyOf(approval());
  const verdict = await policy.judge(effect, { ...sampleSettings, ...settings });
  assert.ok(verdict !== undefined);
  return verdict;
}

test('on-request: what stays in the sandbox is allowed, what leaves it is asked, with what would allow it', async () => {
  for (const effect of staying)
    assert.equal((await judge(effect, {})).verdict, 'allow', JSON.stringify(effect));
  for (const [effect, hint] of leaving) {
    const { verdict, reason, rule } = await judge(effect, {});
    assert.equal(verdict, 'ask', JSON.stringify(effect));
    assert.match(reason, hint);
    assert.equal(rule, 'approval on-request');
  }
});

test('never: what leaves the sandbox is refused, with the flag or setting that would allow it', async () => {
  for (const effect of staying)
    assert.equal((await judge(effect, { approval: 'never' })).verdict, 'allow');
  for (const [effect, hint] of leaving) {
    const { verdict, reason } = await judge(effect, { approval: 'never' });
    assert.equal(verdict, 'deny', JSON.stringify(effect));
    assert.match(reason, hint);
    assert.match(reason, /--approval on-request/);
  }
});

test('a read-only sandbox is left by any write', async () => {
  const { verdict, reason } = await judge(write, { sandbox: 'read-only' });
  assert.equal(verdict, 'ask');
  assert.match(reason, /--sandbox workspace-write/);
});

test('with danger-full-access there is nothing to leave', async () => {
  for (const approvalMode of ['on-request', 'never'] as const) {
    for (const effect of [...staying, ...leaving.map(([one]) => one)]) {
      const { verdict } = await judge(effect, {
        sandbox: 'danger-full-access',
        approval: approvalMode,
      });
      assert.equal(verdict, 'allow', JSON.stringify(effect));
    }
  }
});

test('with the network on, requests and commands that use it stay inside', async () => {
  assert.equal((await judge(fetch, { network: true })).verdict, 'allow');
  assert.equal((await judge({ ...spawn, network: true }, { network: true })).verdict, 'allow');
});

test('plugins read and fetch without a question in every mode, but do not write or run', async () => {
  const byPlugin = { origin: { kind: 'plugin', name: 'agents-md' } } as const;
  for (const approvalMode of ['untrusted', 'on-request', 'never'] as const) {
    const settings = { approval: approvalMode };
    assert.equal(
      (await judge({ ...read, ...byPlugin, inside: false, path: '/home/me/AGENTS.md' }, settings))
        .verdict,
      'allow',
    );
    assert.equal((await judge({ ...fetch, ...byPlugin }, settings)).verdict, 'allow');
    assert.notEqual(
      (await judge({ ...write, ...byPlugin, inside: false }, settings)).verdict,
      'allow',
    );
    assert.notEqual(
      (await judge({ ...spawn, ...byPlugin, confined: 'none' }, settings)).verdict,
      'allow',
    );
  }
});

test('the input of a command that left the sandbox is judged like the command', async () => {
  const policy = await policyOf(approval());
  const verdictOf = async (effect: Effect) => (await policy.judge(effect, sampleSettings))?.verdict;
  assert.equal(await verdictOf({ ...input, thread: 'a' }), 'allow');
  assert.equal(await verdictOf({ ...spawn, thread: 'a', confined: 'none' }), 'ask');
  assert.equal(await verdictOf({ ...input, thread: 'a' }), 'ask');
  assert.equal(await verdictOf({ ...input, thread: 'b' }), 'allow');
});

const knownReads: readonly (readonly string[])[] = [
  ['ls'],
  ['ls', '-la', 'src'],
  ['cat', 'a', './b/../c', '/work/d'],
  ['bash', '-c', 'cat src/a.ts'],
  ['/bin/sh', '-c', ' head -n 20 a '],
  ['bash', '-c', "grep -rn 'a b' ."],
  ['bash', '-c', 'rg -n "to do" src'],
  ['bash', '-c', 'find . -name x.ts -type f'],
  ['bash', '-c', 'wc -l a'],
  ['pwd'],
  ['diff', '-u', 'a', 'b'],
  ...[
    'ls | wc -l',
    'cat a | sort -u | head -n 3 2>/dev/null',
    'ls < a',
    'cat a\\ b',
    "cat $'a\\tb'",
    '! ls',
    '(ls)',
    'ls # all',
    'cd src && cat a.ts; pwd',
    'if [ -f a ]; then cat a; else echo "no $HOME"; fi',
    'for f in a b; do echo "$f"; done',
    'cat <<END\nhello\nEND',
    "sed -n '1,20p' a",
    'git rev-parse --show-toplevel',
    'git branch --show-current',
    'CI=1 LC_ALL=C ls \\\n  -la',
    'set -euo pipefail; ls',
    'echo a >/dev/null 2>&1',
    'jq -r ".a | .b" package.json',
  ].map((script) => ['bash', '-c', script]),
];

const notKnown: readonly (readonly string[])[] = [
  [],
  [''],
  ['make'],
  ['./ls'],
  ['/work/ls'],
  ['constructor'],
  ['ls', '/'],
  ['cat', '/etc/passwd'],
  ['cat', '../x'],
  ['cat', '/workshop/x'],
  ['cat', 'a/../../x'],
  ['find', '.', '-delete'],
  ['find', '.', '-exec', 'rm', '{}', ';'],
  ['find', '.', '-fprint', 'a'],
  ['rg', '--pre', 'evil', 'x'],
  ['rg', '--pre=evil', 'x'],
  ['rg', '--hostname-bin=evil', 'x'],
  ['sort', '-o', 'a', 'b'],
  ['tail', '-f', 'a'],
  ['env', 'ls'],
  ['xargs', 'ls'],
  ['time', 'ls'],
  ['git', 'status'],
  ['sed', '-i', 's/a/b/', 'x'],
  ['bash', '-lc', 'ls'],
  ['bash', '-c', 'ls', 'extra'],
  ['bash', '-c', 'bash -c ls'],
  ['/work/bash', '-c', 'ls'],
  ...[
    '',
    'ls; rm a',
    'ls && rm a',
    'ls & rm a',
    'ls | sh',
    'ls > a',
    'ls\nrm a',
    'ls\rrm a',
    'cat $HOME/x',
    'cat `rm a`',
    'cat "$(rm a)"',
    'cat "a`rm a`"',
    "cat 'a'$(rm a)",
    'cat ~/x',
    'ls *',
    'ls {a,b}',
    'A=b ls',
    'PATH=. ls',
    'eval ls',
    'exec ls',
    'command ls',
    'l\u200bs',
    'ls \u202ea',
    "'l's",
    'cat "/etc/passwd"',
    "cat '/etc/passwd'",
    "cat '..'/x",
    `cat ${'a '.repeat(20_000)}`,
  ].map((script) => ['bash', '-c', script]),
];

test('untrusted: known reads run, all else is asked', async () => {
  const settings = { approval: 'untrusted' } as const;
  for (const argv of knownReads)
    assert.equal((await judge({ ...spawn, argv }, settings)).verdict, 'allow', argv.join(' '));
  for (const argv of notKnown)
    assert.equal(
      (await judge({ ...spawn, argv }, settings)).verdict,
      'ask',
      argv.join(' ').slice(0, 100),
    );
  assert.equal((await judge(read, settings)).verdict, 'allow');
  for (const effect of [write, fetch, call, input, { ...call, confined: true }]) {
    assert.equal((await judge(effect, settings)).verdict, 'ask', effect.kind);
  }
  for (const [effect] of leaving)
    assert.equal((await judge(effect, settings)).verdict, 'ask', JSON.stringify(effect));
});

test('the search tool only reads, with a ripgrep that does not lie in the workspace', async () => {
  const settings = { approval: 'untrusted' } as const;
  const args = ripgrepArguments({ pattern: '/etc/x', glob: '*.ts' }, { literal: false });
  const rg = '/opt/spindle/node_modules/@vscode/ripgrep-linux-x64/bin/rg';
  for (const [program, verdict] of [
    [rg, 'allow'],
    [`/work${rg}`, 'ask'],
    ['/opt/rg', 'ask'],
  ] as const) {
    const judged = await judge({ ...spawn, argv: [program, ...args] }, settings);
    assert.equal(judged.verdict, verdict, program);
  }
  const outside = ripgrepArguments({ pattern: 'x', path: '/etc' }, { literal: true });
  assert.equal((await judge({ ...spawn, argv: [rg, ...outside] }, settings)).verdict, 'ask');
});

test('a read in a folder outside the roots, or with a program that the workspace may bring, is not known', async (t) => {
  const settings = { approval: 'untrusted' } as const;
  assert.equal((await judge({ ...spawn, argv: ['ls'], cwd: '/home/me' }, settings)).verdict, 'ask');
  const path = process.env['PATH'];
  t.after(() => (process.env['PATH'] = path));
  for (const folder of ['/work/node_modules/.bin', '.', '']) {
    process.env['PATH'] = `/usr/bin:${folder}`;
    assert.equal((await judge({ ...spawn, argv: ['ls'] }, settings)).verdict, 'ask', folder);
  }
});

test('untrusted never allows what on-request would not', async () => {
  await fc.assert(
    fc.asyncProperty(anyEffect, anySettings, async (effect, settings) => {
      const untrusted = await judge(effect, { ...settings, approval: 'untrusted' });
      const onRequest = await judge(effect, { ...settings, approval: 'on-request' });
      if (untrusted.verdict === 'allow') assert.equal(onRequest.verdict, 'allow');
    }),
  );
});

test('never asks nobody, and allows what on-request allows', async () => {
  await fc.assert(
    fc.asyncProperty(anyEffect, anySettings, async (effect, settings) => {
      const never = await judge(effect, { ...settings, approval: 'never' });
      const onRequest = await judge(effect, { ...settings, approval: 'on-request' });
      assert.equal(never.verdict, onRequest.verdict === 'ask' ? 'deny' : 'allow');
    }),
  );
});

const writer: Plugin = {
  name: 'writer',
  api: 1,
  setup: (host) => {
    host.add(tools, {
      name: 'write',
      description: 'writes a file',
      inputSchema: { type: 'object' },
      run: async (args, { effects }) => {
        await effects.write(String(args['path']), 'written');
        return { content: [{ type: 'text', text: 'done' }] };
      },
    });
  },
};

test('through the kernel: a write inside happens, one outside or through a link is refused with its reason', async (t) => {
  const thread = await openToolThread(t, {
    plugins: [approval(), writer],
    files: { 'sub/x': '' },
    settings: { sandbox: 'workspace-write', approval: 'never' },
  });
  const outside = join(thread.cwd, '..', `outside-${process.pid}`);
  symlinkSync(outside, join(thread.cwd, 'link'));
  assert.equal((await thread.call('write', { path: 'a' })).isError, false);
  assert.equal(readFileSync(join(thread.cwd, 'a'), 'utf8'), 'written');
  for (const path of [outside, `../outside-${process.pid}`, 'link', '.git/hooks/x']) {
    const result = await thread.call('write', { path });
    assert.equal(result.isError, true, path);
  }
  assert.equal(existsSync(outside), false);
  assert.match(
    textOfResult(await thread.call('write', { path: outside })),
    /outside the workspace.*--approval on-request/,
  );
});

test('through the kernel: on-request asks, and the answer counts', async (t) => {
  const answers = ['deny', 'once'] as const;
  let asked = 0;
  const thread = await openToolThread(t, {
    plugins: [approval(), writer],
    settings: { sandbox: 'workspace-write', approval: 'on-request' },
    answer: () => ({ decision: answers[asked++] ?? 'deny' }),
  });
  mkdirSync(join(thread.cwd, '.vscode'));
  writeFileSync(join(thread.cwd, '.vscode', 'x'), 'old');
  assert.equal((await thread.call('write', { path: '.vscode/x' })).isError, true);
  assert.equal((await thread.call('write', { path: '.vscode/x' })).isError, false);
  assert.equal(readFileSync(join(thread.cwd, '.vscode', 'x'), 'utf8'), 'written');
  assert.equal((await thread.call('write', { path: 'plain' })).isError, false);
  assert.equal(asked, 2);
});
