/** Texts of commands at random: some by a grammar, some of pieces that parsers stumble over. */

import * as fc from 'fast-check';

import shellParts from '../../fixtures/shell-pieces.json' with { type: 'json' };

const names = fc.constantFrom('c1', 'c2', 'c3', 'c4');
const words = fc.constantFrom(...shellParts.words);
const redirects = fc.constantFrom('>f1', '2>f2', '>>f1', '2>&1', '<f1', '&>f2', '>|f1', '<<<"$v"');

/** Text that Bash accepts, for the most part. */
const grammatical = fc.letrec<{ text: string; command: string }>((tie) => ({
  command: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc
      .tuple(
        fc.constantFrom('', '', 'A=b ', 'v="$v" '),
        names,
        fc.array(
          fc.oneof(
            { weight: 6, arbitrary: words },
            { weight: 2, arbitrary: redirects },
            { weight: 1, arbitrary: tie('text').map((text) => `$(${text})`) },
            { weight: 1, arbitrary: tie('text').map((text) => `"a $(${text}) b"`) },
          ),
          { maxLength: 4 },
        ),
      )
      .map(([set, name, rest]) => [set + name, ...rest].join(' ')),
    tie('text').map((text) => `(${text})`),
    tie('text').map((text) => `{ ${text}; }`),
    fc.tuple(tie('text'), tie('text')).map(([a, b]) => `if ${a}; then ${b}; fi`),
    tie('text').map((text) => `for w in a "b c"; do ${text}; done`),
    tie('text').map((text) => `case $v in a|v*) ${text};; *) c4;; esac`),
    tie('text').map((text) => `c1 <<'END'\n$(not run)\nEND\n${text}`),
    tie('text').map((text) => `c1 <<END\n$(${text}) $v\nEND`),
    tie('command').map((text) => `! ${text}`),
  ),
  text: fc
    .array(
      fc.tuple(
        tie('command'),
        fc.constantFrom(' | ', ' && ', ' || ', '; ', '\n', ' & ', ' \\\n | '),
      ),
      { minLength: 1, maxLength: 2 },
    )
    .map((all) => all.map(([command, sign], at) => (at === 0 ? command : sign + command)).join('')),
})).text;

const pieces = fc
  .array(
    fc.tuple(
      fc.oneof(words, redirects, names, fc.constantFrom(...shellParts.pieces)),
      fc.constantFrom(' ', ' ', ' ', ' ', '', '  ', '\n'),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.flat().join(''));

/** Any text of a command. */
export const anyShellText: fc.Arbitrary<string> = fc.oneof(
  { weight: 1, arbitrary: grammatical },
  { weight: 2, arbitrary: pieces },
);
