/** Commands as lines of words: clients of the known protocol split them as a POSIX shell does. */

/** Anything by which a shell would do more than run these words. */
const shellMark = /[|&;<>()$`\\"'*?[\]{}#~\n]/u;

/** Whether a script is nothing but words. */
export const isWords = (script: string) => !shellMark.test(script);

/** A script that is more than words stands as what bash is given; clients show it without the `bash -c`. */
export function commandLine(script: string): string {
  return isWords(script) ? script : `bash -c '${script.replaceAll("'", String.raw`'\''`)}'`;
}
