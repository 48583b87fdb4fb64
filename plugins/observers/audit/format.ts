/** The format of the audit log; docs/audit.md describes it. */

/** One line: its number since the log began, its time in ms since 1970, the SHA-256 of the line before it. */
export interface Line {
  readonly n: number;
  readonly at: number;
  /** In hex, of the text without its line end; the very first line has none. */
  readonly prev?: string;
  readonly type: string;
  readonly [key: string]: unknown;
}

/** Where the log ends: kept beside it, so that an end that was cut off is found. */
export interface Head {
  readonly file: string;
  readonly n: number;
  readonly hash: string;
}

/** The format that this program writes. */
export const auditVersion = 1;

export const headName = 'head.json';

/** The files of a log by their names, oldest first. */
export function logNames(names: readonly string[]): readonly string[] {
  return names.filter((name) => /^\d{4}-\d\d\.jsonl$/.test(name)).toSorted();
}

/** Loads with the first use: a start needs none of it. */
const crypto = () => process.getBuiltinModule('node:crypto');

/** SHA-256 in hex. */
export function sha256(data: string | Uint8Array): string {
  return crypto().hash('sha256', data);
}

/** Tells one log, or one file of it, from another. */
export function randomId(): string {
  return crypto().randomUUID();
}

/** A line by its text; `undefined` when it is none. */
export function parseLine(text: string): Line | undefined {
  const data = parse(text);
  const isLine = typeof data?.['n'] === 'number' && typeof data['type'] === 'string';
  return isLine ? (data as unknown as Line) : undefined; // the rest is as this program wrote it
}

/** A head by its text; `undefined` when it is none. */
export function parseHead(text: string): Head | undefined {
  const { file, n, hash } = parse(text) ?? {};
  if (typeof file !== 'string' || typeof n !== 'number' || typeof hash !== 'string')
    return undefined;
  return { file, n, hash };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null ? { ...data } : undefined;
  } catch {
    return undefined;
  }
}
