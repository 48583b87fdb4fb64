/** Slash commands, as every front end reaches them. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';

import {
  commands,
  compactors,
  createKernel,
  textOf,
  type Item,
  type Plugin,
} from '../../../core/index.ts';
import commandsPlugin from '../../../plugins/commands/commands.ts';
import { filledIn } from '../../../plugins/commands/files.ts';
import local from '../../../plugins/machines/local.ts';
import scripted from '../../../plugins/models/scripted.ts';
import history from '../../../plugins/prompts/history.ts';
import memory from '../../../plugins/stores/memory.ts';
import { remove } from '../../fixtures/folders.ts';

interface Ran {
  readonly text?: string;
  readonly turn?: string;
}

async function open(
  t: TestContext,
  files: Readonly<Record<string, string>> = {},
  more: readonly Plugin[] = [],
) {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-commands-')));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  }
  const folders = [
    { path: join(cwd, 'mine'), by: 'user' },
    { path: join(cwd, 'theirs'), by: 'repository' },
  ] as const;
  const plugins = [
    local(),
    memory(),
    history(),
    scripted({ steps: [{ text: 'one' }, { text: 'two' }, { text: 'three' }] }),
    commandsPlugin({ folders }),
    ...more,
  ];
  const kernel = await createKernel({
    plugins: plugins.map((plugin) => ({ plugin })),
    settings: { cwd, roots: [cwd], provider: 'scripted' },
  });
  t.after(async () => {
    await kernel[Symbol.asyncDispose]();
    remove(cwd);
  });
  const client = kernel.client('test');
  const { id: thread } = await client.request('thread/start', {});
  return {
    cwd,
    client,
    thread,
    list: async () =>
      (await client.call('command/list', {})) as {
        readonly commands: readonly {
          readonly name: string;
          readonly from: string;
          readonly description: string;
        }[];
        readonly faults: readonly { readonly path: string; readonly reason: string }[];
      },
    run: async (name: string, argument = '', params: object = {}) =>
      (await client.call('command/run', { thread, name, argument, ...params })) as Ran,
    /** The items until the end of the turn. */
    until: async (turn: string | undefined): Promise<readonly Item[]> => {
      for await (const event of client.subscribe({ thread }))
        if (event.type === 'item/appended' && event.item.type === 'end' && event.item.id === turn)
          break;
      return (await client.request('thread/read', { thread })).items;
    },
  };
}

const saidIn = (items: readonly Item[]) =>
  items.flatMap((item) => (item.type === 'user' ? [textOf(item.content)] : []));

test('commands of plugins, of the program and of files are listed, the first of a name counts', async (t) => {
  const plugin: Plugin = {
    name: 'greeter',
    api: 1,
    setup: (host) => {
      host.add(commands, {
        name: 'greet',
        description: 'Greets.',
        run: async (argument, _client, thread) => `Hello ${argument} in ${thread}`,
      });
    },
  };
  const files = {
    'mine/greet.md': 'Mine.',
    'mine/check.md': '---\ndescription: Checks.\nargument-hint: "[what]"\n---\nCheck it.',
    'theirs/check.md': 'Theirs.',
  };
  const place = await open(t, files, [plugin]);
  const { commands: all, faults } = await place.list();
  const names = all.map(({ name }) => name);
  for (const name of ['compact', 'fork', 'rename', 'model', 'effort', 'greet', 'check'])
    assert.equal(names.filter((one) => one === name).length, 1, name);
  assert.deepEqual(
    all.find(({ name }) => name === 'check'),
    { name: 'check', description: 'Checks. [what]', from: join(place.cwd, 'mine/check.md') },
  );
  assert.deepEqual(
    faults.map(({ path }) => path),
    [join(place.cwd, 'mine/greet.md'), join(place.cwd, 'theirs/check.md')],
  );
  assert.equal(all.find(({ name }) => name === 'greet')?.from, 'plugin greeter');
  assert.deepEqual(await place.run('greet', 'Ada'), { text: `Hello Ada in ${place.thread}` });
});

test('rename, model, effort and fork work on the thread they are typed in', async (t) => {
  const place = await open(t);
  await place.run('rename', ' the plan ');
  await place.run('model', 'small');
  await place.run('effort', 'high');
  const info = await place.client.request('thread/resume', { thread: place.thread });
  assert.equal(info.name, 'the plan');
  assert.deepEqual([info.settings.model, info.settings.effort], ['small', 'high']);
  const { text = '' } = await place.run('fork');
  const [copy = ''] = /[0-9a-f-]{36}/.exec(text) ?? [];
  const [first] = (await place.client.request('thread/read', { thread: copy })).items;
  assert.equal(first?.type === 'thread' && first.fork?.thread, place.thread);
  await assert.rejects(place.run('rename'), /expected \/rename NAME/);
});

