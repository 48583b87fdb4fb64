import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { readArgv } from '../../../plugins/policies/shell/command.ts';
import { lazyParser } from '../../../plugins/policies/shell/load.ts';
import { readTree } from '../../../plugins/policies/shell/read.ts';
import {
  type Script,
  type Segment,
  type Word,
  withRuns,
} from '../../../plugins/policies/shell/script.ts';
import { showCommand, showText } from '../../../plugins/policies/shell/show.ts';
import type { Tree } from '../../../plugins/policies/shell/tree.ts';
import { anyShellText } from './shell-texts.ts';
import { temporaryFolder } from '../../fixtures/folders.ts';

const parser = lazyParser();
const read = (text: string, shell = 'bash') => readArgv([shell, '-c', text], parser);

/** Words of each command: `?` for one that is not certain, `*` when it may be several. */
function shape({ segments }: Script): readonly (readonly string[])[] {
  return segments.map(({ words }) =>
    words.map(({ value, isMany }) => value ?? (isMany ? '*' : '?')),
  );
}

const understood: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  ['ls -la "a b" \'c d\' e\\ f', [['ls', '-la', 'a b', 'c d', 'e f']]],
  ['echo $\'a\\tb\\x41\' "a\\$b\\n"', [['echo', 'a\tbA', 'a$b\\n']]],
  ['a | b |& c && d || e; f & g\nh', [['a'], ['b'], ['c'], ['d'], ['e'], ['f'], ['g'], ['h']]],
  ['(a; b) && { c; }', [['a'], ['b'], ['c']]],
  ['echo $x "$y" *.ts {a,b} ~/x a$x', [['echo', '*', '?', '*', '*', '?', '*']]],
  ['a $(b "$(c)") `d`', [['a', '*', '*'], ['b', '?'], ['c'], ['d']]],
  ['a <(b) > out 2>&1', [['a', '*'], ['b']]],
  ['if a; then b; elif c; then d; else e; fi', [['a'], ['b'], ['c'], ['d'], ['e']]],
  ['while a; do b; done < f', [['a'], ['b'], []]],
  ['case $x in a) b;; (c|d) e;; esac', [['b'], ['e']]],
  ['cat <<E > f && rm x\n$(a) $y\nE\nb', [['cat'], ['rm', 'x'], ['a'], ['b']]],
  ['a > f b', [['a', 'b']]],
  ['> f a b', [['a', 'b']]],
  ['A=b C="$d" e', [['e']]],
  ['ls \\\n  -l', [['ls', '-l']]],
  ['a # b; c\nd', [['a'], ['d']]],
  [
    '[ -f a ] && [[ -n $x ]]',
    [
      ['[', '-f', 'a', ']'],
      ['[[', '-n', '*', ']]'],
    ],
  ],
];

test('commands are found with their words, whatever joins and encloses them', async () => {
  for (const [text, words] of understood) {
    const script = await read(text);
    assert.equal(script.unknown, undefined, text);
    assert.deepEqual(shape(script), words, text);
  }
});

test('what runs another command is seen through, where that is certain', async () => {
  const texts = {
    'timeout -k 5 60 nohup npm test': ['timeout', 'nohup', 'npm'],
    'env --split-string=a b': undefined,
    'env -u A B=c nice -n 5 d': ['env', 'nice', 'd'],
    'find . -exec grep x {} \\; -exec rm {} +': ['find', 'grep', 'rm'],
    'ls | xargs -0 -n 1 rm -f': ['ls', 'xargs', 'rm'],
    'bash -c "a; sh -c \'b\'"': ['bash', 'a', 'sh', 'b'],
    'sudo -n a': ['sudo', 'a'],
    'xargs --arg-file=x a': undefined,
    'timeout $x a': undefined,
    bash: undefined,
  };
  for (const [text, names] of Object.entries(texts)) {
    const { segments, unknown } = await read(text);
    const found = [...withRuns(segments)].map(({ words }) => words[0]?.value);
    if (names === undefined) assert.ok(unknown !== undefined, text);
    else assert.deepEqual(found, names, text);
  }
});

test('a plain POSIX shell is not read as Bash', async () => {
  for (const text of ["echo $'a'", 'a <(b)', 'a <<< b', '[[ -n a ]]', 'a |& b', 'a &> b']) {
    assert.equal((await read(text)).unknown, undefined, text);
    assert.ok((await read(text, 'sh')).unknown !== undefined, text);
  }
  assert.deepEqual(shape(await read('a && b "c"', 'sh')), [['a'], ['b', 'c']]);
});

/** Each text in a subshell and folder of its own, for a second of the processor at most: some loops would not end. */
const handler = `
command_not_found_handle() {
  local IFS=$'\\x1f' seen
  printf '%s\\x1e' "run"$'\\x1f'"$*" >> "$LOG"
  seen=$(< "$LOG")
  if (( \${#seen} > 2000 )); then kill -9 $SHELL_ID; fi
}
PATH=/nonexistent
for folder; do
  IFS= read -r -d '' text < "$folder/text"
  ( LOG=$folder/log SHELL_ID=$BASHPID v='v1 v2'; cd "$folder/work"; ulimit -t 1; set --; eval -- "$text" ) < /dev/null
done`;

