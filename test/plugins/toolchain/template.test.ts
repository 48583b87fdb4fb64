import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { DeclaredArgument } from '../../../plugins/toolchain/declaration.ts';
import { fillTemplate, parseTemplate } from '../../../plugins/toolchain/template.ts';

const declared = {
  text: { type: 'string' },
  count: { type: 'integer' },
  fast: { type: 'boolean', flag: '--fast' },
  files: { type: 'array' },
} satisfies Record<string, DeclaredArgument>;

type Argv = readonly [string, ...string[]];

/** The filled command line; only the arguments that have a place are declared. */
const fill = (
  argv: Argv,
  values: Record<string, unknown>,
  more: Partial<DeclaredArgument> = {},
) => {
  const placed = Object.entries(declared).filter(([name]) => argv.join(' ').includes(`{${name}}`));
  const all = Object.fromEntries(placed.map(([name, one]) => [name, { ...one, ...more }]));
  return fillTemplate(parseTemplate('tool t', argv, all), values);
};

test('each value stands in its place, as one element or a part of one', () => {
  assert.deepEqual(fill(['p', 'a', '{text}', '--n={count}'], { text: 'x y', count: -3 }), [
    'p',
    'a',
    'x y',
    '--n=-3',
  ]);
  assert.deepEqual(fill(['p', 'x{text}y{count}'], { text: '', count: 0 }), ['p', 'xy0']);
  assert.deepEqual(fill(['p', '{files}', '{fast}'], { files: ['a', 'b'], fast: true }), [
    'p',
    'a',
    'b',
    '--fast',
  ]);
});

test('an element whose argument is not given is left out', () => {
  assert.deepEqual(fill(['p', '{text}', '--n={count}', '{fast}', '{files}', ''], {}), ['p', '']);
  assert.deepEqual(
    fill(['p', '{text}', '{fast}', '{files}'], { text: null, fast: false, files: [] }),
    ['p'],
  );
});

test('doubled braces are braces, single ones that name nothing stay', () => {
  assert.deepEqual(fill(['awk', '{{print}} {} { x }', '{{{text}}}'], { text: 'a' }), [
    'awk',
    '{print} {} { x }',
    '{a}',
  ]);
});

test('a value is no option, but after -- or where the declaration allows it', () => {
  const refused = {
    code: 'invalid',
    message: /expected text not to begin with "-", got "-rf": p would take it for an option/,
  };
  assert.throws(() => fill(['p', '{text}'], { text: '-rf' }), refused);
  assert.throws(() => fill(['p', '{text}/x'], { text: '-rf' }), { code: 'invalid' });
  assert.throws(() => fill(['p', '{text}{count}'], { text: '', count: -1 }), { code: 'invalid' });
  assert.throws(() => fill(['p', '{files}'], { files: ['a', '-b'] }), { code: 'invalid' });
  assert.throws(() => fill(['p', '{text}', '--'], { text: '-rf' }), refused);
  assert.deepEqual(fill(['p', '--', '{text}'], { text: '-rf' }), ['p', '--', '-rf']);
  assert.deepEqual(fill(['p', '--x={text}'], { text: '-rf' }), ['p', '--x=-rf']);
  assert.deepEqual(fill(['p', '{text}'], { text: '-rf' }, { mayBeOption: true }), ['p', '-rf']);
});

test('a value with a NUL is refused', () => {
  assert.throws(
    () => fill(['p', 'a{text}'], { text: 'a\0b' }),
    /expected text to be text, but it holds a NUL/,
  );
  assert.throws(() => fill(['p', '--', '{files}'], { files: ['a', '\0'] }), /files/);
});

test('any values stay in their elements, and none becomes an option', () => {
  const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(word, fc.array(word), fc.boolean(), (text, files, fast) => {
      const values = { text, files, fast };
      const isRefused = text.startsWith('-') || files.some((file) => file.startsWith('-'));
      const argv: Argv = ['p', '{text}', 'x{text}', '{fast}', '{files}'];
      if (isRefused) assert.throws(() => fill(argv, values), { code: 'invalid' });
      else
        assert.deepEqual(fill(argv, values), [
          'p',
          text,
          `x${text}`,
          ...(fast ? ['--fast'] : []),
          ...files,
        ]);
    }),
  );
});

test('a declaration that does not hold together names its culprit', () => {
  const cases: readonly (readonly [Argv, Record<string, DeclaredArgument>, RegExp])[] = [
    [
      ['{text}'],
      { text: { type: 'string' } },
      /tool t: expected a program without braces, got "\{text\}"/,
    ],
    [['p', '{nope}'], {}, /a place \{nope\}, but no such argument is declared/],
    [['p'], { text: { type: 'string' } }, /no place \{text\} for the argument text/],
    [['p', 'x{files}'], { files: { type: 'array' } }, /\{files\}, which is array, to stand alone/],
    [
      ['p', '{fast}x'],
      { fast: { type: 'boolean', flag: '-f' } },
      /\{fast\}, which is boolean, to stand alone/,
    ],
    [
      ['p', '{fast}'],
      { fast: { type: 'boolean' } },
      /a flag for each boolean argument and for no other, but fast/,
    ],
    [
      ['p', '{text}'],
      { text: { type: 'string', flag: '-f' } },
      /a flag for each boolean .* text is string/,
    ],
    [
      ['p', '{n}'],
      { n: { type: 'number', values: ['1'] } },
      /values for a string only, but n is number/,
    ],
  ];
  for (const [argv, given, message] of cases)
    assert.throws(() => parseTemplate('tool t', argv, given), {
      code: 'invalid',
      plugin: 'toolchain',
      message,
    });
});
