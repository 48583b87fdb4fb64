import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseArgs, type Parsed } from '../../config/args.ts';
import { flagLayers, frontEndArgv } from '../../config/flag-layers.ts';
import { commands } from '../../config/flags.ts';
import { completionFor, helpFor, parseWithYargs } from '../../config/usage.ts';

const flags = new Set(commands.flatMap((command) => command.flags));
const names = [...flags].flatMap(({ name, alias }) => [
  `--${name}`,
  ...(alias ? [`-${alias}`] : []),
]);

/** Words of command lines, well-formed or not. */
const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...names) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...names)
      .chain((name) => fc.constantFrom(`${name}=x`, `${name}=`, `${name}=3`)),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom('a', '3', 'read-only', 'never', 'k=v', 'resume', 'list', '0', '1.5'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '-',
      '--',
      '',
      '-5',
      '---x',
      '--no-json',
      '-xy',
      '--json=false',
      'fix the test',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
);

const commandLine = fc
  .tuple(
    fc.constantFrom(...commands.map(({ name }) => name.split(' '))),
    fc.array(word, { maxLength: 7 }),
  )
  .map(([name, words]) => [...name, ...words]);

test('where the thin parser answers, yargs answers the same', () => {
  let answered = 0;
  fc.assert(
    fc.property(commandLine, (argv) => {
      const thin = parseArgs(argv);
      if (thin === undefined) return;
      answered++;
      assert.deepEqual(thin, parseWithYargs(argv));
    }),
    { numRuns: 1500 },
  );
  assert.ok(answered > 100, `it answered ${answered} times`);
});

test('flags may stand before and after resume, in every form', () => {
  const lines = [
    'exec --json -m gpt resume abc --max-steps 5 go',
    'exec resume --json abc --model=gpt go --max-steps=5',
    'exec resume abc go --json --model gpt --max-steps 5',
  ];
  for (const text of lines) {
    const parsed = parseArgs(text.split(' '));
    assert.deepEqual(parsed?.words, ['resume', 'abc', 'go']);
    assert.deepEqual(parsed?.flags, { json: true, model: ['gpt'], 'max-steps': ['5'] });
  }
});

test('what follows -- is no flag', () => {
  const parsed = parseArgs(['exec', '--json', '--', '--model', 'x y']);
  assert.deepEqual(parsed?.rest, ['--model', 'x y']);
  assert.deepEqual(parsed?.flags, { json: true });
});

test('a repeated flag is a list where it may be, and the last one elsewhere', () => {
  const parsed = parseArgs(['exec', '-m', 'a', '-i', 'x', '-m', 'b', '--image=y', 'go']);
  assert.deepEqual(parsed?.flags, { model: ['b'], image: ['x', 'y'] });
});

const faults: readonly (readonly [string, RegExp])[] = [
  ['exec --jsno', /unknown flag --jsno\. Did you mean --json\?/],
  ['exec --modle x y', /unknown flag --modle\. Did you mean --model\?/],
  ['exec --model', /--model: expected a value \(NAME\)/],
  ['exec --model --json x', /--model: expected a value/],
  [
    'exec --sandbox none x',
    /--sandbox: expected one of read-only, workspace-write, danger-full-access, but got "none"/,
  ],
  ['exec --max-steps 0 x', /--max-steps: expected a number above 0, but got "0"/],
  ['exec --timeout soon x', /--timeout: expected a number above 0, but got "soon"/],
  ['exec -c model x', /--config: expected KEY=VALUE/],
  ['exec fix the failing test', /"test" is one word too many.*quotes/],
  ['exce x', /unknown command "exce"\. Did you mean "exec"\?/],
  [
    'thread lst',
    /expected one of list, show, fork, export, delete, revert, undo, diff, compact, gc after "spindle thread", but got "lst"\. Did you mean "list"\?/,
  ],
  ['thread', /but got nothing/],
  ['config explain', /expected KEY after "spindle config explain"/],
  ['--json exec x', /unknown flag --json before a command/],
];