/** What Bash runs of texts of commands that do not exist, and which files it makes. */
function runInBash(texts: readonly string[], base: string) {
  const folders = texts.map((text, index) => {
    const folder = join(base, String(index));
    mkdirSync(join(folder, 'work'), { recursive: true });
    writeFileSync(join(folder, 'text'), text);
    writeFileSync(join(folder, 'log'), '');
    return folder;
  });
  spawnSync('bash', ['-c', handler, 'bash', ...folders], { cwd: base, timeout: 60_000 });
  return folders.map((folder) => {
    const runs = readFileSync(join(folder, 'log'), 'utf8').split('\u001e').slice(0, -1);
    const files = readdirSync(join(folder, 'work'));
    return { runs: runs.map((run) => run.split('\u001f').slice(1)), files };
  });
}

function couldBe(words: readonly Word[], argv: readonly string[]): boolean {
  const [word, ...rest] = words;
  if (word === undefined) return argv.length === 0;
  if (word.isMany) return argv.some((_, at) => couldBe(rest, argv.slice(at))) || couldBe(rest, []);
  const [arg, ...more] = argv;
  if (arg === undefined) return false;
  return (
    (word.value === undefined ? arg.startsWith(word.start) : arg === word.value) &&
    couldBe(rest, more)
  );
}

function writes(segments: readonly Segment[], file: string): boolean {
  const targets = segments.flatMap(({ redirects }) =>
    redirects.filter(({ kind }) => kind === 'write'),
  );
  return targets.some(({ target }) => target?.value === undefined || target.value === file);
}

test('of what is understood, Bash runs only commands and writes only files that were found', async (t) => {
  const base = temporaryFolder(t);
  const scripts: { readonly text: string; readonly all: readonly Segment[] }[] = [];
  for (const text of fc.sample(anyShellText, { numRuns: 300 })) {
    const { segments, unknown } = await read(text);
    if (unknown === undefined) scripts.push({ text, all: [...withRuns(segments)] });
  }
  const texts = scripts.map(({ text }) => text);
  const ran = runInBash(texts, base).map(({ runs, files }, index) => {
    const { text, all = [] } = scripts[index] ?? {};
    for (const argv of runs)
      assert.ok(
        all.some(({ words }) => couldBe(words, argv)),
        JSON.stringify({ text, argv }),
      );
    for (const file of files) assert.ok(writes(all, file), JSON.stringify({ text, file }));
    return runs.length;
  });
  const count = ran.reduce((sum, one) => sum + one, 0);
  assert.ok(count > 30, `expected Bash to run commands, but it ran ${count}`);
});

/** All nodes with the way to them. */
function* nodes(tree: Tree, way: readonly number[] = []): Generator<readonly number[]> {
  yield way;
  for (const [index, child] of tree.children.entries()) yield* nodes(child, [...way, index]);
}

function renamed(tree: Tree, way: readonly number[], kind: string): Tree {
  const [index, ...rest] = way;
  if (index === undefined) return { ...tree, kind };
  const children = tree.children.map((child, at) =>
    at === index ? renamed(child, rest, kind) : child,
  );
  return { ...tree, children };
}

test('a kind of node that is not known, anywhere, makes the command unknown', async () => {
  const parse = await parser();
  const known = [...understood.map(([text]) => text), 'cat a | wc -l', 'ls', 'cd a && cat b'];
  fc.assert(
    fc.property(
      fc.constantFrom(...known),
      fc.nat(),
      fc.oneof(
        fc.string({ minLength: 1 }).map((kind) => `new_${kind}`),
        fc.constantFrom('ERROR', 'MISSING', 'function_definition', 'c_style_for_statement'),
        fc.constantFrom(
          'array',
          'subscript',
          'translated_string',
          'ternary_expression',
          '__proto__',
        ),
      ),
      (text, place, kind) => {
        const tree = parse(text);
        assert.ok(tree !== undefined);
        const all = [...nodes(tree)];
        const way = all[place % all.length] ?? [];
        const { unknown } = readTree(renamed(tree, way, kind), text, { isPosix: false });
        const parent = way
          .slice(0, -1)
          .reduce<Tree | undefined>((at, index) => at?.children[index], tree);
        // Within these the text itself is read.
        const isInner = /expansion$|^(?:heredoc|case_item)/.test(parent?.kind ?? '');
        assert.ok(unknown !== undefined || isInner, JSON.stringify({ text, way, kind }));
      },
    ),
    { numRuns: 2000 },
  );
});

test('a text that is too long, too deep, or takes too long is unknown at once', async () => {
  const texts = [
    'a '.repeat(20_000),
    '$('.repeat(500),
    '('.repeat(2000),
    '{ '.repeat(4000),
    '$(('.repeat(5000),
  ];
  await parser();
  for (const text of texts) {
    assert.ok((await read(text)).unknown !== undefined);
  }
  assert.ok((await read('a'.repeat(1_000_000))).unknown !== undefined);
});

test('what is shown is what runs, with nothing that cannot be seen', () => {
  assert.equal(showCommand(['bash', '-c', 'ls\n\trm "x"']), 'ls\n\trm "x"');
  assert.equal(showCommand(['git', 'commit', '-m', "it's"]), String.raw`git commit -m 'it'\''s'`);
  assert.equal(showCommand(['bash', '-c', 'a', 'b']), 'bash -c a b');
  assert.equal(
    showText('a\u202eb\u0007c\u001b[2Kd\re\u200bf\u00a0g\u{e0041}h\u2028i\u0000'),
    String.raw`a\u{202e}b\u{7}c\u{1b}[2Kd\u{d}e\u{200b}f\u{a0}g\u{e0041}h\u{2028}i\u{0}`,
  );
  assert.equal(showText('ä ö 漢字 🎉 a\tb'), 'ä ö 漢字 🎉 a\tb');
});
