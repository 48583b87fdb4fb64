/** The filter is read by a small interpreter, for both machines; the escape suite tries it in the kernel of this one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { assemble } from '../../../../plugins/sandboxes/bubblewrap/bpf.ts';
import {
  type FilterOptions,
  seccompFilter,
} from '../../../../plugins/sandboxes/bubblewrap/filter.ts';
import {
  type Architecture,
  auditArchitecture,
  lastKnownCall,
  numberOf,
  type SystemCall,
} from '../../../../plugins/sandboxes/bubblewrap/system-calls.ts';

const architectures: readonly Architecture[] = ['x64', 'arm64'];
const usual = { isRoot: false, unixSockets: false, ptrace: false };

interface Call {
  readonly number: number;
  readonly args?: readonly number[];
  /** As the kernel names it; default: the filter's. */
  readonly audit?: number;
}

/** What the kernel would do, by the rules of seccomp(2): arguments are 64 bits, the low half first. */
function verdict(options: FilterOptions, { number, args = [], audit }: Call): string {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, audit ?? auditArchitecture[options.architecture], true);
  args.forEach((value, index) => data.setBigUint64(16 + 8 * index, BigInt(value), true));
  const result = interpret(seccompFilter(options), data);
  const names: Record<number, string> = {
    0x7fff0000: 'allow',
    0x80000000: 'kill',
    0x50001: 'refuse',
    0x50026: 'unknown',
  };
  return names[result] ?? `an unheard-of ${result}`;
}

function interpret(program: Uint8Array, data: DataView): number {
  const code = new DataView(program.buffer);
  let value = 0;
  for (let at = 0; at * 8 < program.length; at++) {
    const k = code.getUint32(at * 8 + 4, true);
    const jump = (isTrue: boolean) => (at += code.getUint8(at * 8 + (isTrue ? 2 : 3)));
    const steps: Record<number, () => number | void> = {
      0x20: () => void (value = data.getUint32(k, true)),
      0x54: () => void (value = (value & k) >>> 0),
      0x06: () => k,
      0x15: () => void jump(value === k),
      0x25: () => void jump(value > k),
      0x45: () => void jump((value & k) !== 0),
    };
    const result = steps[code.getUint16(at * 8, true)]?.();
    if (result !== undefined) return result;
  }
  throw new Error('expected the program to end with a verdict');
}

const numberFor = (call: SystemCall, architecture: Architecture) => {
  const number = numberOf(call, architecture);
  assert.ok(number !== undefined, `${architecture} has no ${call}`);
  return number;
};

