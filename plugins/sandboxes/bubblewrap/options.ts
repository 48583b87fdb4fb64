/** What can be set about bubblewrap, by the user and the managed layer. */

/** All of it optional; sizes are bytes. */
export interface BubblewrapOptions {
  /** Path of bwrap; default: the first on PATH that is not below the working folder. */
  readonly program?: string;
  /** Names below the home folder that commands may read, beside the known tool folders. */
  readonly homeFolders?: readonly string[];
  /** Folders that commands may read wherever they lie, absolute; from the program, not from a configuration. */
  readonly readable?: readonly string[];
  /** Names in each writable root that are held beside the known ones. */
  readonly held?: readonly string[];
  /** Allows Unix sockets; /run, the home folder and /tmp stay hidden. Default: only connected pairs. */
  readonly unixSockets?: boolean;
  /** Allows debuggers and tracers, of processes in the same sandbox. Default: not. */
  readonly ptrace?: boolean;
  /** Of /tmp, /var/tmp, /dev/shm and the home folder each; default: 2 GiB. */
  readonly tmpBytes?: number;
  /** Processes and threads in one sandbox; default: 4,096. */
  readonly processes?: number;
  /** Data of each process, as RLIMIT_DATA counts it; default: not limited. */
  readonly memoryBytes?: number;
}

/** The schema of BubblewrapOptions. */
export async function bubblewrapOptions() {
  const { z } = await import('zod');
  const name = z.string().regex(/^(?!\.\.?(\/|$))[^/]/, 'a relative path without ..');
  return z.strictObject({
    program: z.string().startsWith('/').optional().describe('path of bwrap'),
    homeFolders: z.array(name).optional().describe('names below the home folder to show'),
    held: z.array(name).optional().describe('names in each root that stay read-only'),
    unixSockets: z.boolean().optional().describe('allow Unix sockets'),
    ptrace: z.boolean().optional().describe('allow debuggers'),
    tmpBytes: z.int().positive().optional().describe('size of /tmp'),
    processes: z.int().min(301).optional().describe('processes in one sandbox'),
    memoryBytes: z.int().positive().optional().describe('data of each process'),
  });
}
