import { KernelError } from '../../../core/index.ts';
import type { Effects, Process, SpawnRequest } from '../../../core/index.ts';

/** Characters of what ripgrep found that are kept; it is ended when there is more. */
const maxFound = 20_000;
const maxErrors = 2000;
const timeoutMs = 60_000;

/** What ripgrep said. `code` is null when it was ended. */
export interface Found {
  /** Whole lines. */
  readonly text: string;
  readonly errors: string;
  readonly code: number | null;
  /** There is more than `text`. */
  readonly isCut: boolean;
  readonly timedOut: boolean;
}

/** Runs the first of `programs` that there is. Throws `not_found` when there is none, `aborted` when interrupted. */
export async function runRipgrep(
  args: readonly string[],
  programs: readonly string[],
  { effects, signal }: { readonly effects: Effects; readonly signal: AbortSignal },
): Promise<Found> {
  let found = '';
  let errors = '';
  const { promise: full, resolve } = Promise.withResolvers<void>();
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const onOutput: SpawnRequest['onOutput'] = (chunk, stream) => {
    const text = decoders[stream].decode(chunk, { stream: true });
    if (stream === 'stderr') errors = (errors + text).slice(0, maxErrors);
    else if (found.length <= maxFound) found += text;
    if (found.length > maxFound) resolve();
  };
  const child = await start(args, programs, { effects, request: { onOutput, signal, timeoutMs } });
  await Promise.race([child.exited, full]);
  child.kill();
  const { code, timedOut } = await child.exited;
  if (signal.aborted) throw new KernelError('aborted', 'the search was interrupted');
  const isCut = found.length > maxFound;
  return { text: isCut ? wholeLines(found) : found, errors, code, isCut, timedOut };
}

async function start(
  args: readonly string[],
  programs: readonly string[],
  { effects, request }: { readonly effects: Effects; readonly request: Omit<SpawnRequest, 'argv'> },
): Promise<Process> {
  for (const program of programs) {
    try {
      return await effects.spawn({ ...request, argv: [program, ...args] });
    } catch (error) {
      if (!(error instanceof KernelError) || error.code !== 'not_found') throw error;
    }
  }
  const tried = programs.join(' and ');
  throw new KernelError(
    'not_found',
    `expected ripgrep to search with, but found none (tried ${tried}): use grep -rn through shell, or tell the user to install ripgrep`,
  );
}

function wholeLines(text: string): string {
  const kept = text.slice(0, maxFound);
  const end = kept.lastIndexOf('\n');
  return end === -1 ? `${kept}…\n` : kept.slice(0, end + 1);
}
