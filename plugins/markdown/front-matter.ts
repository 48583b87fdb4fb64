/** Markdown files that begin with front matter: a block of YAML between two lines of `---`. */

/** What is wrong with a file, and in which line, from 1. */
export interface Fault {
  readonly line: number;
  readonly reason: string;
}

/** A file in its two parts. */
export interface FrontMatter {
  readonly values: Readonly<Record<string, unknown>>;
  /** What follows, without empty lines around it. */
  readonly body: string;
  /** The line in which a key stands, from 1; the first of the block when it is not there. */
  readonly lineOf: (key: string) => number;
}

/** Whether reading came to a fault. */
export const isFault = <T extends object>(read: T): read is Extract<T, Fault> => 'reason' in read;

/** Takes a file apart. With `optional` a file without front matter is all body. */
export async function readFrontMatter(
  text: string,
  { optional = false }: { readonly optional?: boolean } = {},
): Promise<FrontMatter | Fault> {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const isMarked = lines[0]?.trimEnd() === '---';
  if (!isMarked && optional) return { values: {}, body: text.trim(), lineOf: () => 1 };
  if (!isMarked)
    return { line: 1, reason: 'expected front matter, which begins with a line of three dashes' };
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === '---');
  if (end < 0)
    return { line: 1, reason: 'the front matter has no end: expected a line of three dashes' };
  const block = lines.slice(1, end);
  const values = await parseBlock(block.join('\n'));
  if (isFault(values)) return values;
  const lineOf = (key: string) => block.findIndex((line) => line.startsWith(`${key}:`)) + 2;
  const body = lines
    .slice(end + 1)
    .join('\n')
    .trim();
  return { values, body, lineOf: (key) => Math.max(lineOf(key), 2) };
}

/** The parser is loaded when there is something to parse. */
async function parseBlock(block: string): Promise<FrontMatter['values'] | Fault> {
  if (block.trim() === '') return {};
  const { load } = await import('js-yaml');
  let data: unknown;
  try {
    // Aliases can make a small file endless.
    data = load(block, { maxAliases: 0 });
  } catch (error) {
    return yamlFault(error);
  }
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return { ...data };
  const what = Array.isArray(data) ? 'a list' : typeof data;
  return { line: 2, reason: `expected keys with values as front matter, but it holds ${what}` };
}

function yamlFault(error: unknown): Fault {
  const { reason = String(error), mark } = error as Partial<YamlError>; // js-yaml's YAMLException, all of it optional
  const hint = /bad indentation of a mapping entry|colon|mapping values/i.test(reason)
    ? ' (a text that holds ": " stands in quotes)'
    : '';
  return { line: (mark?.line ?? 0) + 2, reason: `the YAML cannot be read: ${reason}${hint}` };
}

interface YamlError {
  readonly reason: string;
  readonly mark: { readonly line: number };
}
