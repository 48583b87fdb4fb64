import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diffArrays } from 'diff';
import * as fc from 'fast-check';
import { applyUpdate } from '../../../../plugins/tools/patch/apply.ts';
import { splitLines, joinLines } from '../../../../plugins/tools/patch/file-lines.ts';
import { parsePatch } from '../../../../plugins/tools/patch/parse.ts';
import type { Chunk, ChunkLine, Patch } from '../../../../plugins/tools/patch/patch.ts';
import { planPatch } from '../../../../plugins/tools/patch/plan.ts';
import { chunksOf, valueOf } from './expect.ts';
import { printPatch } from './print-patch.ts';

/** Few different lines, so that repetitions, empty lines and lines that look like the patch's own marks come up. */
const text = fc.constantFrom(
  '',
  ' ',
  'a',
  'b',
  '  a',
  'a ',
  '+',
  '-x',
  '@@',
  '*** End Patch',
  '“q” – z',
  '}',
);
const texts = fc.array(text, { maxLength: 12 });
const ending = fc.constantFrom('\n', '\r\n');

/** The steps from one list of lines to another, found by a library that shares no code with ours. */
function scriptOf(before: readonly string[], after: readonly string[]): readonly ChunkLine[] {
  return diffArrays([...before], [...after]).flatMap((part) =>
    part.value.map(
      (line) => ({ op: part.added ? '+' : part.removed ? '-' : ' ', text: line }) as const,
    ),
  );
}

function chunk(lines: readonly ChunkLine[], more: Partial<Chunk> = {}): Chunk {
  return { anchors: [], atEnd: false, patchLine: 1, lines, ...more };
}

function patch(chunks: readonly Chunk[]): Patch {
  return { sections: [{ kind: 'update', path: 'file', patchLine: 1, chunks }] };
}

/** Applies what is left of the chunks after they were written as text and read again. */
function throughText(original: string, chunks: readonly Chunk[]) {
  const section = valueOf(parsePatch(printPatch(patch(chunks)))).sections[0];
  return applyUpdate(original, section?.kind === 'update' ? section.chunks : []);
}

function joined(lines: readonly string[], end: string, closed: boolean): string {
  const body = lines.join(end);
  return closed && lines.length > 0 ? body + end : body;
}

/** Cuts a script into one chunk for each group of changes, with up to `context` lines round it. */
function cut(script: readonly ChunkLine[], context: number): readonly Chunk[] {
  const chunks: ChunkLine[][] = [];
  let last = -1;
  for (const [at, line] of script.entries()) {
    if (line.op === ' ') continue;
    const from = Math.max(at - context, last + 1);
    const fresh = chunks.length === 0 || from > last + 1;
    const lines = fresh ? [] : (chunks.pop() ?? []);
    const end = script.findIndex((other, index) => index > at && other.op !== ' ');
    const until = Math.min(at + context, end === -1 ? script.length - 1 : end - 1);
    chunks.push([...lines, ...script.slice(from, until + 1)]);
    last = until;
  }
  return chunks.map((lines) => chunk(lines));
}

describe('patches of random texts', () => {
  it('give the second text byte for byte, for LF and CRLF, with and without a final newline', () => {
    fc.assert(
      fc.property(texts, texts, ending, fc.boolean(), (before, after, end, closed) => {
        // A final line that is empty and not closed has no bytes of its own.
        fc.pre(closed || (before.at(-1) !== '' && after.at(-1) !== ''));
        fc.pre(before.length > 0 || closed);
        // Without a line that ends there is nothing to learn the ending from.
        fc.pre(end === '\n' || before.length > (closed ? 0 : 1));
        const script = scriptOf(before, after);
        fc.pre(script.length > 0);
        const result = throughText(joined(before, end, closed), [chunk(script, { atEnd: true })]);
        assert.equal(valueOf(result), joined(after, end, closed));
      }),
      { numRuns: 2000 },
    );
  });

  it('give the second text byte for byte in several small chunks when no line repeats', () => {
    const unlike = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 30 });
    fc.assert(
      fc.property(
        fc.tuple(unlike, unlike),
        ending,
        fc.boolean(),
        fc.integer({ min: 1, max: 3 }),
        ([old, now], end, closed, context) => {
          const before = ['first', ...old.map(String), 'last'];
          const after = ['first', ...now.map(String), 'last'];
          const chunks = cut(scriptOf(before, after), context);
          fc.pre(chunks.length > 0);
          assert.equal(
            valueOf(throughText(joined(before, end, closed), chunks)),
            joined(after, end, closed),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('apply in exactly those cases in which one placement is possible', () => {
    const word = fc.constantFrom('a', 'b', 'c');
    const old = fc.array(fc.array(word, { minLength: 1, maxLength: 2 }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), old, (file, wanted) => {
        const chunks = wanted.map((lines) => chunk(lines.map((line) => ({ op: '-', text: line }))));
        const count = countPlacements(file, wanted);
        const result = applyUpdate(joined(file, '\n', true), chunks);
        const expected = count === 0 ? 'not-found' : count === 1 ? 'applied' : 'ambiguous';
        assert.equal(result.ok ? 'applied' : result.failures[0]?.code, expected);
      }),
      { numRuns: 2000 },
    );
  });
});

/** In how many ways the runs of lines can be laid on the file in order, without overlap: tried one by one. */
function countPlacements(
  file: readonly string[],
  runs: readonly (readonly string[])[],
  from = 0,
): number {
  const [run, ...others] = runs;
  if (run === undefined) return 1;
  let count = 0;
  for (let start = from; start + run.length <= file.length; start++) {
    if (run.every((line, row) => file[start + row] === line))
      count += countPlacements(file, others, start + run.length);
  }
  return count;
}

describe('tolerant matching', () => {
  const blank = fc.constantFrom('', ' ', '\t', '  ');
  const line = fc.record({
    before: blank,
    behind: blank,
    mark: fc.constantFrom('-', '–', '"', '”', '\u00A0', 'x'),
  });

  it('alters no line but those that the patch removes or adds', () => {
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 3, maxLength: 12 }),
        fc.nat(),
        fc.array(ending, { minLength: 12 }),
        (lines, pick, ends) => {
          const file = lines.map(
            ({ before, behind, mark }, row) => `${before}${row} ${mark} end${behind}`,
          );
          const at = 1 + (pick % (file.length - 2));
          const original = file.map((one, row) => one + ends[row]);
          const mangled = file.map((one) =>
            one.trim().replaceAll('–', '-').replaceAll('”', '"').replaceAll('\u00A0', ' '),
          );
          const chunks = chunksOf(
            ` ${mangled[at - 1]}`,
            `-  ${mangled[at]}`,
            '+new',
            ` \t${mangled[at + 1]} `,
          );
          const expected = original.with(at, `new${ends[at]}`);
          assert.equal(valueOf(applyUpdate(original.join(''), chunks)), expected.join(''));
        },
      ),
      { numRuns: 500 },
    );
  });
});