for (const [text, message] of faults) {
  test(`"${text}" is refused with what to do`, () => {
    assert.equal(parseArgs(text.split(' ')), undefined);
    assert.throws(() => parseWithYargs(text.split(' ')), { code: 'invalid', message });
  });
}

function parse(...argv: readonly string[]): Parsed {
  const found = parseArgs(argv);
  assert.ok(found);
  return found;
}

test('flags become a layer of the configuration, each value with its flag', () => {
  const layers = flagLayers(
    parse(
      'exec',
      '--timeout',
      '1.5',
      '--max-steps=3',
      '-c',
      'limits.tokens=10',
      '-c',
      'model=o3',
      'x',
    ),
  );
  assert.deepEqual(
    layers.map(({ values }) => values),
    [{ limits: { steps: 3, timeoutMs: 1500 } }, { limits: { tokens: 10 }, model: 'o3' }],
  );
  assert.equal(layers[0]?.names?.['limits.timeoutMs'], '--timeout');
});

test('a front end gets its flags and words, without what the program keeps for itself', () => {
  const argv = frontEndArgv(
    parse('exec', 'resume', '--trust', '-c', 'a=1', '-m', 'x', 'abc', '--json', '--', '--go'),
  );
  assert.deepEqual(argv, ['--json', '--model=x', 'resume', 'abc', '--', '--go']);
});

test("keys of Codex's clients that concern the provider become ours; the rest goes to exec", () => {
  const line = parse(
    'exec',
    '--experimental-json',
    '--config',
    'openai_base_url="http://127.0.0.1:1/v1"',
    '--config',
    'approval_policy="never"',
  );
  assert.deepEqual(
    flagLayers(line).map(({ values }) => values),
    [{ providers: { 'openai-responses': { baseURL: 'http://127.0.0.1:1/v1' } } }],
  );
  assert.deepEqual(frontEndArgv(line), ['--experimental-json', '--config=approval_policy="never"']);
});

test('the help names every command, and of a command every flag that people need', async () => {
  const help = await helpFor([], 100);
  for (const { name } of commands) assert.ok(help.includes(name.split(' ')[0] ?? ''), name);
  for (const command of commands) {
    const own = await helpFor(command.name.split(' '), 100);
    for (const flag of command.flags) {
      assert.equal(
        own.includes(`--${flag.name} `),
        flag.isHidden !== true,
        `${command.name} ${flag.name}`,
      );
    }
  }
});

test('the help of a word that several commands begin with names each of them', async () => {
  const whole = await helpFor([], 100);
  assert.match(whole, /^ +spindle app-server +Serve editors/m);
  assert.match(whole, /^ +spindle mcp +list, get, /m);
  const help = await helpFor(['thread'], 100);
  assert.match(help, /^ +spindle thread gc +Tell what/m);
  assert.doesNotMatch(help, /spindle exec/);
  const own = await helpFor(['app-server'], 100);
  assert.match(own, /^ +spindle app-server schema +Write the protocol/m);
  assert.match(own, / --listen /);
});

function complete(text: string): Promise<readonly string[]> {
  const words = completionFor(['--get-yargs-completions', 'spindle', ...text.split(' ')]);
  return words.then((all) => all.split('\n'));
}

test('completion offers commands, subcommands and flags', async () => {
  assert.ok((await complete('')).includes('exec'));
  assert.deepEqual(await complete('thread '), [
    'list',
    'show',
    'fork',
    'export',
    'delete',
    'revert',
    'undo',
    'diff',
    'compact',
    'gc',
  ]);
  assert.ok((await complete('thread list --')).includes('--search'));
  assert.ok((await complete('app-server ')).includes('schema'));
  assert.ok((await complete('app-server --')).includes('--listen'));
  assert.match(await completionFor(['completion']), /complete .*spindle/);
});
