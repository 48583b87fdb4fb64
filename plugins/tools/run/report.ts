import type { Exit } from '../../../core/index.ts';

/** The duration of a command that ran at least so long is told. */
const longMs = 5000;

/** A time for people and models: `350 ms`, `12.3 s`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** How a process ended, in brackets, for the end of its output; empty for a quick success unless `always`. */
export function ending(
  exit: Exit,
  { interrupted, always }: { readonly interrupted?: boolean; readonly always?: boolean } = {},
): string {
  const after = `after ${duration(exit.durationMs)}`;
  if (interrupted === true) return `[interrupted by the user ${after}]`;
  if (exit.timedOut) return `[timed out ${after} and was killed]`;
  if (exit.signal !== null) return `[killed by ${exit.signal} ${after}]`;
  const parts = [
    ...(exit.code === 0 && always !== true ? [] : [`exit code ${exit.code ?? 'unknown'}`]),
    ...(exit.durationMs < longMs ? [] : [`took ${duration(exit.durationMs)}`]),
  ];
  return parts.length === 0 ? '' : `[${parts.join(', ')}]`;
}

/** Output and what is said of it, each on lines of its own. */
export function joined(output: string, note: string): string {
  if (output === '') return note === '' ? '[no output]' : note;
  if (note === '') return output;
  return output.endsWith('\n') ? output + note : `${output}\n${note}`;
}
