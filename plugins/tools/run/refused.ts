/** Commands that the sandbox seems to have refused: what they are told, and that they may be asked for once more. */

interface Sign {
  readonly pattern: RegExp;
  /** What was refused, and what of the configuration would allow it. */
  readonly why: string;
}

/** What programs print when the sandbox is in their way; it prints the same when something else is. */
const signs: readonly Sign[] = [
  {
    pattern:
      /Could not resolve host|Temporary failure in name resolution|Name or service not known|Network is unreachable|EAI_AGAIN|ENOTFOUND|ENETUNREACH|CONNECT tunnel failed/,
    why: 'the network is off (one host: the rule {"action":"allow","domain":"HOST"}; all: network: true)',
  },
  {
    pattern: /ptrace[^\n]*(?:Operation not permitted|not allowed)/i,
    why: 'tracing is off (plugins.bubblewrap.options.ptrace: true)',
  },
  {
    pattern:
      /(?:socket|AF_UNIX|\.sock|daemon|listen|connect)[^\n]*(?:Operation not permitted|EPERM)|(?:EPERM|Operation not permitted)[^\n]*(?:socket|AF_UNIX|\.sock|listen|connect)|(?:socket|forkserver|multiprocessing)[\s\S]*PermissionError: \[Errno 1\]/i,
    why: 'Unix sockets are off (plugins.bubblewrap.options.unixSockets: true)',
  },
  {
    pattern: /Read-only file system|EROFS/,
    why: 'it is read-only (a folder: --add-dir DIR or roots)',
  },
];

/** What the sandbox may have refused, by what a command printed. */
export function refusalIn(text: string): string | undefined {
  return signs.find(({ pattern }) => pattern.test(text))?.why;
}

const maxCommands = 200;

/** The commands of threads that may be asked for outside the sandbox, each once. */
export class RefusedCommands {
  readonly #keys = new Set<string>();

  /** Takes note of one. */
  add(thread: string, command: string): void {
    this.#keys.add(JSON.stringify([thread, command]));
    const [oldest] = this.#keys;
    if (this.#keys.size > maxCommands && oldest !== undefined) this.#keys.delete(oldest);
  }

  /** Whether it was refused, and not asked for since. */
  take(thread: string, command: string): boolean {
    return this.#keys.delete(JSON.stringify([thread, command]));
  }
}
