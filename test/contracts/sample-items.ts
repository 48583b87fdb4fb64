/** One item of every type, as a thread holds them: a type without a sample does not compile. */

import type { Body, Item, Settings, Stamped, ThreadItem } from '../../core/index.ts';

type Samples = { readonly [T in Body['type']]: Extract<Body, { readonly type: T }> };

export const sampleSettings: Settings = {
  cwd: '/work',
  roots: ['/work'],
  provider: 'scripted',
  model: 'small',
  effort: 'low',
  sandbox: 'workspace-write',
  approval: 'on-request',
  network: false,
  instructions: 'be brief',
  tools: ['shell'],
  clientTools: [{ name: 'open', description: 'opens a file', inputSchema: { type: 'object' } }],
};

const effect = { kind: 'spawn', argv: ['ls'] };
const origin = { kind: 'tool', name: 'shell' } as const;

const samples: Samples = {
  thread: {
    type: 'thread',
    version: 1,
    id: 'sample',
    settings: sampleSettings,
    parent: { thread: 'mother', call: 'c0' },
    fork: { thread: 'twin', after: 7 },
  },
  meta: { type: 'meta', name: 'a name', archived: false },
  settings: { type: 'settings', changes: { effort: 'high' } },
  turn: {
    type: 'turn',
    id: 't1',
    limits: { steps: 3, timeoutMs: 1000, tokens: 5000 },
    outputSchema: { type: 'object' },
  },
  tools: {
    type: 'tools',
    tools: [{ name: 'shell', description: 'runs a command', inputSchema: { type: 'object' } }],
  },
  fragment: {
    type: 'fragment',
    plugin: 'system',
    source: 'spindle',
    stability: 'fixed',
    role: 'system',
    text: 'You are …',
    pinned: true,
    opaque: { provider: 'scripted', data: [] },
  },
  refs: { type: 'refs', plugin: 'history', ranges: [[1, 4]] },
  user: {
    type: 'user',
    content: [
      { type: 'text', text: 'make the failing test pass' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
      {
        type: 'resource',
        resource: { uri: 'file:///a', mimeType: 'text/plain', text: 'a', blob: 'AA==' },
      },
      { type: 'resource_link', uri: 'file:///b', name: 'b', mimeType: 'text/plain' },
    ],
    how: 'start',
    clientId: 'mine-1',
  },
  reasoning: {
    type: 'reasoning',
    id: 'r1',
    summary: ['thinks'],
    text: 'thinks aloud',
    opaque: { provider: 'scripted', data: { encrypted: 'x' } },
  },
  assistant: { type: 'assistant', id: 'm1', text: 'I look.', phase: 'commentary', cut: true },
  call: { type: 'call', id: 'f1', call: 'c1', name: 'shell', args: '{"command":"ls"}' },
  hosted: {
    type: 'hosted',
    id: 'w1',
    name: 'web_search',
    summary: 'searched',
    opaque: { provider: 'scripted', data: [] },
  },
  result: {
    type: 'result',
    call: 'c1',
    name: 'shell',
    content: [{ type: 'text', text: 'a\n' }],
    isError: false,
    detail: { exitCode: 0 },
    full: { blob: 'f'.repeat(64), bytes: 100_000 },
    durationMs: 3,
  },
  step: {
    type: 'step',
    provider: 'scripted',
    model: 'small',
    usage: { input: 10, cached: 5, output: 3, reasoning: 1 },
    estimate: 12,
    stop: 'end',
    durationMs: 5,
  },
  discarded: { type: 'discarded', id: 'm0', reason: 'the answer was cut off' },
  decision: {
    type: 'decision',
    id: 'd1',
    origin,
    call: 'c1',
    effect,
    verdict: 'allow',
    reason: 'runs inside the sandbox',
    rule: 'approval on-request',
    policy: 'approval',
    layer: 'user',
    file: '/home/me/.config/spindle/config.json',
    by: 'exec',
  },
  question: {
    type: 'question',
    id: 'q1',
    call: 'c1',
    question: {
      kind: 'approval/ask',
      effect,
      origin,
      reason: 'it leaves the sandbox',
      rule: 'approval on-request',
      proposal: { allow: ['ls'] },
    },
  },
  answer: {
    type: 'answer',
    question: 'q1',
    answer: { decision: 'once', remark: 'fine', value: 1 },
    by: 'exec',
  },
  notice: {
    type: 'notice',
    level: 'warning',
    plugin: 'retry',

    message: 'tries again',
  },
  window: {
    type: 'window',
    reason: 'compaction',
    by: 'summary',
    entries: [
      { keep: [0, 3] },
      {
        fragment: {
          plugin: 'summary',
          source: 'summary',
          stability: 'turn',
          role: 'developer',
          text: 'so far',
          pinned: false,
          opaque: { provider: 'scripted', data: [] },
        },
      },
    ],
    before: 1000,
    after: 100,
  },
  end: {
    type: 'end',
    id: 't1',
    status: 'failed',
    limit: 'steps',
    error: { code: 'model_busy', message: 'busy', plugin: 'openai-responses' },
    durationMs: 10,
  },
};

/** Every sample in order, in a thread of this id that was started in this way. */
export function sampleThread(id: string, changes: Partial<ThreadItem> = {}): readonly Item[] {
  const bodies: readonly Body[] = Object.values({
    ...samples,
    thread: { ...samples.thread, id, ...changes },
  });
  return bodies.map((body, n) => stamp(body, n));
}

/** A body in its place; the time grows with the ordinal. */
export function stamp<B extends Body>(body: B, n: number): Stamped<B> {
  return { n, at: 1_700_000_000_000 + n, ...(n > 3 ? { turn: 't1' } : {}), ...body };
}
