import { frontEnds, KernelError } from '../../core/index.ts';
import type { Client, Plugin, Result } from '../../core/index.ts';
import { parse } from './command-line/parse.ts';
import { runCommand, type Command } from './command-line/run.ts';
import { line, type Style } from './terminal/style.ts';
import { table } from './terminal/table.ts';

/** `spindle plugin list [--json]`: slot by slot what is in force, from which plugin and tier, and what its start cost. */
export default function pluginList(): Plugin {
  return {
    name: 'plugin-list',
    api: 1,
    setup: (host) =>
      void host.add(frontEnds, {
        name: 'plugin',
        description: 'Plugins in force, slot by slot: plugin list',
        run: (client, argv, signal) =>
          runCommand(argv, { name: 'plugin', commands: { list }, client, signal, cwd: '/' }),
      }),
  };
}

const list: Command = (argv) => {
  const { flags, words } = parse(argv, { json: {} });
  if (words[0] !== undefined)
    throw new KernelError('invalid', `expected no "${words[0]}" after "plugin list"`);
  return async ({ client, stdout, style }) => {
    const described = await describe(client);
    const text =
      flags.json === true
        ? `${JSON.stringify(described, null, 2)}\n`
        : shownPlugins(described, style);
    await stdout.write(text);
  };
};

type Described = Omit<Result<'kernel/describe'>, 'threads'>;

async function describe(client: Client): Promise<Described> {
  const { slots, plugins, notices } = await client.request('kernel/describe', {});
  return { slots, plugins, notices };
}

function shownPlugins({ slots, plugins, notices }: Described, style: Style): string {
  const cost = new Map(plugins.map(({ name, setupMs }) => [name, `${setupMs.toFixed(1)} ms`]));
  const used = new Set(slots.flatMap(({ entries }) => entries.map(({ plugin }) => plugin)));
  const rows = slots.flatMap(({ slot, kind, entries }) =>
    entries.map(({ name, plugin, tier }, at) => [
      at === 0 ? `${slot} (${kind})` : '',
      name,
      plugin,
      tier,
      cost.get(plugin) ?? '',
    ]),
  );
  const idle = plugins
    .filter(({ name }) => !used.has(name))
    .map(({ name, tier, error }, at) => {
      const state = error === undefined ? '-' : line(`did not start: ${error.message}`, 100);
      return [at === 0 ? 'no slot' : '', state, name, tier, cost.get(name) ?? ''];
    });
  const [head = '', ...others] = table(
    [['SLOT', 'ENTRY', 'PLUGIN', 'TIER', 'START'], ...rows, ...idle],
    [4],
  ).split('\n');
  const total = plugins.reduce((sum, { setupMs }) => sum + setupMs, 0);
  return [
    [style.dim(head), ...others].join('\n'),
    `${plugins.length} plugins started in ${total.toFixed(1)} ms, without loading their files\n`,
    ...notices.map(({ message }) => style.yellow(`! ${line(message, 1000)}\n`)),
  ].join('');
}
