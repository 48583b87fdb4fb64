/** A long thread, made as a turn after the other would have written it. */

import type { Body, Item } from '../../../core/index.ts';

/** Items of one step: what the model thought, called and got. */
const itemsOfStep = 5;
const stepsOfTurn = 50;

export interface LongThread {
  readonly id: string;
  readonly items: readonly Item[];
}

/** So many items with so many bytes as JSON, about; `cwd` is where it seems to have run. */
export function longThread(
  count: number,
  { bytes, cwd }: { bytes: number; cwd: string },
): LongThread {
  const id = '01900000-0000-7000-8000-000000000000';
  const perResult = Math.max(10, Math.floor((bytes / count) * itemsOfStep) - 1100);
  const place = { cwd, roots: [cwd], provider: 'long', model: 'long' } as const;
  const settings = {
    ...place,
    sandbox: 'danger-full-access',
    approval: 'never',
    network: false,
  } as const;
  const bodies: Body[] = [{ type: 'thread', version: 1, id, settings }];
  bodies.push({ type: 'tools', tools: [] });
  for (let step = 0; bodies.length < count; step++) {
    if (step % stepsOfTurn === 0) bodies.push(...turnStart(step, bodies.length));
    bodies.push(...stepItems(step, perResult));
  }
  const items = bodies
    .slice(0, count)
    .map((body, n): Item => ({ ...body, n, at: 1.7e12 + n, turn: 't0' }));
  return { id, items };
}

/** The window keeps what was before, as `history` has it. */
function turnStart(step: number, n: number): readonly Body[] {
  const said = [{ type: 'text', text: `Go on with part ${step}.` }] as const;
  return [
    { type: 'turn', id: `turn-${step}` },
    { type: 'refs', plugin: 'history', ranges: [[0, n]] },
    { type: 'user', content: said, how: 'start' },
  ];
}

function stepItems(step: number, size: number): readonly Body[] {
  const id = `call-${step}`;
  const command = `sed -n ${step},+40p file.ts`;
  const line = `${step}: the quick brown fox "jumps" over the lazy dog\n`;
  const text = line.repeat(Math.ceil(size / line.length)).slice(0, size);
  const usage = { input: 1000 + step, cached: 1000, output: 40, reasoning: 10 };
  const opaque = { provider: 'long', data: 'x'.repeat(400) };
  return [
    { type: 'reasoning', id: `r-${step}`, summary: [], opaque },
    { type: 'call', id, call: id, name: 'shell', args: JSON.stringify({ command }) },
    {
      type: 'step',
      provider: 'long',
      model: 'long',
      stop: 'end',
      usage,
      estimate: 1000,
      durationMs: 5,
    },
    {
      type: 'decision',
      id: `d-${step}`,
      call: id,
      effect: { kind: 'spawn', argv: ['bash', '-c', command] },
      origin: { kind: 'tool', name: 'shell' },
      verdict: 'allow',
      policy: 'approval',
      reason: 'it stays in the sandbox',
      rule: 'on-request',
    },
    {
      type: 'result',
      call: id,
      name: 'shell',
      isError: false,
      durationMs: 3,
      content: [{ type: 'text', text }],
      detail: { command, exitCode: 0 },
    },
  ];
}
