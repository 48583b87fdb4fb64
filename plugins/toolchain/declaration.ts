/** What a repository declares, as data. */
export interface ToolchainOptions {
  /** Tools for the model, by name. */
  readonly tools?: Readonly<Record<string, DeclaredTool>>;
  /** Run in this order after edits. */
  readonly checks?: readonly DeclaredCheck[];
}

/** What tools and checks have in common. */
export interface DeclaredCommand {
  /**
   * Program and arguments; no shell is put between. `{name}` stands for an argument and is always one element of its
   * own or a part of one; an element whose argument is not given is left out. `{{` and `}}` are braces.
   */
  readonly argv: readonly [string, ...string[]];
  /** Relative to the workspace, which is the default. */
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** It is ended after this time; default 300,000 for a tool, 120,000 for a check. */
  readonly timeoutMs?: number;
}

/** A command that the model may call. */
export interface DeclaredTool extends DeclaredCommand {
  readonly description: string;
  readonly arguments?: Readonly<Record<string, DeclaredArgument>>;
  /** It changes nothing, so that it may run beside others. */
  readonly readOnly?: boolean;
}

/** An argument of a tool. An `array` is one of strings, and stands alone in its element, once for each of them. */
export interface DeclaredArgument {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array';
  readonly description?: string;
  readonly required?: boolean;
  /** The only values of a string. */
  readonly values?: readonly string[];
  /** What stands for a boolean that is true; it stands alone in its element. */
  readonly flag?: string;
  /**
   * Whether a value may begin with `-` where an element begins with it and no `--` stands before: the program would
   * take it for an option. Default: refused.
   */
  readonly mayBeOption?: boolean;
}

/** A command that runs after edits; its output is appended to the result of the edit. */
export interface DeclaredCheck extends DeclaredCommand {
  readonly name: string;
  /**
   * Globs of edited files, relative to the workspace; one without `/` means any folder, one with `!` in front leaves
   * out. Default: any file. In `argv`, `{files}` stands for the edited files that match and are still there.
   */
  readonly when?: readonly string[];
  /** Whether the checks behind it run when it fails; default `continue`. */
  readonly onFailure?: 'continue' | 'stop';
  /** It may rewrite `{files}`, as a formatter does: the model is told which ones it did. */
  readonly rewrites?: boolean;
}

/** The schema of ToolchainOptions; loads zod. */
export async function toolchainSchema() {
  const { z } = await import('zod');
  const command = {
    argv: z.tuple([z.string().min(1)], z.string()),
    cwd: z.string().optional(),
    env: z.record(z.string(), z.string()).optional(),
    timeoutMs: z.int().positive().optional(),
  };
  const argument = z.strictObject({
    type: z.enum(['string', 'integer', 'number', 'boolean', 'array']),
    description: z.string().optional(),
    required: z.boolean().optional(),
    values: z.array(z.string()).optional(),
    flag: z.string().optional(),
    mayBeOption: z.boolean().optional(),
  });
  const tool = z.strictObject({
    description: z.string().min(1),
    ...command,
    arguments: z.record(z.string(), argument).optional(),
    readOnly: z.boolean().optional(),
  });
  const check = z.strictObject({
    name: z.string().min(1),
    ...command,
    when: z.array(z.string()).nonempty().optional(),
    onFailure: z.enum(['continue', 'stop']).optional(),
    rewrites: z.boolean().optional(),
  });
  return z.strictObject({
    tools: z.record(z.string(), tool).optional(),
    checks: z.array(check).optional(),
  });
}
