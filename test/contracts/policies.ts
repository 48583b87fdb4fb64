/** What every policy must do; each implementation runs this suite. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { Effect, Origin, Plugin, Policy, Settings, Verdict } from '../../core/index.ts';
import { valuesOf } from './collect.ts';
import { sampleSettings } from './sample-items.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '/work/a',
    '/etc/passwd',
    '/',
    '..',
    'rm',
    'bash',
    '-c',
    'cat a',
    '__proto__',
    'constructor',
  ),
);
const origins: readonly Origin['kind'][] = ['tool', 'plugin', 'mcp', 'agent', 'client', 'hook'];
const owner = {
  origin: fc.record({ kind: fc.constantFrom(...origins), name: text }),
  thread: fc.constantFrom('t1', 't2'),
};

/** Any effect at all. */
export const anyEffect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({
    ...owner,
    kind: fc.constant('spawn' as const),
    argv: fc.array(text, { minLength: 1, maxLength: 5 }),
    cwd: text,
    confined: fc.constantFrom('full' as const, 'partial' as const, 'none' as const),
    network: fc.boolean(),
  }),
  fc.record({
    ...owner,
    kind: fc.constant('input' as const),
    process: text,
    argv: fc.array(text),
    data: text,
  }),
  fc.record({ ...owner, kind: fc.constant('read' as const), path: text, inside: fc.boolean() }),
  fc.record({
    ...owner,
    kind: fc.constant('write' as const),
    path: text,
    inside: fc.boolean(),
    remove: fc.boolean(),
  }),
  fc.record({ ...owner, kind: fc.constant('fetch' as const), url: text, method: text }),
  fc.record({
    ...owner,
    kind: fc.constant('call' as const),
    server: text,
    tool: text,
    args: fc.jsonValue(),
    confined: fc.boolean(),
  }),
);

/** Any settings that a policy may look at. */
export const anySettings: fc.Arbitrary<Settings> = fc
  .record({
    sandbox: fc.constantFrom(
      'read-only' as const,
      'workspace-write' as const,
      'danger-full-access' as const,
    ),
    approval: fc.constantFrom('untrusted' as const, 'on-request' as const, 'never' as const),
    network: fc.boolean(),
    roots: fc.constantFrom(['/work'], ['/work', '/more'], [], ['/']),
  })
  .map((some) => ({ ...sampleSettings, ...some }));

export function policyContract(name: string, plugin: () => Plugin): void {
  test(`${name}: whatever the effect, it gives a verdict with reason and rule, or no opinion`, async () => {
    const policy = await policyOf(plugin());
    assert.equal(policy.name, name);
    await fc.assert(
      fc.asyncProperty(anyEffect, anySettings, async (effect, settings) => {
        const verdict = await policy.judge(effect, settings);
        if (verdict === undefined) return;
        assert.match(verdict.verdict, /^(allow|ask|deny)$/);
        assert.notEqual(verdict.reason, '');
        assert.notEqual(verdict.rule, '');
        assert.deepEqual(JSON.parse(JSON.stringify(verdict)), verdict);
      }),
    );
  });

  test(`${name}: the same effect gets the same verdict each time`, async () => {
    const policy = await policyOf(plugin());
    await fc.assert(
      fc.asyncProperty(anyEffect, anySettings, async (effect, settings) => {
        const first = await policy.judge(effect, settings);
        assert.deepEqual(await policy.judge(effect, settings), first);
      }),
    );
  });

  test(`${name}: no other origin may do what a tool may not, but for the reads and requests of plugins`, async () => {
    await fc.assert(
      fc.asyncProperty(anyEffect, anySettings, async (effect, settings) => {
        const { kind } = effect.origin;
        if (kind === 'plugin' && (effect.kind === 'read' || effect.kind === 'fetch')) return;
        const policy = await policyOf(plugin());
        const ofTool = await policy.judge(
          { ...effect, origin: { kind: 'tool', name: 'shell' } },
          settings,
        );
        const ofOther = await policy.judge(effect, settings);
        assert.ok(strictness(ofOther) >= strictness(ofTool));
      }),
    );
  });
}

/** The one policy that a plugin adds. */
export async function policyOf(plugin: Plugin): Promise<Policy> {
  const [policy, ...more] = (await valuesOf(plugin))['policies'] ?? [];
  assert.deepEqual(more, []);
  return policy as Policy;
}

function strictness(verdict: Verdict | undefined): number {
  return verdict === undefined ? -1 : ['allow', 'ask', 'deny'].indexOf(verdict.verdict);
}