const kind = <K extends string>(name: K) => fc.constant(name);

describe('the parts', () => {
  const path = fc.stringMatching(/^[a-z]{1,5}(?:\/[a-z .]{0,5}[a-z])?$/u);
  const code = fc.string({ maxLength: 10 }).filter((one) => !/[\r\n]/u.test(one) && one !== '');
  const anchor = code.filter(
    (one) => one.trim() !== '' && one === one.trimEnd() && !/^\s*-\d/u.test(one),
  );
  const chunkLine = fc.record({
    op: fc.constantFrom(' ' as const, '+' as const, '-' as const),
    text: code,
  });
  const anyChunk = fc.record({
    anchors: fc.array(anchor, { maxLength: 3 }),
    atEnd: fc.boolean(),
    patchLine: fc.constant(0),
    lines: fc.array(chunkLine, { minLength: 1, maxLength: 5 }),
  });
  const chunks = fc.array(anyChunk, { minLength: 1, maxLength: 3 });
  const section = fc.oneof(
    fc.record({
      kind: kind('add'),
      path,
      patchLine: fc.constant(0),
      text: fc.array(code).map((all) => all.map((one) => `${one}\n`).join('')),
    }),
    fc.record({ kind: kind('delete'), path, patchLine: fc.constant(0) }),
    fc.record({ kind: kind('update'), path, patchLine: fc.constant(0), chunks }),
    fc.record({ kind: kind('update'), path, patchLine: fc.constant(0), to: path, chunks }),
  );
  const patches = fc.record({ sections: fc.array(section, { minLength: 1, maxLength: 4 }) });

  it('read a printed patch as the same patch, in LF and in CRLF, in a heredoc or bare', () => {
    fc.assert(
      fc.property(patches, fc.boolean(), fc.boolean(), (one, returns, heredoc) => {
        const printed = heredoc ? `<<'EOF'\n${printPatch(one)}EOF\n` : printPatch(one);
        const read = valueOf(parsePatch(returns ? printed.replaceAll('\n', '\r\n') : printed));
        assert.deepEqual(withoutLines(read), withoutLines(one));
      }),
      { numRuns: 1000 },
    );
  });

  it('never throw, and never give changes together with failures', () => {
    const junk = fc.array(
      fc.oneof(
        fc.constantFrom(
          '*** Begin Patch',
          '*** End Patch',
          '*** Update File: a',
          '*** Add File: b',
          '*** Delete File: a',
          '*** Move to: c',
          '@@',
          '@@ a',
          '*** End of File',
          ' a',
          '-a',
          '+a',
          '',
          '```',
          'EOF',
        ),
        fc.string(),
      ),
    );
    fc.assert(
      fc.property(junk, fc.string(), (lines, current) => {
        const read = parsePatch(lines.join('\n'));
        const outcome = read.ok
          ? planPatch(read.value, (name) => (name === 'a' ? current : undefined))
          : read;
        assert.equal('value' in outcome, outcome.ok);
        assert.equal('failures' in outcome, !outcome.ok);
        if (!outcome.ok) assert.ok(outcome.failures.length > 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('take any text apart and put it together again byte for byte', () => {
    const pieces = fc
      .array(fc.oneof(fc.constantFrom('\r', '\n', '\r\n', '\uFEFF'), fc.string()))
      .map((all) => all.join(''));
    fc.assert(fc.property(pieces, (one) => assert.equal(joinLines(splitLines(one)), one)));
  });
});

function withoutLines(patches: Patch): unknown {
  return JSON.parse(
    JSON.stringify(patches, (key, value: unknown) => (key === 'patchLine' ? 0 : value)),
  );
}
