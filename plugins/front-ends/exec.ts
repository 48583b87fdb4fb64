import { frontEnds, KernelError, messageOf } from '../../core/index.ts';
import type { Client, NoticeItem, Plugin } from '../../core/index.ts';
import { exitCodeOfSignal } from './command-line/run.ts';
import { deliver } from './exec/deliver.ts';
import { eventReporter } from './exec/events.ts';
import { filesByEffects, type UserFiles } from './exec/files.ts';
import { drainStdin, readInput, type ExecInput } from './exec/input.ts';
import { exitCodes } from './exec/outcome.ts';
import { progressReporter } from './exec/progress.ts';
import type { Reporter } from './exec/reporter.ts';
import { readRequest, type ExecRequest } from './exec/request.ts';
import { openThread, runTurn } from './exec/run.ts';
import { openOutput, type Output } from './terminal/output.ts';
import { shown, styleOf, wantsColour } from './terminal/style.ts';

/** Options of `exec`, given by the program that it is part of. */
export interface ExecOptions {
  /** Where relative paths of flags are taken from; default: the process's folder. */
  readonly cwd?: string;
  /** The folder to work in as a real path, whatever `--cd` says; default: `cwd`. */
  readonly folder?: string;
  /** The user's files named by flags; default: effects of this plugin, which the gate judges. */
  readonly files?: UserFiles;
  /** What flags that the program has read itself say of the thread: they count for a resumed one too. */
  readonly settings?: ExecRequest['settings'];
  /** Why no turn can run here, such as that no model is configured. */
  readonly unavailable?: string | undefined;
}

/**
 * `spindle exec "prompt"` runs one turn: its answer on stdout, progress on stderr, or with `--json` events on stdout.
 * docs/exec.md has the flags, events and exit codes.
 */
export default function exec(config: ExecOptions = {}): Plugin {
  return {
    name: 'exec',
    api: 1,
    setup(host) {
      const files = config.files ?? filesByEffects(host.effects);
      host.add(frontEnds, {
        name: 'exec',
        description: 'Runs one turn without a person: exec "what to do"',
        run: async (client, argv, signal) => {
          await using stdout = openOutput(process.stdout, signal);
          await using stderr = openOutput(process.stderr, signal);
          // Not without await: the outputs would be flushed and let go first.
          return await run(argv, { ...config, files, client, signal, stdout, stderr });
        },
      });
    },
  };
}

interface Context extends ExecOptions {
  readonly files: UserFiles;
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly stdout: Output;
  readonly stderr: Output;
}

async function run(argv: readonly string[], context: Context): Promise<number> {
  const { signal, stderr, cwd = process.cwd(), folder } = context;
  let request: ExecRequest;
  try {
    request = readRequest(argv, { cwd, folder });
  } catch (error) {
    await stderr.write(`spindle exec: ${shown(messageOf(error))}\n`);
    // The host of Codex's SDK dies of a pipe that breaks while it writes the prompt.
    if (argv.includes('--experimental-json')) await drainStdin(signal).catch(() => {});
    return exitCodes.usage;
  }
  const settings = { ...context.settings, ...request.settings };
  const reporter = reporterOf(request, context);
  return runRequest({ ...request, settings }, reporter, context);
}

function reporterOf({ format, deltas }: ExecRequest, { stdout, stderr }: Context): Reporter {
  if (format !== 'text')
    return eventReporter({ output: stdout, deltas, tellsInterrupt: format !== 'codex' });
  const style = styleOf(wantsColour(process.stderr, process.env));
  return progressReporter({ output: stderr, style });
}

async function runRequest(
  request: ExecRequest,
  reporter: Reporter,
  context: Context,
): Promise<number> {
  const { stdout, stderr } = context;
  // A reader of events that left wants no more of the turn.
  const signal = AbortSignal.any([context.signal, stdout.gone]);
  const fail = async (error: unknown, code: number) => {
    if (context.signal.aborted) return exitCodeOfSignal(context.signal);
    if (stdout.gone.aborted) return code;
    await reporter.failed(messageOf(error));
    if (request.format !== 'text') await stderr.write(`spindle exec: ${shown(messageOf(error))}\n`);
    return code;
  };
  let input: ExecInput;
  try {
    input = await readInput(request, { ...context, signal });
  } catch (error) {
    return fail(error, exitCodes.usage);
  }
  try {
    if (context.unavailable !== undefined)
      throw new KernelError('model_config', context.unavailable);
    return await runInput(input, request, { ...context, reporter, signal });
  } catch (error) {
    return fail(error, exitCodes.failed);
  }
}

async function runInput(
  input: ExecInput,
  request: ExecRequest,
  context: Context & { readonly reporter: Reporter },
): Promise<number> {
  const { client, reporter, folder, cwd = process.cwd() } = context;
  const place = { ...context, cwd: folder ?? request.settings.cwd ?? cwd };
  const thread = await openThread(request, place);
  try {
    await reporter.started(thread);
    for (const notice of request.notices) await reporter.notice(notice);
    using _noticed = await tellNotices(client, reporter);
    const outcome = await runTurn(thread, request, { input, context: place });
    await reporter.ended(outcome);
    return await deliver(outcome, request, context);
  } finally {
    // Ends what the turn left running. A store that failed has been told of.
    await client.request('thread/close', { thread: thread.id }).catch(() => {});
  }
}

/** Tells what is noticed beside threads, such as a plugin that did not start: what was so far, and until disposed. */
async function tellNotices(client: Client, reporter: Reporter): Promise<Disposable> {
  const tell = async ({ level, plugin, message }: NoticeItem) => {
    const text = message.startsWith(`plugin ${plugin} `) ? message : `${plugin}: ${message}`;
    if (level !== 'info') await reporter.notice(text);
  };
  const { notices } = await client.request('kernel/describe', {});
  for (const notice of notices) await tell(notice);
  return client.listen((event) => {
    if (event.type === 'notice') void tell(event.notice);
  });
}
