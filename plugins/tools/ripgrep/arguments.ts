/** Arguments of `search`, as its schema has them; models write null for what they leave out. */
export interface SearchArgs {
  readonly pattern?: string | null;
  readonly path?: string | null;
  readonly glob?: string | null;
  readonly files?: boolean | null;
  readonly context?: number | null;
}

/** Version control's own folders, and files that hold secrets; a `glob` that names the latter brings them back. */
const leftOut = ['!.git', '!.hg', '!.svn', '!.jj', '!.env'];

/** Searched with hidden files, which are configuration more often than clutter; what .gitignore names is left out. */
const always = ['--no-config', '--color=never', '--hidden', '--no-require-git', '--sort=path'];

/**
 * The command line of ripgrep after its name. Whatever the model wrote stands behind `=` or `--`, so none of it is taken
 * for an option. `literal`: the pattern is a plain text.
 */
export function ripgrepArguments(
  args: SearchArgs,
  { literal }: { readonly literal: boolean },
): readonly string[] {
  const { pattern, glob, path } = args;
  const globs = [...leftOut, ...(glob == null ? [] : [glob])].map((one) => `--glob=${one}`);
  const place = ['--', path ?? '.'];
  if (pattern == null || pattern === '') return [...always, ...globs, '--files', ...place];
  const how = args.files === true ? ['--files-with-matches'] : lineOptions(args.context ?? 0);
  const engine = literal ? ['--fixed-strings'] : ['--engine=auto', ...multiline(pattern)];
  return [...always, ...globs, ...how, ...engine, `--regexp=${pattern}`, ...place];
}

function lineOptions(context: number): readonly string[] {
  const around = context > 0 ? [`--context=${context}`] : [];
  return [
    '--heading',
    '--with-filename',
    '--line-number',
    '--max-columns=400',
    '--max-columns-preview',
    ...around,
  ];
}

function multiline(pattern: string): readonly string[] {
  return /\n|\\n/u.test(pattern) ? ['--multiline'] : [];
}