for (const architecture of architectures) {
  const options = { ...usual, architecture };
  const on = (call: SystemCall, ...args: readonly number[]) =>
    verdict(options, { number: numberFor(call, architecture), args });

  test(`${architecture}: what only administrators do is refused`, () => {
    for (const call of [
      'mount',
      'setns',
      'bpf',
      'ptrace',
      'keyctl',
      'open_tree_attr',
      'reboot',
    ] as const)
      assert.equal(on(call), 'refuse', call);
  });

  test(`${architecture}: calls whose arguments cannot be seen are unknown, as are later ones`, () => {
    for (const call of ['clone3', 'openat2', 'io_uring_setup'] as const)
      assert.equal(on(call), 'unknown');
    for (const number of [lastKnownCall + 1, 0x3fff_ffff])
      assert.equal(verdict(options, { number }), 'unknown');
  });

  test(`${architecture}: other machines’ calls end the program`, () => {
    for (const audit of [0x4000_0003, 0x4000_0028, 0])
      assert.equal(verdict(options, { number: 1, audit }), 'kill');
    assert.equal(verdict(options, { number: 0x4000_0027 }), 'kill');
  });

  test(`${architecture}: sockets are those of the internet, of routing and connected pairs`, () => {
    assert.deepEqual(
      [2, 10].map((domain) => on('socket', domain, 1, 0)),
      ['allow', 'allow'],
    );
    for (const domain of [1, 17, 38, 40, 31, 0]) assert.equal(on('socket', domain, 1, 0), 'refuse');
    assert.deepEqual(
      [0, 15, 9].map((kind) => on('socket', 16, 3, kind)),
      ['allow', 'refuse', 'refuse'],
    );
    const types = [1, 5, 1 | 0o2_000_000, 2, 3, 2 | 0o4000];
    const verdicts = ['allow', 'allow', 'allow', 'refuse', 'refuse', 'refuse'];
    assert.deepEqual(
      types.map((type) => on('socketpair', 1, type, 0)),
      verdicts,
    );
  });

  test(`${architecture}: Unix sockets and tracing can be allowed`, () => {
    const open = { ...options, unixSockets: true, ptrace: true };
    const call = (name: SystemCall, ...args: readonly number[]) =>
      verdict(open, { number: numberFor(name, architecture), args });
    assert.deepEqual(
      [
        call('socket', 1, 1),
        call('socketpair', 1, 2),
        call('ptrace'),
        call('socket', 40, 1),
        call('mount'),
      ],
      ['allow', 'allow', 'allow', 'refuse', 'refuse'],
    );
  });

  test(`${architecture}: a process is made, but no namespace`, () => {
    assert.equal(on('clone', 0x0120_0011), 'allow');
    for (const flag of [
      0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000,
    ]) {
      assert.equal(on('clone', flag | 17), 'refuse');
      assert.equal(on('unshare', flag), 'refuse');
    }
    assert.deepEqual([on('unshare', 0x80), on('unshare', 0x200)], ['refuse', 'allow']);
  });

  test(`${architecture}: a terminal is not typed into, and otherwise used`, () => {
    assert.deepEqual(
      [0x5412, 0x541c, 0x5401, 0x5413].map((request) => on('ioctl', 0, request)),
      ['refuse', 'refuse', 'allow', 'allow'],
    );
  });

  test(`${architecture}: no file is made setuid, whatever else its mode is`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0o7777 }), fc.boolean(), (mode, isRoot) => {
        const own = { ...options, isRoot };
        const isBad = (mode & (isRoot ? 0o6000 : 0o4000)) !== 0;
        const call = (name: SystemCall, ...args: readonly number[]) =>
          verdict(own, { number: numberFor(name, architecture), args });
        const results = [
          call('fchmod', 3, mode),
          call('fchmodat', 3, 0, mode),
          call('fchmodat2', 3, 0, mode, 0),
          call('mknodat', 3, 0, mode | 0o100000),
          call('openat', 3, 0, 0o102, mode),
          call('openat', 3, 0, 0o20_200_001, mode),
        ];
        assert.deepEqual(new Set(results), new Set([isBad ? 'refuse' : 'allow']));
        assert.equal(call('openat', 3, 0, 0o1, mode), 'allow');
      }),
    );
  });

  test(`${architecture}: every other call is allowed`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: lastKnownCall }), (number) => {
        const ways = ['allow', 'refuse', 'unknown'];
        assert.ok(ways.includes(verdict(options, { number })));
      }),
    );
    const common = architecture === 'x64' ? [0, 1, 3, 9, 59, 231] : [63, 64, 57, 222, 221, 94];
    assert.deepEqual(
      new Set(common.map((number) => verdict(options, { number }))),
      new Set(['allow']),
    );
  });
}

test('the calls that only x86-64 has are dealt with, and no number is taken twice', () => {
  const options = { ...usual, architecture: 'x64' } as const;
  assert.equal(verdict(options, { number: 90, args: [0, 0o4755] }), 'refuse');
  assert.equal(verdict(options, { number: 2, args: [0, 0o102, 0o4755] }), 'refuse');
  assert.equal(verdict(options, { number: 85, args: [0, 0o4755] }), 'refuse');
  assert.equal(verdict(options, { number: 133, args: [0, 0o104755] }), 'refuse');
});

test('a jump that is too far, backwards or to nowhere is a mistake that is told', () => {
  const jump = { op: 'jump', when: 'equal', value: 0, to: 'x' } as const;
  const end = { op: 'return', value: 0 } as const;
  const label = { op: 'label', name: 'x' } as const;
  for (const lines of [
    [jump, end],
    [label, jump, end],
    [jump, ...Array.from({ length: 256 }, () => end), label, end],
  ])
    assert.throws(() => assemble(lines), /expected the label x at most 255 steps further down/);
});
