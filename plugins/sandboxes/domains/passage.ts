/** How a sandbox learns that a command has a way out. */

/** A variable of the environment, taken out before the command gets it: the path of a Unix socket, `\n`, a token. */
export const passage = 'SPINDLE_PASSAGE';

/** The way out that a command has, as what is to be connected for it, and its environment without the variable. */
export function passageIn(env: Readonly<Record<string, string>>) {
  const { [passage]: value, ...rest } = env;
  return { env: rest, ...(value === undefined ? {} : { descriptor: `unix:${value}\n` }) };
}
