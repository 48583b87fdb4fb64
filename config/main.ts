/** The program: `spindle`. */

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { asKernelError, type ErrorCode, KernelError } from '../core/errors.ts';
import { type Parsed, parseArgs } from './args.ts';
import { codexLayers, flagLayers, frontEndArgv } from './flag-layers.ts';
import { type Configuration, loadConfig, loadManaged } from './load.ts';
import { leftOutBy } from './managed-flags.ts';
import { pathsOf } from './paths.ts';
import { printTo } from './print.ts';
import { withoutSecrets } from './redact.ts';
import { listenToSignals } from './signals.ts';
import { readVersion } from './version.ts';

/**
 * Runs the program with the arguments after its name; resolves to the exit code. SIGINT, SIGTERM and SIGHUP end it
 * within a second with 128 and their number.
 */
export async function main(argv: readonly string[]): Promise<number> {
  using signals = listenToSignals((code) => process.exit(code));
  let code: number;
  try {
    code = await run(argv, signals.signal);
  } catch (error) {
    code = signals.signal.aborted ? 1 : await report(asKernelError(error), argv);
  }
  const ended = signals.exitCode();
  // Output that its reader does not take would keep the process for as long as the reader likes.
  if (ended !== undefined) process.exit(ended);
  return code;
}

async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const [first = ''] = argv;
  if (first === '--version' || first === '-V') return tell(readVersion());
  if (argv.length === 0 || first === '--keep') {
    // It reads no configuration; policy that cannot be used closes it as well.
    await loadManaged(pathsOf(process.env));
    const { runDemo } = await import('./demo.ts');
    return runDemo(argv, signal);
  }
  const parsed = isHelp(argv) ? undefined : parseArgs(argv);
  if (parsed !== undefined) return runCommand(parsed, signal);
  const { completionFor, helpFor, parseWithYargs } = await import('./usage.ts');
  if (isHelp(argv)) return tell(await helpFor(first === 'help' ? argv.slice(1) : argv, columns()));
  if (first === '--get-yargs-completions') return tell(await completionFor(argv));
  return runCommand(parseWithYargs(argv), signal);
}

function isHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  return argv[0] === 'help' || flags.includes('--help') || flags.includes('-h');
}

function columns(): number {
  return Math.min(process.stdout.columns ?? 80, 100);
}

async function tell(text: string): Promise<number> {
  await printTo(process.stdout, text);
  return 0;
}

async function runCommand(parsed: Parsed, signal: AbortSignal): Promise<number> {
  const { command, words, rest } = parsed;
  if (command.frontEnd !== undefined) return runFrontEnd(command.frontEnd, parsed, signal);
  const [word = ''] = [...words, ...rest];
  switch (command.name) {
    case 'config show':
    case 'config explain':
      return tell(await showConfiguration(parsed, word));
    case 'config schema': {
      const { configJsonSchema } = await import('./schema.ts');
      return tell(JSON.stringify(await configJsonSchema(), null, 2));
    }
    case 'mcp approve': {
      const { approveServers } = await import('./mcp-approve.ts');
      const configuration = await loadConfig(loadOptions(parsed));
      await tellNotices(configuration);
      const revoke = parsed.flags['revoke'] === true;
      return tell(approveServers(configuration, [...words, ...rest], { revoke }));
    }
    case 'trust':
      return tell(await trust(word, parsed));
    case 'completion': {
      const { completionFor } = await import('./usage.ts');
      return tell(await completionFor(['completion']));
    }
    default:
      throw new KernelError('internal', `nothing runs "spindle ${command.name}"`);
  }
}

async function showConfiguration(parsed: Parsed, key: string): Promise<string> {
  const { explainConfig, showConfig } = await import('./show.ts');
  const configuration = await loadConfig(loadOptions(parsed));
  await tellNotices(configuration);
  const json = parsed.flags['json'] === true;
  return key === ''
    ? showConfig(configuration, { json })
    : explainConfig(configuration, key, { json });
}

async function trust(folder: string, { flags }: Parsed): Promise<string> {
  const { revokeFolder, trustFolder } = await import('./trust-command.ts');
  const paths = pathsOf(process.env);
  await loadManaged(paths);
  const path = absolute(folder === '' ? '.' : folder);
  return flags['revoke'] === true ? revokeFolder(path, paths) : trustFolder(path, paths);
}

async function runFrontEnd(name: string, parsed: Parsed, signal: AbortSignal): Promise<number> {
  const { openFrontEnd } = await import('./front-end.ts');
  await using opened = await openFrontEnd(name, loadOptions(parsed));
  await tellNotices(opened.configuration);
  for (const { error } of opened.failed) {
    await printTo(process.stderr, `spindle: ${await withoutSecrets(error.message)}`);
  }
  const leftOut = leftOutBy(opened.configuration, parsed.flags);
  for (const notice of leftOut.notices) await printTo(process.stderr, `spindle: ${notice}`);
  return await opened.kernel.run(name, frontEndArgv(parsed, leftOut.flags), signal);
}

function loadOptions(parsed: Parsed) {
  const { cd } = parsed.flags;
  const folder = Array.isArray(cd) ? (cd.at(-1) ?? '.') : '.';
  return {
    cwd: absolute(folder.startsWith('~/') ? join(homedir(), folder.slice(2)) : folder),
    env: process.env,
    flags: [...codexLayers(parsed), ...flagLayers(parsed)],
    trust: parsed.flags['trust'] === true,
  };
}

/** Throws `not_found` for a relative one when the folder that it is relative to is gone. */
function absolute(folder: string): string {
  try {
    return resolve(folder);
  } catch (cause) {
    const message = 'expected a folder to work in, but the one that this was started in is gone';
    throw new KernelError('not_found', `${message}: go to another one, or name it with --cd`, {
      cause,
    });
  }
}

async function tellNotices({ notices }: Configuration): Promise<void> {
  for (const { message } of notices) await printTo(process.stderr, `spindle: ${message}`);
}

const exitCodes: Partial<Record<ErrorCode, number>> = {
  invalid: 2,
  not_found: 2,
  model_unreachable: 5,
};

/** Tells of an error before a front end ran, in the form that was asked for. */
async function report(error: KernelError, argv: readonly string[]): Promise<number> {
  const { shown } = await import('../plugins/front-ends/terminal/style.ts');
  const message = await withoutSecrets(error.message);
  await printTo(process.stderr, `spindle: ${message.split('\n').map(shown).join('\n')}`);
  const isCodex = argv.includes('--experimental-json');
  if (isCodex || argv.includes('--json')) {
    await printTo(process.stdout, JSON.stringify({ type: 'error', message }));
  }
  if (isCodex) {
    // The host of Codex's SDK dies of a pipe that breaks while it writes the prompt.
    const { drainStdin } = await import('../plugins/front-ends/exec/input.ts');
    try {
      await drainStdin(AbortSignal.timeout(5000));
    } catch {
      // It has waited long enough.
    }
  }
  return exitCodes[error.code] ?? 1;
}
