import {
  createKernel,
  type Effect,
  type Plugin,
  policies,
  type Settings,
} from '../../../core/index.ts';
import approval from '../../../plugins/policies/approval.ts';
import rulesPlugin from '../../../plugins/policies/rules.ts';
import { lazyParser } from '../../../plugins/policies/shell/load.ts';
import type { Case } from '../case.ts';
import { median } from '../rounds.ts';

/** What agents run all day, from a word to a script. */
const commands = [
  'npm test',
  'git status --short && git diff --stat',
  'rg -n "TODO|FIXME" src | head -n 40',
  'cd packages/app && CI=1 npm run build -- --mode production 2>&1 | tail -n 20',
  'for file in $(git ls-files "*.ts"); do grep -l "from \'node:fs\'" "$file"; done | sort | uniq -c',
  'python3 - <<\'EOF\'\nimport json\nprint(json.load(open("package.json"))["version"])\nEOF',
];
const judgedPerRound = 20;

/** What it takes to judge a command by rules and mode, once the parser is loaded. */
export const judging: Case = {
  name: 'judging',
  run: async ({ scale }) => {
    const rules = [
      { rule: { action: 'deny', command: 'git push --force' } as const, layer: 'user' },
      { rule: { action: 'allow', command: 'npm test' } as const, layer: 'user' },
    ];
    const means = { rules, parser: lazyParser() };
    let judge: ((effect: Effect, settings: Settings) => Promise<unknown>) | undefined;
    const taker: Plugin = {
      name: 'taker',
      api: 1,
      setup: (host) => {
        judge = (effect, settings) =>
          Promise.all(host.get(policies).map(async (policy) => policy.judge(effect, settings)));
      },
    };
    const settings = {
      cwd: '/',
      roots: ['/'],
      provider: 'none',
      sandbox: 'workspace-write',
      approval: 'untrusted',
      network: false,
    } as const;
    const plugins = [approval(means), rulesPlugin(means), taker].map((plugin) => ({ plugin }));
    await using _kernel = await createKernel({ plugins, settings });
    if (judge === undefined) throw new Error('expected the plugin to be set up');
    const times: number[] = [];
    for (let round = 0; round <= judgedPerRound * scale.rounds; round++) {
      for (const command of commands) {
        const startedMs = performance.now();
        await judge(effectOf(command), settings);
        if (round > 0) times.push(performance.now() - startedMs); // the first loads the parser
      }
    }
    const what = 'judging a command by rules and mode, the parser loaded';
    const slowest = Math.max(...times).toFixed(1);
    return [{ what, value: median(times), unit: 'ms', target: 1, from: `slowest ${slowest}` }];
  },
};

function effectOf(command: string): Effect {
  return {
    kind: 'spawn',
    argv: ['bash', '-c', command],
    cwd: '/',
    confined: 'full',
    network: false,
    origin: { kind: 'tool', name: 'shell' },
  };
}