test('a command of a file says its text with the argument, as a turn that has what the asker wants of it', async (t) => {
  const place = await open(t, { 'mine/review.md': 'Review $1 for $2. All: $ARGUMENTS' });
  const { turn } = await place.run('review', '"the file" $2', {
    input: [{ type: 'text', text: 'and this' }],
    limits: { steps: 3 },
  });
  const items = await place.until(turn);
  assert.deepEqual(saidIn(items), ['Review the file for $2. All: "the file" $2\nand this']);
  const begun = items.find((item) => item.type === 'turn');
  assert.deepEqual(begun?.limits, { steps: 3 });
});

test('places in a text take the argument, its words, or nothing; without places it comes at the end', () => {
  const cases: readonly (readonly [text: string, argument: string, filled: string])[] = [
    ['Do it.', '', 'Do it.'],
    ['Do it.', 'now', 'Do it.\n\nnow'],
    ['[$ARGUMENTS]', 'a  b', '[a  b]'],
    ['[$1|$2|$3]', `a "b c"`, '[a|b c|]'],
    ['$10 and $ARGUMENTSX', 'x', '$10 and $ARGUMENTSX\n\nx'],
    ['$1', '$ARGUMENTS', '$ARGUMENTS'],
    ['costs $$1', '5', 'costs $5'],
  ];
  for (const [text, argument, filled] of cases) assert.equal(filledIn(text, argument), filled);
});

test('a command that is not there is refused with those that are', async (t) => {
  const place = await open(t);
  await assert.rejects(
    place.run('nothing'),
    /there is no command "\/nothing"; there are: .*compact/,
  );
});

test('a file with broken front matter, no text or a strange name is left out with the reason', async (t) => {
  const place = await open(t, {
    'mine/broken.md': '---\na: [\n---\nx',
    'mine/empty.md': '---\ndescription: x\n---\n',
    'mine/two words.md': 'x',
    'mine/fine.md': 'x',
    'mine/notes.txt': 'x',
  });
  const { commands: all, faults } = await place.list();
  assert.ok(all.some(({ name }) => name === 'fine'));
  assert.deepEqual(
    faults.map(({ path, reason }) => [path.slice(place.cwd.length + 6), reason.slice(0, 16)]),
    [
      ['broken.md', 'the YAML cannot '],
      ['empty.md', 'expected a text,'],
      ['two words.md', 'expected a file '],
    ],
  );
});

test('of more than 500 files of a folder the rest is left out with the reason; a folder among them is none', async (t) => {
  const names = Array.from({ length: 501 }, (_, at) => `mine/c${String(at).padStart(3, '0')}.md`);
  const files = Object.fromEntries(names.map((name) => [name, 'Text.']));
  const { cwd, list } = await open(t, { ...files, 'mine/folder.md/inside.md': 'Text.' });
  const { commands: all, faults } = await list();
  const found = all.filter(({ from }) => from.startsWith(join(cwd, 'mine')));
  assert.deepEqual([found.length, found.at(-1)?.name], [500, 'c499']);
  assert.deepEqual(
    faults.map(({ path, reason }) => [path, reason]),
    [[join(cwd, 'mine'), '1 of its 501 entries are left out: expected at most 500']],
  );
});

test('compact takes a remark on what to keep and says what it came to', async (t) => {
  const remarks: (string | undefined)[] = [];
  const keeper: Plugin = {
    name: 'keeper',
    api: 1,
    setup: (host) =>
      void host.add(compactors, {
        name: 'keeper',
        compact: async ({ parts, remark }) => {
          remarks.push(remark);
          return parts
            .filter(({ pinned }) => pinned)
            .map(({ part }) => ({ keep: [part.n, part.n] }));
        },
      }),
  };
  const place = await open(t, { 'mine/say.md': 'word '.repeat(2000) }, [keeper]);
  for (let at = 0; at < 3; at++) await place.until((await place.run('say')).turn);
  const { text = '', turn } = await place.run('compact', 'the names');
  assert.deepEqual(remarks, ['the names']);
  assert.match(text, /^The window went from about \d+ tokens to \d+\.$/);
  assert.equal(turn, undefined);
  assert.match(
    (await place.run('compact')).text ?? '',
    /no room to make: the window has about \d+/,
  );
});
