import { tools } from '../../core/index.ts';
import type { Plugin, Tool } from '../../core/index.ts';
import { runCommand } from './run/command.ts';
import type { ShellArgs, ShellOptions } from './run/command.ts';
import { continueProcess } from './run/continue.ts';
import type { InputArgs } from './run/continue.ts';
import { KeptProcesses } from './run/kept.ts';
import { RefusedCommands } from './run/refused.ts';

/**
 * `shell` runs a command; `shell_input` waits for, writes to and ends one that outlived its call. They are two tools so
 * that each has its required argument, and because models know such a pair.
 */
export default function shell(config: ShellOptions = {}): Plugin {
  return {
    name: 'shell',
    api: 1,
    setup(host) {
      const kept = new KeptProcesses();
      host.scope.use(
        host.client.listen((event) => {
          if (event.type === 'thread/closed') kept.clear(event.thread);
        }),
      );
      host.add(tools, shellTool(config, kept));
      host.add(tools, inputTool(kept));
    },
  };
}

/** The schema of ShellOptions. */
export const options = async () => {
  const { z } = await import('zod');
  return z.strictObject({
    argv: z.array(z.string()).nonempty().optional(),
    env: z.record(z.string(), z.string()).optional(),
    yieldMs: z.int().positive().optional(),
    timeoutMs: z.int().positive().optional(),
  });
};

function shellTool(config: ShellOptions, kept: KeptProcesses): Tool {
  const refused = new RefusedCommands();
  return {
    name: 'shell',
    description:
      'Runs a command with bash -c and gives stdout and stderr as they came. If it still runs after yield_ms, it stays running as a process for shell_input.',
    inputSchema: {
      type: 'object',
      properties: {
        command: { type: 'string' },
        cwd: { type: 'string' },
        timeout_ms: { type: 'integer', description: 'Kill it then' },
        yield_ms: { type: 'integer', description: 'Default timeout_ms, else 30000' },
        stdin: { type: 'boolean', description: 'Keep stdin open for shell_input' },
        outside: {
          type: 'string',
          description:
            'After the sandbox refused this command: why it must run outside. The user is asked',
        },
      },
      required: ['command'],
      additionalProperties: false,
    },
    // The kernel has checked the arguments against inputSchema.
    run: (args, context) =>
      runCommand(args as unknown as ShellArgs, context, { config, kept, refused }),
  };
}

function inputTool(kept: KeptProcesses): Tool {
  return {
    name: 'shell_input',
    description:
      'Waits for a process that shell left running and gives its new output; can write to it or end it.',
    inputSchema: {
      type: 'object',
      properties: {
        process: { type: 'string' },
        input: { type: 'string', description: 'Written to stdin as it is' },
        end: { type: 'string', enum: ['stdin', 'interrupt', 'kill'] },
        wait_ms: { type: 'integer', description: 'Default 10000; 1000 with input' },
      },
      required: ['process'],
      additionalProperties: false,
    },
    // As above.
    run: (args, context) => continueProcess(args as unknown as InputArgs, context, kept),
  };
}
