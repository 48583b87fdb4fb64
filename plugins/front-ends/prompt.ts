import { frontEnds } from '../../core/index.ts';
import type { Plugin } from '../../core/index.ts';
import { runCommand } from './command-line/run.ts';
import { filesByEffects, type UserFiles } from './exec/files.ts';
import { promptDiff } from './prompt/diff.ts';
import { promptExplain } from './prompt/explain.ts';
import type { Asking, OpenConfiguration } from './prompt/explanation.ts';
import { promptLock } from './prompt/lock.ts';

/** Options of `prompt`, given by the program that it is part of. */
export interface PromptOptions {
  /** The folder to work in, a real path; default: the process's. */
  readonly cwd?: string;
  /** The user's files named on the command line; default: effects of this plugin, which the gate judges. */
  readonly files?: UserFiles;
  /** Settings of the new threads that are explained, such as a provider where none is configured. */
  readonly settings?: Asking['settings'];
  /** Opens another configuration for `diff`. */
  readonly open?: OpenConfiguration;
}

/** `spindle prompt explain|diff|lock` shows what models are sent, byte for byte; docs/prompt.md. Needs `explain`. */
export default function prompt(config: PromptOptions = {}): Plugin {
  return {
    name: 'prompt',
    api: 1,
    setup: (host) => {
      const { cwd = process.cwd(), settings, files = filesByEffects(host.effects), open } = config;
      const commands = {
        explain: promptExplain({ settings }),
        diff: promptDiff({ settings, open }),
        lock: promptLock({ settings, files }),
      };
      host.add(frontEnds, {
        name: 'prompt',
        description: 'What models are sent: prompt explain|diff|lock',
        run: (client, argv, signal) =>
          runCommand(argv, { name: 'prompt', commands, client, signal, cwd }),
      });
    },
  };
}
