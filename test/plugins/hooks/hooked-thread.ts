/** A thread with hooks and a scripted model, through the kernel. */

import { existsSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import {
  createKernel,
  observers,
  policies,
  textOf,
  tools,
  type Answer,
  type Client,
  type DecisionItem,
  type Item,
  type Kernel,
  type Plugin,
  type Policy,
  type Settings,
} from '../../../core/index.ts';
import prune from '../../../plugins/compactors/prune.ts';
import hooks from '../../../plugins/hooks/hooks.ts';
import type { Hook, HookEvent, HookGroup } from '../../../plugins/hooks/options.ts';
import local from '../../../plugins/machines/local.ts';
import scripted, { type ScriptedStep } from '../../../plugins/models/scripted.ts';
import history from '../../../plugins/prompts/history.ts';
import shell from '../../../plugins/tools/shell.ts';
import { remove } from '../../fixtures/folders.ts';

export interface HookedOptions {
  readonly events: Readonly<Partial<Record<HookEvent, readonly HookGroup[]>>>;
  /** What the model does; default: nothing but say so. */
  readonly steps?: readonly ScriptedStep[];
  readonly settings?: Partial<Settings>;
  readonly judge?: Policy['judge'];
  /** Answers questions; without it nobody is there. */
  readonly answer?: Answer | 'leave open';
}

export interface Hooked {
  readonly cwd: string;
  readonly id: string;
  readonly kernel: Kernel;
  readonly client: Client;
  /** One turn; its items. */
  readonly say: (text: string) => Promise<readonly Item[]>;
  /** What record.sh was told, in order. */
  readonly heard: () => readonly Record<string, unknown>[];
  /** What was decided of effects outside threads. */
  readonly decided: readonly DecisionItem[];
  /** The arguments that the tool `note` was called with. */
  readonly noted: readonly unknown[];
}

/** One hook that runs a script of test/fixtures/hooks with one argument, for every subject. */
export function script(
  name: string,
  argument = '',
  more: Partial<Hook> = {},
): readonly HookGroup[] {
  const path = join(import.meta.dirname, '../../fixtures/hooks', name);
  const quoted = argument.replaceAll("'", `'\\''`);
  return [{ hooks: [{ type: 'command', command: `'${path}' '${quoted}'`, ...more }] }];
}

/** The same hooks for a matcher. */
export function matching(matcher: string, groups: readonly HookGroup[]): readonly HookGroup[] {
  return groups.map(({ hooks: all }) => ({ matcher, hooks: all }));
}

/** A hook that answers with this JSON. */
export function saying(answer: object): readonly HookGroup[] {
  return script('say.sh', JSON.stringify(answer));
}

const allow: Policy['judge'] = () => ({ verdict: 'allow', reason: 'a test', rule: 'all' });

/** All of it is gone after the test. */
export async function openHooked(t: TestContext, options: HookedOptions): Promise<Hooked> {
  const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'spindle-hooks-')));
  const [decided, noted]: [DecisionItem[], unknown[]] = [[], []];
  const plugins = [
    local(),
    scripted({ steps: options.steps ?? [], closing: 'Done.' }),
    history(),
    shell(),
    prune(),
    world(options.judge ?? allow, { decided, noted }),
    hooks({ events: options.events, transcripts: '/threads' }),
  ];
  const kernel = await createKernel({
    plugins: plugins.map((plugin) => ({ plugin })),
    settings: {
      cwd,
      roots: [cwd],
      provider: 'scripted',
      sandbox: 'danger-full-access',
      ...options.settings,
    },
  });
  t.after(async () => {
    await kernel[Symbol.asyncDispose]();
    remove(cwd);
  });
  const client = kernel.client('test');
  const { id } = await client.request('thread/start', { ephemeral: true });
  return {
    cwd,
    id,
    kernel,
    client,
    decided,
    noted,
    say: (text) => oneTurn(client, id, { text, answer: options.answer }),
    heard: () => {
      const file = join(cwd, 'heard');
      const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>); // as it was told
    },
  };
}

async function oneTurn(
  client: Client,
  thread: string,
  { text, answer }: { readonly text: string; readonly answer: HookedOptions['answer'] },
): Promise<readonly Item[]> {
  const { last } = await client.request('thread/read', { thread, limit: 0 });
  using events = client.subscribe({ thread, after: last, answers: answer !== undefined });
  await client.request('turn/start', { thread, input: [{ type: 'text', text }] });
  const items: Item[] = [];
  for await (const event of events) {
    if (event.type !== 'item/appended') continue;
    const { item } = event;
    items.push(item);
    if (item.type === 'question' && typeof answer === 'object')
      await client.request('question/answer', { thread, question: item.id, answer });
    if (item.type === 'end') break;
  }
  return items;
}

interface Seen {
  readonly decided: DecisionItem[];
  readonly noted: unknown[];
}

/** A tool that writes down its arguments, and a policy. */
function world(judge: Policy['judge'], { decided, noted }: Seen): Plugin {
  return {
    name: 'world',
    api: 1,
    setup(host) {
      host.add(policies, { name: 'all', judge });
      host.add(observers, (event) => {
        if (event.type === 'effect/decided') decided.push(event.decision);
      });
      host.add(tools, {
        name: 'note',
        description: 'writes down',
        inputSchema: { type: 'object' },
        run: (args) => {
          noted.push(args);
          if (args['fail'] === true) throw new Error('no paper');
          return { content: [{ type: 'text', text: 'noted' }] };
        },
      });
    },
  };
}

/** The items of one type. */
export function only<T extends Item['type']>(
  items: readonly Item[],
  type: T,
): readonly Extract<Item, { type: T }>[] {
  return items.filter((item): item is Extract<Item, { type: T }> => item.type === type);
}

/** What the model was told by a result. */
export function resultText(items: readonly Item[]): string {
  return only(items, 'result')
    .map(({ content }) => textOf(content))
    .join('\n');
}
